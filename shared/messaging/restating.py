"""Say again what was said: the newest row of each key is kept, sent once more as it was, or under a higher version."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, literal, update
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col, select

from shared.clock import now
from shared.db.session import Session, after_commit, origin_of
from shared.ids import uuid7
from shared.messaging.outbox import OutboxColumns
from shared.messaging.recorder import WAKE_RELAY
from shared.messaging.registry import parse_topic

REPUBLISHED = "ce_republished"
# A fortnight of what was said before, to look into; the newest row of a key stays, for Kafka may have to be refilled.
OLDER = timedelta(days=14)
# Twice as long as readers may be away and still see a deletion.
BURIED = timedelta(days=60)


@dataclass(frozen=True)
class Numbered:
    """Where a service counts the versions of one kind of aggregate, and how it ends one that the log says is gone."""

    table: type[SQLModel]
    key: str = "id"
    version: str = "version"
    bury: Callable[[Session, UUID], Awaitable[None]] | None = None
    derived: bool = False
    """Whether what only the log knows of may go without asking: it follows from something else, or is of no use."""


Aggregates = Mapping[str, Numbered]
"""By the name of the aggregate."""


def is_newest(outbox: type[OutboxColumns]) -> ColumnElement[bool]:
    """Return the condition that no later version of the same key is in the outbox."""
    later = aliased(outbox)
    same_key = (col(later.topic) == col(outbox.topic)) & (col(later.key) == col(outbox.key))
    return ~exists().where(same_key, col(later.aggregate_version) > col(outbox.aggregate_version))


async def forget_superseded(session: Session, outbox: type[OutboxColumns]) -> None:
    """Delete published rows that a later version replaces after 14 days, and tombstones after 60."""
    published, newest = col(outbox.published_at), is_newest(outbox)
    old = (published < now() - OLDER) & ~newest
    buried = (published < now() - BURIED) & newest & col(outbox.payload).is_(None)
    for condition in (old, buried):
        await session.exec(delete(outbox).where(condition).execution_options(synchronize_session=False))


async def republish(session: Session, outbox: type[OutboxColumns], *, since: datetime | None = None) -> int:
    """Let the relay send the newest row of each key once more: same bytes, id and time, marked as said before.

    Args:
        session: an open transaction.
        outbox: the outbox of one service.
        since: only what was published from then on; everything when absent.

    Returns:
        How many rows go again.
    """
    published = col(outbox.published_at)
    wanted = published.is_not(None) & is_newest(outbox)
    if since is not None:
        wanted &= published >= since
    # The headers are a JSON object that is never empty: one more goes in front.
    marked = literal(f'{{"{REPUBLISHED}": "true", ').concat(func.substr(col(outbox.headers), 2))
    unmarked = ~col(outbox.headers).contains(REPUBLISHED, autoescape=True)
    once = {"synchronize_session": False}
    await session.exec(update(outbox).where(wanted, unmarked).values(headers=marked).execution_options(**once))
    done = await session.exec(update(outbox).where(wanted).values(published_at=None).execution_options(**once))
    _wake(session)
    return int(getattr(done, "rowcount", 0))


async def restate(
    session: Session, outbox: type[OutboxColumns], numbered: Numbered, *, aggregate: str, id: UUID, above: int
) -> int | None:
    """Raise an aggregate above a version and say its state again under it, in every topic it is told in.

    Marked as said before, so that no mail leaves because of it. An aggregate that was never told is not raised.

    Args:
        session: an open transaction.
        outbox: the outbox of the service.
        numbered: where its versions are counted.
        aggregate: its kind.
        id: which one.
        above: the highest version that anybody may have seen.

    Returns:
        The new version; ``None`` when the service has said nothing of it that it still keeps.
    """
    rows = [row for row in await newest_of(session, outbox, key=str(id)) if _aggregate(row) == aggregate]
    if not rows:
        return None
    here = getattr(numbered.table, numbered.key) == id
    held = (await session.exec(select(getattr(numbered.table, numbered.version)).where(here))).first() or 0
    version = max(above, held, *(row.aggregate_version for row in rows)) + 1
    await session.exec(update(numbered.table).where(here).values({numbered.version: version}))
    for row in rows:
        session.add(_again(session, outbox, row, version=version))
    _wake(session)
    return version


async def newest_of(session: Session, outbox: type[OutboxColumns], *, key: str) -> Sequence[OutboxColumns]:
    """Return the newest row of a key in each of its topics."""
    return (await session.exec(select(outbox).where(col(outbox.key) == key, is_newest(outbox)))).all()


async def bury_stranger(
    session: Session, outbox: type[OutboxColumns], *, topic: str, headers: Mapping[str, str], version: int
) -> None:
    """Say that what only the log knows of is gone: a tombstone above its version, in its topic.

    Args:
        session: an open transaction.
        outbox: the outbox of the service.
        topic: where it was told.
        headers: those of its last record.
        version: that of its last record.
    """
    key = headers["ce_subject"]
    told = _renewed(session, headers, version=version + 1)
    told.pop("content-type", None)
    session.add(_row(outbox, topic=topic, key=key, headers=told, version=version + 1, payload=None))
    _wake(session)


def _again(session: Session, outbox: type[OutboxColumns], row: OutboxColumns, *, version: int) -> OutboxColumns:
    headers = _renewed(session, json.loads(row.headers), version=version)
    payload = row.payload
    if payload is not None:
        state: dict[str, Any] = json.loads(payload) | {"version": version, "changed": []}
        payload = json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()
    return _row(outbox, topic=row.topic, key=row.key, headers=headers, version=version, payload=payload)


def _renewed(session: Session, headers: Mapping[str, str], *, version: int) -> dict[str, str]:
    occurred = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fresh = {"ce_id": str(uuid7()), "ce_time": occurred, "ce_sequence": f"{version:012d}"}
    return {**headers, **fresh, "ce_instance": str(origin_of(session).instance), REPUBLISHED: "true"}


def _row(
    outbox: type[OutboxColumns], *, topic: str, key: str, headers: dict[str, str], version: int, payload: bytes | None
) -> OutboxColumns:
    return outbox(
        message_id=UUID(headers["ce_id"]),
        topic=topic,
        key=key,
        aggregate_version=version,
        type=headers["ce_type"],
        headers=json.dumps(headers),
        payload=payload,
        occurred_at=now(),
    )


def _aggregate(row: OutboxColumns) -> str:
    topic = parse_topic(row.topic)
    return topic.aggregate if topic else ""


def _wake(session: Session) -> None:
    wake = session.info.get(WAKE_RELAY)
    if wake is not None:
        after_commit(session, wake)
