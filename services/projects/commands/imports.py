"""Spreadsheets are read, looked at, applied line by line, and taken back."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func
from sqlmodel import col, select

from services.projects.commands.fiche import change_project, import_project, withdraw_project
from services.projects.commands.follow_up import add_indicator, add_milestone, change_milestone
from services.projects.errors import ImportRefused
from services.projects.models import ImportBatch, ImportLine, Project
from services.projects.queries.imports import find_under_way, get_import, list_forgettable, read_lines, sheets_of
from services.projects.queries.projects import list_by_external_ids
from services.projects.rules.lines import SERVICE, Line
from services.projects.rules.words import BatchStatus, LineOutcome, MilestoneStatus
from services.projects.rules.workbook import header_row, recognised
from services.projects.schemas.imports import SheetPatch
from services.projects.schemas.plan import ImportIn, IndicatorIn, MeasuredIn, MilestoneIn, MilestonePatch
from services.projects.schemas.requests import ProjectPatch
from shared.clock import now
from shared.db.session import Session
from shared.errors import Invalid, Refusal, StaleVersion
from shared.identity.access import Role, Scope
from shared.ids import uuid7
from shared.sheets import Sheet, as_typed
from shared.territory.members import Territory

log = structlog.get_logger(__name__)

STEP = 25
"""Lines seen to in one transaction: others write in between."""
KEPT = timedelta(days=30)
_STEP = "milestone"
_NOT_CHANGED = frozenset({"funding", "external_ids", "source", "stage", "stage_entered_on", "late_reported", "kind"})


async def read_import(session: Session, scope: Scope, sheets: list[Sheet], *, file_name: str) -> ImportBatch:
    """Keep what was read of a file, with what is recognised of its first sheet."""
    if not any(sheet.rows for sheet in sheets):
        raise Invalid.field("file", "Ce fichier ne contient aucune ligne.")
    instant = now()
    batch = ImportBatch(
        id=uuid7(),
        home_epci=scope.epci,
        created_at=instant,
        updated_at=instant,
        actor=scope.actor,
        file_name=file_name,
        sheets=json.dumps([{"name": one.name, "rows": _typed(one)} for one in sheets], ensure_ascii=False),
        sheet=next(place for place, sheet in enumerate(sheets) if sheet.rows),
    )
    _recognise(batch)
    session.add(batch)
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
        ImportRefused: it was applied.
        Invalid: no such sheet, row or column.
    """
    batch = await _take(session, scope, import_id, version=version, status=BatchStatus.READ)
    sheets, sent = sheets_of(batch), wanted.model_fields_set
    if "sheet" in sent:
        if wanted.sheet >= len(sheets):
            raise Invalid.field("sheet", "Cette feuille n’existe pas.")
        batch.sheet = wanted.sheet
    rows = sheets[batch.sheet][1]
    if "header_row" in sent:
        if wanted.header_row > len(rows):
            raise Invalid.field("header_row", "Cette ligne n’existe pas.")
        batch.header_row = wanted.header_row
        batch.columns = _as_json(recognised(rows[batch.header_row - 1]))
    elif "sheet" in sent:
        _recognise(batch)
    if "columns" in sent:
        mapped = {str(where): name for where, name in wanted.columns.items()}
        batch.columns = {where: name for where, name in (batch.columns | mapped).items() if name}
    await _raise(session, batch)
    return batch


async def start_import(session: Session, scope: Scope, import_id: UUID, *, version: int) -> ImportBatch:
    """Let an import be applied; lines that are refused stay aside, the others are projects.

    Raises:
        ImportNotFound: nothing under this id within ``scope``.
        StaleVersion: it changed after ``version``.
        ImportRefused: it was applied, or says no title.
    """
    batch = await _take(session, scope, import_id, version=version, status=BatchStatus.READ)
    if "title" not in batch.columns.values():
        raise ImportRefused("Indiquez d’abord la colonne qui contient le titre.")
    batch.status, batch.lines, batch.next_row = BatchStatus.APPLYING, len(read_lines(batch)), 0
    await _raise(session, batch)
    log.info("import_started", import_id=str(import_id), lines=batch.lines)
    return batch


