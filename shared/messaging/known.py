"""Read copies of what others own: full states, replaced only by newer versions, marked when deleted."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Table, Text, delete
from sqlmodel import Field, SQLModel, col, select

from shared.contracts import CATALOGUE
from shared.contracts.base import State
from shared.db.columns import UtcDateTime, big_key
from shared.db.session import Session, after_commit, origin_of
from shared.db.upsert import keep_newest
from shared.figures import FORGED
from shared.messaging.envelope import Refused
from shared.messaging.registry import Record

log = structlog.get_logger(__name__)

_Key = tuple[str, UUID]
Columns = Callable[[Record[Any]], dict[str, Any]]


class KnownColumns(SQLModel):
    """One aggregate of one EPCI as last heard; a deleted one stays, so that no older record revives it.

    An id names it within its EPCI only: nothing proves who made an id, and which topic is read first is chance.
    """

    home_epci: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True, index=True)
    version: int = Field(sa_type=big_key)
    deleted: bool = False
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(sa_type=Text)


@dataclass(frozen=True)
class Projection:
    """One table that only keepers write, so that it may be made anew from the topics at any time."""

    table: type[KnownColumns]
    emptied: Callable[[Table], ColumnElement[bool]] | None = None
    """Which rows were emptied of a person: the topics may still know her, and these rows stay as they are."""


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

    Of several records of one aggregate only the newest is written. An id that another EPCI tells of too stands beside
    it, under the EPCI that told: it hides nothing, changes nothing, and is counted.

    Raises:
        Refused: a record has a version so far ahead of the one held that no later one would ever count.
    """
    newest = await _newest(session, table, records)
    rows = [known_row(record) | (more(record) if more else {}) for record in newest]
    await keep_newest(session, table, rows, key=("home_epci", "id"))


async def _newest(session: Session, table: type[KnownColumns], records: Sequence[Record[Any]]) -> Sequence[Record[Any]]:
    held = await _held(session, table, {record.id for record in records})
    newest: dict[_Key, Record[Any]] = {}
    for record in records:
        key = record.epci, record.id
        if key not in held:
            _tell_twins(session, record, [home for home, id in held if id == record.id])
        version = held.get(key, record.version)
        if record.version > version + CATALOGUE[record.aggregate].max_jump:
            raise Refused("version_jump", security=True)
        held[key] = max(version, record.version)
        if key not in newest or record.version > newest[key].version:
            newest[key] = record
    return list(newest.values())


async def _held(session: Session, table: type[KnownColumns], ids: set[UUID]) -> dict[_Key, int]:
    """Return the versions that are known of these ids, whoever told of them."""
    statement = select(table.home_epci, table.id, table.version).where(col(table.id).in_(ids))
    return {(home, id): version for home, id, version in (await session.exec(statement)).all()}


def _tell_twins(session: Session, record: Record[Any], homes: Sequence[str]) -> None:
    """Say, once it is kept, that another EPCI told of this id before: one of them made it, the other copied it."""
    origin = origin_of(session)
    told = {"aggregate": record.aggregate, "id": str(record.id), "told_by": record.epci}

    def tell() -> None:
        for home in homes:
            FORGED.labels(origin.epci, origin.service).inc()
            log.warning("id_of_another", **told, known_of=home)

    if homes and origin.tells:
        after_commit(session, tell)


async def forget_home(session: Session, projections: Sequence[Projection], siren: str) -> int:
    """Delete every copy of what one EPCI told; return how many rows."""
    count = 0
    for projection in projections:
        done = await session.exec(delete(projection.table).where(col(projection.table.home_epci) == siren))
        count += int(getattr(done, "rowcount", 0))
    return count


def state_of(row: KnownColumns) -> dict[str, Any]:
    """Return the state of a copy as JSON values."""
    state: dict[str, Any] = json.loads(row.state) if row.state else {}
    return state
