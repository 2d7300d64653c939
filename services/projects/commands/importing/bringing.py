"""A file is kept with what is recognised of it, until it is applied or forgotten."""

import json
from datetime import timedelta
from uuid import UUID

import structlog

from services.projects.commands.versions import first_of, raise_version, require_seen
from services.projects.errors import ImportRefused
from services.projects.models import ImportBatch, ImportFile, ImportLine
from services.projects.queries.imports import find_sheets, get_import, list_forgettable, read_lines
from services.projects.rules.words import BatchStatus, LineOutcome
from services.projects.rules.workbook import header_row, recognised
from services.projects.schemas.imports import SheetPatch
from services.projects.schemas.lines import as_kept
from shared.clock import now
from shared.db.session import Session
from shared.errors import Invalid
from shared.identity.access import Scope
from shared.sheets import Sheet, as_typed

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)
STALE = "Cet import a changé entre-temps."
_BATCH = 25


async def bring_file(session: Session, scope: Scope, sheets: list[Sheet], *, file_name: str) -> ImportBatch:
    """Keep what was read of a file, with what is recognised of its first sheet that has rows.

    Raises:
        Invalid: no sheet has any.
    """
    typed = [Sheet(one.name, [[as_typed(cell) for cell in row] for row in one.rows]) for one in sheets]
    first = next((place for place, sheet in enumerate(typed) if sheet.rows), None)
    if first is None:
        raise Invalid.field("file", "Ce fichier ne contient aucune ligne.")
    batch = ImportBatch(**first_of(scope), actor=scope.actor, file_name=file_name, sheet=first)
    _recognise(batch, typed[first])
    session.add(batch)
    await session.flush()
    kept = json.dumps([{"name": one.name, "rows": one.rows} for one in typed], ensure_ascii=False)
    session.add(ImportFile(batch_id=batch.id, sheets=kept))
    await session.flush()
    log.info("import_read", import_id=str(batch.id), sheets=len(sheets))
    return batch


async def choose_columns(
    session: Session, scope: Scope, import_id: UUID, wanted: SheetPatch, *, version: int
) -> ImportBatch:
    """Say which sheet is meant, where its headings are, and what its columns mean.

    Raises:
        ImportNotFound: nothing under this id within ``scope``.
        StaleVersion: it changed after ``version``.
        ImportRefused: it was applied, or its file is forgotten.
        Invalid: no such sheet or row, or two columns that say the same.
    """
    batch = await _take(session, scope, import_id, version=version)
    sheets, sent = await find_sheets(session, scope, batch), wanted.model_fields_set
    if "sheet" in sent:
        if wanted.sheet >= len(sheets):
            raise Invalid.field("sheet", "Cette feuille n’existe pas.")
        batch.sheet = wanted.sheet
        _recognise(batch, sheets[batch.sheet])
    rows = sheets[batch.sheet].rows
    if "header_row" in sent:
        if wanted.header_row > len(rows):
            raise Invalid.field("header_row", "Cette ligne n’existe pas.")
        batch.header_row = wanted.header_row
        batch.columns = _as_json(recognised(rows[batch.header_row - 1]))
    if "columns" in sent:
        batch.columns = _chosen(batch.columns, wanted)
    await raise_version(session, batch)
    return batch


async def start_import(session: Session, scope: Scope, import_id: UUID, *, version: int) -> ImportBatch:
    """Let an import be applied: each line waits as it is understood now; those that are refused stay aside.

    Raises:
        ImportNotFound: nothing under this id within ``scope``.
        StaleVersion: it changed after ``version``.
        ImportRefused: it was applied, its file is forgotten, or no column holds the title.
    """
    batch = await _take(session, scope, import_id, version=version)
    if "title" not in batch.columns.values():
        raise ImportRefused("Indiquez d’abord la colonne qui contient le titre.")
    lines = await read_lines(session, scope, batch)
    for line in lines:
        waits = not line.mistakes
        session.add(
            ImportLine(
                batch_id=batch.id,
                row=line.row,
                title=line.title[:300],
                step=line.step[:300],
                outcome=LineOutcome.WAITING if waits else LineOutcome.REFUSED,
                said=as_kept(line) if waits else {},
                mistakes=[{"column": one.column, "message": one.message} for one in line.mistakes],
            )
        )
    batch.status = BatchStatus.APPLYING
    await raise_version(session, batch)
    log.info("import_started", import_id=str(import_id), lines=len(lines))
    return batch


async def forget_files(session: Session, scope: Scope) -> int:
    """Forget the rows of imports that nobody touched for a month: they may name people; return how many."""
    old = await list_forgettable(session, scope, before=now() - KEPT, limit=_BATCH)
    for file in old:
        await session.delete(file)
    await session.flush()
    return len(old)


async def _take(session: Session, scope: Scope, import_id: UUID, *, version: int) -> ImportBatch:
    batch = await get_import(session, scope, import_id, lock=True)
    require_seen(batch, version, sentence=STALE)
    if batch.status is not BatchStatus.READ:
        raise ImportRefused("Cet import n’en est plus là.", status_now=batch.status.value)
    if not await find_sheets(session, scope, batch):
        raise ImportRefused("Ce fichier a été oublié au bout d’un mois\u00a0: apportez-le de nouveau.")
    return batch


def _recognise(batch: ImportBatch, sheet: Sheet) -> None:
    found = header_row(sheet.rows)
    batch.header_row = found + 1
    batch.columns = _as_json(recognised(sheet.rows[found])) if sheet.rows else {}


def _chosen(known: dict[str, str], wanted: SheetPatch) -> dict[str, str]:
    mapped = known | {str(place): name for place, name in wanted.columns.items()}
    chosen = {place: name for place, name in mapped.items() if name}
    if len(set(chosen.values())) < len(chosen):
        raise Invalid.field("columns", "Une même information ne se lit que dans une colonne.")
    return chosen


def _as_json(columns: dict[int, str]) -> dict[str, str]:
    return {str(place): name for place, name in columns.items()}
