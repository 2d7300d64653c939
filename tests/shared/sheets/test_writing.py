"""Tables that are handed over: read again as they were meant, by people and by programs; no text is a formula."""

import csv
import io
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from shared.sheets import Column, Format, Value, as_typed, read_sheets, write_table

ROW: dict[str, Value] = {
    "texte": 'Éco;le, « a »\n"b"',
    "euros": Decimal("1234.50"),
    "jour": date(2026, 3, 9),
    "oui": True,
    "nombre": 12,
    "rien": None,
    "formule": "=1+1",
}
COLUMNS = [Column(name, lambda row, name=name: row[name]) for name in ROW]  # type: ignore[misc]  # bound by default


@pytest.mark.parametrize(
    ("form", "delimiter", "written"),
    [
        (Format.CSV, ",", ["1234.50", "2026-03-09", "true", "12", "", "'=1+1"]),
        (Format.CSV_FR, ";", ["1234,50", "09/03/2026", "oui", "12", "", "'=1+1"]),
    ],
)
def test_a_table_of_text_is_written_for_programs_and_for_french_excel(
    form: Format, delimiter: str, written: list[str]
) -> None:
    content = write_table(COLUMNS, [ROW], form)

    assert content.startswith(b"\xef\xbb\xbf") is (form is Format.CSV_FR)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))
    assert rows == [list(ROW), [ROW["texte"], *written]]


def test_cells_of_a_workbook_are_what_they_were() -> None:
    content = write_table(COLUMNS, [ROW], Format.XLSX)

    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    head, row = sheet.iter_rows(values_only=True)
    assert (head, sheet.freeze_panes) == (tuple(ROW), "A2")
    assert row == (ROW["texte"], 1234.5, datetime.combine(date(2026, 3, 9), time()), "oui", 12, None, "=1+1")


def test_a_text_is_no_formula_in_excel_either() -> None:
    content = write_table([Column("a", lambda row: row)], ['=HYPERLINK("http://x")', "+1", "plain"], Format.XLSX)

    cells = [row[0] for row in load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(min_row=2)]
    assert cells[0].value == '=HYPERLINK("http://x")'
    assert {cell.data_type for cell in cells} == {"s"}


@pytest.mark.parametrize("form", Format)
async def test_headings_are_no_formulas_and_no_text_breaks_a_workbook(form: Format) -> None:
    content = write_table([Column("=A1", lambda row: row)], ["a\x0bb", "=1"], form)

    [sheet] = await read_sheets(content)
    heading, text, formula = (as_typed(row[0]) for row in sheet.rows)
    assert (heading, text.replace("\x0b", ""), formula) == ("=A1", "ab", "=1")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\uff1d1"])
def test_no_text_of_a_csv_is_a_formula(text: str) -> None:
    content = write_table([Column("a", lambda row: row)], [text, "plain"], Format.CSV)

    assert [row[0] for row in csv.reader(io.StringIO(content.decode()))] == ["a", f"'{text}", "plain"]
