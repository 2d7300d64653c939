"""Tables for people and programs: CSV, CSV as French Excel opens it, XLSX; no cell is ever taken for a formula."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

Value = str | int | Decimal | date | bool | None


class Format(StrEnum):
    """How a table is written."""

    CSV = "csv"
    CSV_FR = "csv_fr"
    XLSX = "xlsx"


MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.CSV_FR: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
EXTENSIONS = {Format.CSV: "csv", Format.CSV_FR: "csv", Format.XLSX: "xlsx"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class Column:
    """One column: its heading, and what it shows of a row."""

    heading: str
    value: Callable[[Any], Value]


def write_table(columns: Sequence[Column], rows: Iterable[Any], form: Format) -> bytes:
    """Return a table in one of the formats.

    CSV is UTF-8 with commas, ISO dates and points; French CSV has a byte order mark, semicolons, decimal commas and
    days first. A text that a spreadsheet would take for a formula begins with an apostrophe in CSV; in XLSX it is a
    text.
    """
    if form is Format.XLSX:
        return _xlsx(columns, rows)
    french = form is Format.CSV_FR
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if french else ",")
    writer.writerow([harmless(one.heading) for one in columns])
    for row in rows:
        writer.writerow([_as_text(one.value(row), french=french) for one in columns])
    return (b"\xef\xbb\xbf" if french else b"") + out.getvalue().encode()


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_typed(text: str) -> str:
    """Return a text without the apostrophe that ``harmless`` put before it."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _as_text(value: Value, *, french: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return ("oui" if value else "non") if french else str(value).lower()
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}" if french else value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",") if french else f"{value:f}"
    return str(value) if isinstance(value, int) else harmless(value)


def _xlsx(columns: Sequence[Column], rows: Iterable[Any]) -> bytes:
    # Here and not above: 17 MB that an instance which writes no workbook does without.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415

    def text(value: str) -> Any:  # noqa: ANN401 - of the library
        made = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value))
        made.data_type = "s"  # a text, whatever it begins with
        return made

    def cell(value: Value) -> Any:  # noqa: ANN401 - of the library
        if isinstance(value, bool):
            return "oui" if value else "non"
        if not isinstance(value, str):
            return value
        return text(value)

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Estuaire")
    sheet.freeze_panes = "A2"
    heads = [text(one.heading) for one in columns]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    for row in rows:
        sheet.append([cell(one.value(row)) for one in columns])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
