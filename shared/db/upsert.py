"""Guarded upserts: a row is replaced only by a newer version of itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from shared.db.session import Session

Rows = Sequence[Mapping[str, Any]]


async def keep_newest(
    session: Session,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    version: str = "version",
) -> None:
    """Insert ``rows``, or replace those whose stored ``version`` is lower; equal and older ones change nothing.

    Args:
        session: an open transaction.
        table: the table written to.
        rows: complete rows, same columns in each.
        key: columns of the conflict.
        version: column that orders two rows of one key.
    """
    if not rows:
        return
    columns = table.__table__  # type: ignore[attr-defined]
    insert = insert_at(session)(columns)
    changed = {name: insert.excluded[name] for name in rows[0] if name not in key}
    guard = columns.c[version] < insert.excluded[version]
    upsert = insert.on_conflict_do_update(index_elements=list(key), set_=changed, where=guard)
    # Many rows of one statement, which the driver takes as they are: one of many values would be compiled each time.
    await (await session.connection()).execute(upsert, list(rows))


async def insert_missing(session: Session, table: type[SQLModel], rows: Rows, *, key: Sequence[str]) -> int:
    """Insert the rows whose key is not there yet; return how many were."""
    if not rows:
        return 0
    insert = insert_at(session)(table).values(list(rows)).on_conflict_do_nothing(index_elements=list(key))
    result = await session.exec(insert)
    return int(getattr(result, "rowcount", 0))


def insert_at(bound: AsyncConnection | Session) -> Any:  # noqa: ANN401 - two insert constructs of one shape
    """Return what makes an insert that knows what to do with rows that are there, for this kind of database."""
    dialect = bound.dialect if isinstance(bound, AsyncConnection) else bound.get_bind().dialect
    return sqlite.insert if dialect.name == "sqlite" else postgresql.insert
