"""The moment of a rebuild: live rows give way to those of the twin, in one transaction that nobody writes beside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import (
    ColumnElement,
    MetaData,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import FromClause

from shared.clock import now
from shared.db.engine import Database
from shared.db.scratch import as_lived_in, attach, in_twin
from shared.db.upsert import insert_at
from shared.messaging.delivery import group_of
from shared.messaging.inbox import MessageTables
from shared.messaging.known import Projection
from shared.messaging.registry import Consumers

KEY = ("home_epci", "id")


@dataclass(frozen=True)
class Subject:
    """The service whose projections are made anew."""

    epci: str
    service: str
    database: Database
    metadata: MetaData
    tables: MessageTables
    consumers: Consumers
    projections: Sequence[Projection]
    members: Collection[str]


@dataclass(frozen=True)
class Exchanged:
    """One table: its rows before and after, how many were missing or read otherwise, how many had no right to be."""

    table: str
    before: int
    after: int
    different: int
    ghosts: int
    digest: str
    """SHA-256 over the rows as they are now, in order of their keys."""


async def exchange(subject: Subject, positions: Mapping[str, int], ends: Mapping[str, int]) -> list[Exchanged] | None:
    """Replace the rows of the projections by those of the twin; ``None`` when the live tables know more than it.

    Args:
        subject: the service.
        positions: the next offset of each topic that the twin has not applied.
        ends: the ends of the topics; a live position beyond them is of a log that is gone.

    Raises:
        DBAPIError: somebody else holds the tables; nothing changed.
    """
    # A pool of its own: a connection of SQLite keeps what is attached to it.
    async with Database(subject.database.url) as database, database.connection() as connection:
        await attach(subject.database, connection)
        await _alone_at(connection, subject)
        if await _is_ahead(connection, subject, positions, ends):
            return None
        found = [await _exchange_table(connection, one) for one in subject.projections]
        await _raise_positions(connection, subject, positions)
        return found


async def _alone_at(connection: AsyncConnection, subject: Subject) -> None:
    """Let nobody write to these tables until the end; on SQLite nobody can already."""
    if subject.database.is_sqlite:
        return
    names = [_table(one).name for one in subject.projections] + [_positions(subject).name]
    # Without waiting: whoever writes holds one of them and wants the next.
    await connection.execute(text(f"LOCK TABLE {', '.join(sorted(names))} IN SHARE ROW EXCLUSIVE MODE NOWAIT"))


async def _is_ahead(
    connection: AsyncConnection, subject: Subject, positions: Mapping[str, int], ends: Mapping[str, int]
) -> bool:
    table = _positions(subject)
    group = group_of(subject.epci, subject.service, "projector")
    stored = select(table.c.topic, table.c.next_offset).where(table.c.group == group)
    live = {topic: offset for topic, offset in await connection.execute(stored) if topic in positions}
    return any(positions[topic] < min(offset, ends.get(topic, 0)) for topic, offset in live.items())


async def _exchange_table(connection: AsyncConnection, projection: Projection) -> Exchanged:
    built = in_twin(_table(projection))
    live = await as_lived_in(connection, _table(projection))
    if projection.emptied is not None:
        await _keep_emptied(connection, live, built, projection.emptied(live))
    before, ghosts = await _count(connection, live), await _count(connection, live, ~_is_in(live, built))
    different = await _count(connection, built, ~_is_in(built, live, whole=True))
    if ghosts or different:
        await connection.execute(delete(live).where(~_is_in(live, built, whole=True)))
        await connection.execute(insert(live).from_select(list(live.c.keys()), _missing(built, live)))
    after = await _count(connection, live)
    return Exchanged(live.name, before, after, different, ghosts, await _digest(connection, live))


async def _keep_emptied(connection: AsyncConnection, live: Table, built: Table, emptied: ColumnElement[bool]) -> None:
    """Put into the twin what was emptied of a person: the topics may hold her still."""
    same = and_(*(live.c[name] == built.c[name] for name in (*KEY, "version")))
    await connection.execute(delete(built).where(exists().where(same, emptied)))
    rows = select(live).where(emptied, ~_is_in(live, built))
    await connection.execute(insert(built).from_select(list(live.c.keys()), rows))


def _missing(built: Table, live: Table) -> FromClause:
    return select(built).where(~_is_in(built, live))  # type: ignore[return-value]


def _is_in(row: Table, other: Table, *, whole: bool = False) -> ColumnElement[bool]:
    """Return the condition that the other table has a row of this key, or the very same row."""
    names = [*KEY]
    equal = [row.c[name] == other.c[name] for name in names]
    if whole:
        equal += [one.is_not_distinct_from(other.c[name]) for name, one in row.c.items() if name not in names]
    return exists().where(*equal)


async def _count(connection: AsyncConnection, table: Table, *conditions: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(table).where(*conditions)
    return int((await connection.execute(counted)).scalar_one())


async def _digest(connection: AsyncConnection, table: Table) -> str:
    digest = sha256()
    for row in await connection.execute(select(table).order_by(*(table.c[name] for name in KEY))):
        digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


async def _raise_positions(connection: AsyncConnection, subject: Subject, positions: Mapping[str, int]) -> None:
    table, group = _positions(subject), group_of(subject.epci, subject.service, "projector")
    rows = [{"group": group, "topic": topic, "next_offset": end, "moved_at": now()} for topic, end in positions.items()]
    if rows:
        upsert = insert_at(connection)(table)
        # What holds a topic, and what ended processes there, stays noted.
        moved = {name: upsert.excluded[name] for name in ("next_offset", "moved_at")}
        await connection.execute(upsert.on_conflict_do_update(index_elements=["group", "topic"], set_=moved), rows)


def _positions(subject: Subject) -> Table:
    return _as_table(subject.tables.positions)


def _table(projection: Projection) -> Table:
    return _as_table(projection.table)


def _as_table(model: type) -> Table:
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)  # noqa: S101 - SQLModel does not type it
    return table