async def undo_import(session: Session, scope: Scope, import_id: UUID, *, version: int) -> ImportBatch:
    """Take an import back: what it made is withdrawn, what it changed says what it said; not what changed since.

    Raises:
        ImportNotFound: nothing under this id within ``scope``.
        StaleVersion: it changed after ``version``.
        ImportRefused: it is not applied.
    """
    batch = await _take(session, scope, import_id, version=version, status=BatchStatus.APPLIED)
    batch.status, batch.next_row = BatchStatus.UNDOING, 0
    await _raise(session, batch)
    log.info("import_undo_started", import_id=str(import_id))
    return batch


async def go_on(session: Session, scope: Scope, *, territory: Territory) -> int:
    """See to the next lines of an import that is under way; return how many, 0 when there is none."""
    batch = await find_under_way(session, scope)
    if batch is None:
        return 0
    scope = Scope(epci=scope.epci, role=Role.COORDINATOR, actor=batch.actor)  # on behalf of whoever brought the file
    if batch.status is BatchStatus.APPLYING:
        done = await _apply(session, scope, batch, territory=territory)
        over = BatchStatus.APPLIED
    else:
        done = await _take_back(session, scope, batch)
        over = BatchStatus.UNDONE
    batch.next_row += done
    if done < STEP:
        batch.status = over
        log.info("import_ended", import_id=str(batch.id), status=over.value)
    await _raise(session, batch)
    return 1


async def forget_files(session: Session, scope: Scope) -> int:
    """Forget the rows of imports that nobody touched for a month: they may name people; return how many."""
    old = await list_forgettable(session, scope, before=now() - KEPT, limit=STEP)
    for batch in old:
        batch.sheets = ""
    await session.flush()
    return len(old)


async def _apply(session: Session, scope: Scope, batch: ImportBatch, *, territory: Territory) -> int:
    lines = read_lines(batch, first=batch.next_row, most=STEP)
    for line in lines:
        done = ImportLine(batch_id=batch.id, row=line.row, outcome=LineOutcome.REFUSED)
        done.errors = [{"column": one.column, "message": one.message} for one in line.mistakes]
        if not line.mistakes:
            try:
                async with session.begin_nested():
                    await _apply_line(session, scope, line, done, territory=territory)
            except Refusal as refused:
                done.outcome, done.project_id = LineOutcome.REFUSED, None
                done.errors = [{"column": "title", "message": str(refused)}]
        session.add(done)
    await session.flush()
    return len(lines)


async def _apply_line(session: Session, scope: Scope, line: Line, done: ImportLine, *, territory: Territory) -> None:
    found = await list_by_external_ids(session, scope, [(SERVICE, line.key)])
    project = next((one for one in found if one.withdrawn_at is None), None)
    if line.step_of:
        await _add_step(session, scope, line, done, project)
        return
    if project is None:
        project, _ = await import_project(session, scope, ImportIn.model_validate(line.fiche), territory=territory)
        for code, value in line.targets.items():
            wanted = IndicatorIn(code=code, target=MeasuredIn(value=value))
            project = await add_indicator(session, scope, project.id, wanted)
        done.outcome = LineOutcome.CREATED
    else:
        before = project.version
        done.before = _said(project, line)
        project = await _change(session, scope, project, line.fiche)
        done.outcome = LineOutcome.UNCHANGED if project.version == before else LineOutcome.UPDATED
    done.project_id, done.project_version = project.id, project.version


async def _add_step(session: Session, scope: Scope, line: Line, done: ImportLine, project: Project | None) -> None:
    if project is None:
        raise ImportRefused("L’action de cette sous-action n’a pas été importée.")
    done.outcome = LineOutcome.UNCHANGED
    if all(one.label != line.step for one in project.milestones):
        project = await add_milestone(session, scope, project.id, MilestoneIn(label=line.step))
        done.outcome, done.before = LineOutcome.UPDATED, {_STEP: str(project.milestones[-1].id)}
    done.project_id, done.project_version = project.id, project.version


