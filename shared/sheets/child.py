"""The process that reads a file of somebody: bounded in memory and time, it knows nothing and may end as it likes.

It takes the bytes on its standard input and answers one JSON object: ``{"sheets": [{"name", "rows"}]}``, every cell as
text, or ``{"refused": sentence}``.
"""

import csv
import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

from shared.sheets.bounds import (
    MEMORY,
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_ENTRIES,
    MOST_ROWS,
    MOST_SHEETS,
    MOST_TOLD,
    MOST_UNPACKED,
    SECONDS,
)

_ZIP = b"PK\x03\x04"
_UNREADABLE = "Ce fichier ne peut pas être lu\u00a0: enregistrez-le de nouveau en XLSX, ODS ou CSV."
_OLD = b"\xd0\xcf\x11\xe0"


class Refused(Exception):
    """A file that is not read; its sentence is for whoever sent it."""


def main() -> None:
    """Read standard input, answer on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    content = sys.stdin.buffer.read()
    try:
        answer: dict[str, Any] = {"sheets": _told(_sheets(content))}
    except Refused as refused:
        answer = {"refused": str(refused)}
    except MemoryError:
        answer = {"refused": "Ce fichier est trop volumineux une fois ouvert."}
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode())


def _told(sheets: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    kept, told = [], 0
    for sheet in sheets:
        told += sum(len(cell) for row in sheet["rows"] for cell in row)
        if told > MOST_TOLD:
            raise Refused("Ce fichier contient trop de texte\u00a0: partagez-le en plusieurs.")
        kept.append(sheet)
    return kept


def _sheets(content: bytes) -> Iterator[dict[str, Any]]:
    if content.startswith(_OLD):
        raise Refused("Ce format ancien (.xls) n’est pas lu\u00a0: enregistrez le classeur en XLSX.")
    if content.startswith(_ZIP):
        yield from _workbook(content)
    else:
        yield {"name": "CSV", "rows": _bounded(_lines(_text(content)))}


def _workbook(content: bytes) -> Iterator[dict[str, Any]]:
    _look_inside(content)
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - only for workbooks

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except CalamineError as refused:
        raise Refused(_UNREADABLE) from refused
    names = book.sheet_names
    if len(names) > MOST_SHEETS:
        raise Refused(f"Ce classeur compte {len(names)} feuilles\u00a0; {MOST_SHEETS} au plus.")
    for name in names:
        sheet = book.get_sheet_by_name(name)
        if sheet.height > MOST_ROWS or sheet.width > MOST_COLUMNS:
            raise Refused(
                f"La feuille « {name[:60]} » compte {sheet.height} lignes et {sheet.width} colonnes\u00a0; "
                f"{MOST_ROWS} et {MOST_COLUMNS} au plus."
            )
        # Empty rows at the top are kept, so that numbers of rows are those which people see.
        rows = sheet.to_python(skip_empty_area=False)
        yield {"name": name, "rows": _bounded([_cell(value) for value in row] for row in rows)}


def _look_inside(content: bytes) -> None:
    """Refuse what unpacks into too much, or does more than hold values."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
    except zipfile.BadZipFile as refused:
        raise Refused(_UNREADABLE) from refused
    if len(entries) > MOST_ENTRIES or sum(one.file_size for one in entries) > MOST_UNPACKED:
        raise Refused("Ce fichier est trop volumineux une fois ouvert.")
    names = [one.filename.lower() for one in entries]
    if any(name.endswith("vbaproject.bin") for name in names):
        raise Refused("Ce classeur contient des macros\u00a0: enregistrez-le en XLSX, sans macro.")
    if any(name.endswith((".zip", ".xlsx", ".ods")) for name in names):
        raise Refused("Ce classeur contient d’autres fichiers\u00a0: enregistrez-le sans eux.")


def _text(content: bytes) -> str:
    if b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("Ce fichier n’est ni un classeur XLSX ou ODS, ni un tableau CSV.")
    encodings = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("L’encodage de ce fichier n’est pas reconnu\u00a0: enregistrez-le en CSV UTF-8.")


def _lines(text: str) -> Iterator[list[str]]:
    csv.field_size_limit(MOST_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        yield from reader
    except csv.Error as refused:
        why = "un guillemet n’est pas refermé" if "end of data" in str(refused) else "elle n’est pas lisible"
        raise Refused(f"Ligne {reader.line_num}\u00a0: {why}.") from refused


def _delimiter(text: str) -> str:
    first = text[:20_000].splitlines()[:5]
    return max(";,\t|", key=lambda one: sum(line.count(one) for line in first))


def _bounded(rows: Iterable[list[str]]) -> list[list[str]]:
    kept: list[list[str]] = []
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise Refused(f"Ce tableau compte plus de {MOST_ROWS} lignes.")
        if len(row) > MOST_COLUMNS:
            raise Refused(f"Ligne {number}\u00a0: {len(row)} colonnes\u00a0; {MOST_COLUMNS} au plus.")
        if any(len(cell) > MOST_CHARACTERS for cell in row):
            raise Refused(f"Ligne {number}\u00a0: une case contient plus de {MOST_CHARACTERS} caractères.")
        kept.append(row)
    while kept and not any(kept[-1]):
        kept.pop()
    return kept


def _number(value: float) -> str:
    """Return a number as text; never with three decimals, which a reader may take for thousands."""
    if value.is_integer() and abs(value) < 2**53:
        return f"{value:.0f}"
    plain = repr(value)
    return f"{plain}0" if re.fullmatch(r"-?\d+\.\d{3}", plain) else plain


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


if __name__ == "__main__":
    main()
