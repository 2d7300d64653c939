"""Read copies of what others own: full states, replaced only by newer versions, marked when deleted."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from shared.contracts.base import State
from shared.db.columns import UtcDateTime, big_key
from shared.db.session import Session
from shared.db.upsert import keep_newest
from shared.messaging.registry import Record

Columns = Callable[[Record[Any]], dict[str, Any]]


class KnownColumns(SQLModel):
    """One aggregate of one EPCI as last heard; a deleted one stays, so that no older record revives it."""

    home_epci: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int = Field(sa_type=big_key)
    deleted: bool = False
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(sa_type=Text)


def known_row(record: Record[State]) -> dict[str, Any]:
    """Return the columns of ``KnownColumns`` for a record; on a tombstone the state is empty."""
    return {
        "home_epci": record.epci,
        "id": record.id,
        "version": record.version,
        "deleted": record.state is None,
        "occurred_at": record.time,
        "state": "" if record.state is None else record.state.model_dump_json(),
    }


async def keep_known(
    session: Session, table: type[KnownColumns], records: Sequence[Record[Any]], *, more: Columns | None = None
) -> None:
    """Hold the newest state of each record; ``more`` adds the columns which a table has besides.

    Of several records of one aggregate only the newest is written.
    """
    newest: dict[tuple[str, UUID], Record[Any]] = {}
    for record in records:
        kept = newest.get((record.epci, record.id))
        if kept is None or record.version > kept.version:
            newest[record.epci, record.id] = record
    rows = [known_row(record) | (more(record) if more else {}) for record in newest.values()]
    await keep_newest(session, table, rows, key=("home_epci", "id"))


def state_of(row: KnownColumns) -> dict[str, Any]:
    """Return the state of a copy as JSON values."""
    state: dict[str, Any] = json.loads(row.state) if row.state else {}
    return state
