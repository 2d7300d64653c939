"""What every row that callers change by version has in common: the version they have seen, the next one."""

from datetime import datetime
from typing import Any, Protocol

from shared.clock import now
from shared.db.session import Session
from shared.errors import StaleVersion
from shared.identity.access import Scope
from shared.ids import uuid7


class Versioned(Protocol):
    """A row of this service that counts its changes."""

    version: int


class Dated(Versioned, Protocol):
    """The same, and tells when it last changed."""

    updated_at: datetime


def first_of(scope: Scope) -> dict[str, Any]:
    """Return what a new row of this EPCI begins with: its id, whose it is, since when."""
    instant = now()
    return {"id": uuid7(), "home_epci": scope.epci, "created_at": instant, "updated_at": instant}


def require_seen(row: Versioned, version: int | None, *, sentence: str) -> None:
    """Return if the caller has seen the last version.

    Raises:
        StaleVersion: the row changed after ``version``; says so in this sentence.
    """
    if row.version != version:
        raise StaleVersion(sentence, current=row.version)


async def raise_version(session: Session, row: Dated) -> None:
    """Count a change, and write it: numbering of messages must follow versions."""
    row.version += 1
    row.updated_at = now()
    await session.flush()