async def _change(session: Session, scope: Scope, project: Project, fiche: dict[str, Any]) -> Project:
    wanted = ProjectPatch.model_validate({name: fiche[name] for name in set(fiche) - _NOT_CHANGED})
    return await change_project(session, scope, project.id, wanted, version=project.version)


def _said(project: Project, line: Line) -> dict[str, Any]:
    """Return what a project says of the fields that a line would change, as a request would say it."""
    names = set(line.fiche) - _NOT_CHANGED
    said: dict[str, Any] = {name: getattr(project, name) for name in names - {"sponsor"}}
    if "sponsor" in names:
        said["sponsor"] = {name: getattr(project, f"sponsor_{name}") for name in ("type", "siret", "name")}
    return ProjectPatch.model_validate(said).model_dump(mode="json", exclude_unset=True)


async def _take_back(session: Session, scope: Scope, batch: ImportBatch) -> int:
    statement = select(ImportLine).where(ImportLine.batch_id == batch.id).order_by(col(ImportLine.row).desc())
    lines = (await session.exec(statement.offset(batch.next_row).limit(STEP))).all()
    for line in lines:
        if line.outcome in {LineOutcome.CREATED, LineOutcome.UPDATED}:
            await _take_line_back(session, scope, line)
    await session.flush()
    return len(lines)


async def _take_line_back(session: Session, scope: Scope, line: ImportLine) -> None:
    project = await session.get(Project, line.project_id) if line.project_id else None
    if project is None or project.withdrawn_at is not None or project.version != await _last_version(session, line):
        line.outcome = LineOutcome.KEPT
        return
    if line.outcome is LineOutcome.CREATED:
        await withdraw_project(session, scope, project.id, version=project.version)
        # The sheet may be brought again once it was mended.
        for name in [one for one in project.external_ids if one.service == SERVICE]:
            await session.delete(name)
    elif line.before and _STEP in line.before:
        cancelled = MilestonePatch(status=MilestoneStatus.CANCELLED)
        step = UUID(line.before[_STEP])
        await change_milestone(session, scope, project.id, step, cancelled, version=project.version)
    elif line.before:
        said = ProjectPatch.model_validate(line.before)
        await change_project(session, scope, project.id, said, version=project.version)
    line.outcome, line.project_version = LineOutcome.UNDONE, project.version
    await session.flush()


async def _last_version(session: Session, line: ImportLine) -> int | None:
    """Return the version that this import gave a project last, with its steps, or in taking them back."""
    statement = select(func.max(ImportLine.project_version)).where(
        ImportLine.project_id == line.project_id, ImportLine.batch_id == line.batch_id
    )
    return (await session.exec(statement)).one()


async def _take(session: Session, scope: Scope, import_id: UUID, *, version: int, status: BatchStatus) -> ImportBatch:
    batch = await get_import(session, scope, import_id, lock=True)
    if batch.version != version:
        raise StaleVersion("Cet import a changé entre-temps.", current=batch.version)
    if batch.status is not status:
        raise ImportRefused("Cet import n’en est plus là.", status_now=batch.status.value)
    return batch


async def _raise(session: Session, batch: ImportBatch) -> None:
    batch.version += 1
    batch.updated_at = now()
    await session.flush()


def _recognise(batch: ImportBatch) -> None:
    rows = sheets_of(batch)[batch.sheet][1]
    found = header_row(rows)
    batch.header_row = found + 1
    batch.columns = _as_json(recognised(rows[found])) if rows else {}


def _typed(sheet: Sheet) -> list[list[str]]:
    """Return the rows without what an export put before texts that look like formulas."""
    return [[as_typed(cell) for cell in row] for row in sheet.rows]


def _as_json(columns: dict[int, str]) -> dict[str, str]:
    return {str(place): name for place, name in columns.items()}
