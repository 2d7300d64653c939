"""Sessions as everyone names them, and what they carry: who this instance is, and whom to wake after a commit."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

Session = AsyncSession

_ORIGIN = "origin"
_AFTER_COMMIT = "after_commit"
_WORK = "work"


@dataclass(frozen=True)
class Origin:
    """Who speaks: the EPCI, its service, the incarnation of this database, the address and name of the instance."""

    epci: str
    service: str
    instance: UUID
    base_url: str
    name: str = ""
    tells: bool = True
    """Whether what happens here is news: a copy made anew repeats what was counted and told before."""


def give_origin(session: Session, origin: Origin) -> None:
    """Attach ``origin`` to a new session; done once, by the database that opens it."""
    session.info[_ORIGIN] = origin


def origin_of(session: Session) -> Origin:
    """Return who speaks through this session."""
    origin = session.info[_ORIGIN]
    assert isinstance(origin, Origin)  # noqa: S101 - narrows the untyped store of SQLAlchemy
    return origin


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Run ``act`` once the transaction is durable; never if it is rolled back."""
    session.info.setdefault(_AFTER_COMMIT, []).append(act)


def leave_work(session: Session) -> None:
    """Say, in a transaction that tells the jobs nothing, that it leaves something for them after all."""
    session.info[_WORK] = True


def leaves_work(session: Session) -> bool:
    """Tell whether a transaction has said so."""
    return bool(session.info.get(_WORK))


def asks_after_commit(session: Session) -> bool:
    """Tell whether something is to be run once the transaction is durable."""
    return bool(session.info.get(_AFTER_COMMIT))


def run_after_commit(session: Session) -> None:
    """Run what was asked for, in order; called by whoever committed."""
    for act in session.info.pop(_AFTER_COMMIT, []):
        act()
