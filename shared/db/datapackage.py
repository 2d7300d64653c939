"""Tables as anybody can read them: CSV described by a Data Package (Frictionless Data, version 1)."""

import base64
import json
import zipfile
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, DateTime, Float, ForeignKey, Integer, LargeBinary, Numeric, Table, select

from shared.db.engine import Database
from shared.sheets import Column as Shown
from shared.sheets import Format, Value, write_table

DESCRIPTION = "datapackage.json"
_TYPES: Sequence[tuple[type[Any], str]] = (
    (Boolean, "boolean"),
    (Integer, "integer"),
    (Numeric, "number"),
    (Float, "number"),
    (DateTime, "datetime"),
    (Date, "date"),
    (LargeBinary, "string"),
)
Resource = dict[str, Any]


async def write_tables(
    database: Database, tables: Iterable[Table], archive: zipfile.ZipFile, *, folder: str
) -> list[Resource]:
    """Write each table as a CSV file of a folder, all as they are at one instant; return what describes them.

    JSON columns are written as JSON, bytes in Base64; a text that a spreadsheet would take for a formula begins with an
    apostrophe.
    """
    found = []
    async with database.reading() as session:
        connection = await session.connection()
        for table in tables:
            rows = [row async for row in _rows(connection, table)]
            name = f"{folder}/{table.name}.csv"
            columns = [_shown(place, one) for place, one in enumerate(table.c)]
            archive.writestr(name, write_table(columns, rows, Format.CSV))
            found.append(_described(table, folder=folder, path=name) | {"rows": len(rows)})
    return found


def describe(resources: Sequence[Resource], *, title: str, made_at: datetime) -> str:
    """Return the description of a package as JSON."""
    told = {"name": "estuaire", "title": title, "created": made_at.isoformat(), "resources": resources}
    return json.dumps(told, ensure_ascii=False, indent=2)


async def _rows(connection: Any, table: Table) -> AsyncIterator[Sequence[Any]]:  # noqa: ANN401 - of the library
    async for row in await connection.stream(select(table).order_by(*table.primary_key.columns)):
        yield row


def _shown(place: int, column: Column[Any]) -> Shown:
    return Shown(column.name, lambda row: _as_value(row[place]))


def _as_value(value: Any) -> Value:  # noqa: ANN401 - whatever a column holds
    match value:
        case None | bool() | int() | date():
            return value
        case Decimal():
            return value.normalize()  # databases keep zeros at the end in ways of their own
        case Enum():
            return str(value.value)
        case bytes():
            return base64.b64encode(value).decode()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return repr(value)
        case UUID():
            return str(value)
    return str(value)


def _described(table: Table, *, folder: str, path: str) -> Resource:
    return {
        "name": f"{folder}-{table.name}",
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [{"name": one.name, "type": _type_of(one)} for one in table.c],
            "primaryKey": [one.name for one in table.primary_key.columns],
            "foreignKeys": [_foreign(one, folder) for one in table.foreign_keys],
        },
    }


def _foreign(key: ForeignKey, folder: str) -> dict[str, Any]:
    to = key.column
    return {
        "fields": [key.parent.name],
        "reference": {"resource": f"{folder}-{to.table.name}", "fields": [to.name]},
    }


def _type_of(column: Column[Any]) -> str:
    return next((name for kind, name in _TYPES if isinstance(_plain(column.type), kind)), "string")


def _plain(kind: Any) -> Any:  # noqa: ANN401 - of the library
    return getattr(kind, "impl_instance", getattr(kind, "impl", kind))
