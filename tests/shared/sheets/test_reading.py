"""Tables in and out: what is written is read again; files made to harm are refused in French, in time."""

import asyncio
import io
import time
import zipfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import psutil
import pytest
from openpyxl import Workbook

from shared.errors import Invalid, TooLarge
from shared.sheets import Column, Format, Value, read_sheets, write_table
from shared.sheets.writing import as_typed, harmless
from tests.support.waiting import eventually

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


def workbook(*rows: Sequence[object], sheets: int = 1) -> bytes:
    book = Workbook()
    for number in range(sheets - 1):
        book.create_sheet(f"Feuille {number}")
    for row in rows:
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def packed(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files:
            target.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "written"),
    [
        (Format.CSV, ["1234.50", "2026-03-09", "true", "12", "", "'=1+1"]),
        (Format.CSV_FR, ["1234,50", "09/03/2026", "oui", "12", "", "'=1+1"]),
        (Format.XLSX, ["1234.5", "2026-03-09", "oui", "12", "", "=1+1"]),
    ],
)
async def test_what_is_written_is_read_again(form: Format, written: list[str]) -> None:
    sheets = await read_sheets(write_table(COLUMNS, [ROW], form))

    assert sheets[0].rows == [list(ROW), [ROW["texte"], *written]]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\uff1d1", "plain", "'quoted", "''=1", ""])
def test_what_made_a_text_harmless_is_taken_away_again(text: str) -> None:
    assert as_typed(harmless(text)) == text


@pytest.mark.parametrize(
    "content",
    [
        "Titre;Coût\nÉcole;1\n".encode(),
        "Titre;Coût\nÉcole;1\n".encode("cp1252"),
        "Titre\tCoût\nÉcole\t1\n".encode("utf-16"),
    ],
)
async def test_csv_is_read_in_the_encodings_of_spreadsheets(content: bytes) -> None:
    assert (await read_sheets(content))[0].rows == [["Titre", "Coût"], ["École", "1"]]


BOMB = packed(("xl/worksheets/sheet1.xml", b"0" * (101 * 2**20)))
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"  \n", "vide"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0", "ni un classeur"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "(.xls)"),
    "a zip that is no workbook": (packed(("readme.txt", b"x")), "ne peut pas être lu"),
    "a broken zip": (b"PK\x03\x04" + b"\0" * 50, "ne peut pas être lu"),
    "a bomb": (BOMB, "trop volumineux"),
    "too many entries": (packed(*((f"x{number}", b"") for number in range(2_001))), "trop volumineux"),
    "a macro": (packed(("xl/vbaProject.bin", b"x")), "macros"),
    "a zip in a zip": (packed(("inner.zip", packed(("a", b"")))), "d’autres fichiers"),
    "an open quote": (b'a;b\n"c;d\n', "guillemet"),
    "a long line": (b"a;" + b"x" * 40_000, "Ligne 1"),
    "many columns": (b";" * 20_000, "colonnes"),
    "many rows": (b"a\n" * 5_001, "5000 lignes"),
    "much text": (workbook(*([["x" * 32_000] * 10] * 16)), "trop de texte"),
    "many sheets": (workbook(["a"], sheets=51), "51 feuilles"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a54_a55_a_file_made_to_harm_is_refused_in_french_and_in_time(name: str) -> None:
    content, says = HOSTILE[name]

    began = time.monotonic()
    with pytest.raises(Invalid) as refused:
        await read_sheets(content)

    assert says in str(refused.value), str(refused.value)
    assert "'field': 'file'" in str(refused.value.facts["errors"])
    assert time.monotonic() - began < 10


async def test_more_than_ten_mebibytes_are_not_even_looked_at() -> None:
    with pytest.raises(TooLarge):
        await read_sheets(b"a" * (10 * 2**20 + 1))


async def test_a_sheet_keeps_the_numbers_of_its_rows() -> None:
    sheets = await read_sheets(workbook([], [], ["Titre", 12.0, 1.5, date(2026, 1, 2), True]))

    assert sheets[0].rows == [["", "", "", "", ""], ["", "", "", "", ""], ["Titre", "12", "1.5", "2026-01-02", "oui"]]


async def test_a_number_is_never_written_as_thousands_would_be() -> None:
    sheets = await read_sheets(workbook([1234.567, -1.5, 0.125, 1e30, 1 / 3]))

    assert sheets[0].rows == [["1234.5670", "-1.5", "0.1250", "1e+30", "0.3333333333333333"]]


async def test_the_process_that_reads_ends_with_whoever_asked() -> None:
    reading = asyncio.create_task(read_sheets(workbook(*([["x" * 40] * 50] * 2_000))))
    await eventually(children, within=20, what="a process that reads")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert await children() == 0


async def children() -> int:
    """Return how many processes read tables now."""
    return sum("shared.sheets.child" in one.cmdline() for one in psutil.Process().children() if one.is_running())
