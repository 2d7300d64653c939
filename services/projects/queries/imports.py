"""Reads of imports: what a sheet says, line by line, what would become of it, what became of it."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from services.projects.errors import ImportNotFound
from services.projects.models import ExternalId, ImportBatch, ImportFile, ImportLine, Project
from services.projects.rules.lines import SERVICE, Grid, Line, lines_of
from services.projects.rules.words import BatchStatus, LineOutcome
from services.projects.schemas.imports import ColumnShown, Counts, ImportRow, ImportShown, LineShown, MistakeShown
from services.projects.schemas.lines import check
from shared.clock import today
from shared.db.session import Session
from shared.identity.access import Scope
from shared.sheets import Sheet

SAMPLE = 80
UNDER_WAY = (BatchStatus.APPLYING, BatchStatus.UNDOING)
DONE = frozenset({LineOutcome.CREATED, LineOutcome.UPDATED})
"""Outcomes that may be taken back."""


async def get_import(session: Session, scope: Scope, import_id: UUID, *, lock: bool = False) -> ImportBatch:
    """Return an import of this EPCI.

    Raises:
        ImportNotFound: none.
    """
    statement = select(ImportBatch).where(ImportBatch.id == import_id, ImportBatch.home_epci == scope.epci)
    found = (await session.exec(statement.with_for_update() if lock else statement)).first()
    if found is None:
        raise ImportNotFound
    return found


async def list_imports(session: Session, scope: Scope, *, after: UUID | None, limit: int) -> list[ImportRow]:
    """Return one page of imports, newest first."""
    statement = select(ImportBatch).where(ImportBatch.home_epci == scope.epci)
    if after is not None:
        statement = statement.where(col(ImportBatch.id) < after)
    found = await session.exec(statement.order_by(col(ImportBatch.id).desc()).limit(limit))
    return [ImportRow.model_validate(one) for one in found]


async def find_under_way(session: Session, scope: Scope, *, lock: bool = False) -> ImportBatch | None:
    """Return an import that is being applied or taken back."""
    statement = (
        select(ImportBatch)
        .where(ImportBatch.home_epci == scope.epci, col(ImportBatch.status).in_(UNDER_WAY))
        .order_by(col(ImportBatch.id))
        .limit(1)
    )
    return (await session.exec(statement.with_for_update() if lock else statement)).first()


async def list_lines_of(
    session: Session, scope: Scope, batch: ImportBatch, *, outcomes: Iterable[LineOutcome], last_first: bool, limit: int
) -> Sequence[ImportLine]:
    """Return lines of an import that have one of these outcomes."""
    statement = (
        select(ImportLine)
        .join(ImportBatch, col(ImportBatch.id) == col(ImportLine.batch_id))
        .where(ImportLine.batch_id == batch.id, ImportBatch.home_epci == scope.epci)
        .where(col(ImportLine.outcome).in_(list(outcomes)))
        .order_by(col(ImportLine.row).desc() if last_first else col(ImportLine.row))
    )
    return (await session.exec(statement.limit(limit))).all()


async def list_forgettable(session: Session, scope: Scope, *, before: datetime, limit: int) -> Sequence[ImportFile]:
    """Return the files of imports that nobody touched since an instant, locked."""
    statement = (
        select(ImportFile)
        .join(ImportBatch, col(ImportBatch.id) == col(ImportFile.batch_id))
        .where(ImportBatch.home_epci == scope.epci, col(ImportBatch.updated_at) < before)
    )
    return (await session.exec(statement.limit(limit).with_for_update())).all()


async def find_sheets(session: Session, scope: Scope, batch: ImportBatch) -> list[Sheet]:
    """Return the sheets of an import of this EPCI; none once its file was forgotten."""
    file = await session.get(ImportFile, batch.id) if batch.home_epci == scope.epci else None
    return [] if file is None else [Sheet(one["name"], one["rows"]) for one in json.loads(file.sheets)]


async def show_import(session: Session, scope: Scope, batch: ImportBatch) -> ImportShown:
    """Return an import with what became of its lines, or would."""
    sheets = await find_sheets(session, scope, batch)
    if batch.status is BatchStatus.READ:
        counts = Counter(one.outcome for one in await preview(session, scope, batch))
    else:
        grouped = select(ImportLine.outcome, func.count()).where(ImportLine.batch_id == batch.id)
        found = await session.exec(grouped.group_by(col(ImportLine.outcome)))
        counts = Counter({LineOutcome(one).value: many for one, many in found})
    plain = ImportRow.model_validate(batch).model_dump()
    return ImportShown.model_validate(
        plain
        | {
            "sheet_names": [one.name for one in sheets],
            "columns": _columns(batch, sheets),
            "lines": sum(counts.values()),
            "counts": Counts(**counts),
        }
    )


async def preview(session: Session, scope: Scope, batch: ImportBatch) -> list[LineShown]:
    """Return what would become of each line, as far as it can be told without doing it."""
    lines = await read_lines(session, scope, batch)
    known = await _known(session, scope, lines)
    return [_shown(line, known) for line in lines]


async def list_lines(session: Session, scope: Scope, batch: ImportBatch) -> list[LineShown]:
    """Return what would become of each line of an import before it is applied, and what became of it afterwards."""
    if batch.status is BatchStatus.READ:
        return await preview(session, scope, batch)
    found = await list_lines_of(
        session, scope, batch, outcomes=LineOutcome, last_first=False, limit=len(LineOutcome) * 5_000
    )
    return [LineShown.model_validate(one) for one in found]


async def list_refused(
    session: Session, scope: Scope, batch: ImportBatch
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return the headings and the refused lines as they were brought, each with the reasons in a last column."""
    sheets = await find_sheets(session, scope, batch)
    if not sheets:
        return ["Motif"], []
    rows = sheets[batch.sheet].rows
    headings = rows[batch.header_row - 1]
    width = len(headings)
    found = [
        [*(rows[one.row - 1] + [""] * width)[:width], " ".join(_reason(mistake) for mistake in one.mistakes)]
        for one in await list_lines(session, scope, batch)
        if one.outcome == LineOutcome.REFUSED
    ]
    return [*headings, "Motif"], found


async def read_lines(session: Session, scope: Scope, batch: ImportBatch) -> list[Line]:
    """Return the lines of the sheet that is imported, each with what is wrong with it."""
    sheets = await find_sheets(session, scope, batch)
    if not sheets:
        return []
    columns = {int(place): name for place, name in batch.columns.items()}
    grid = Grid(sheets[batch.sheet].rows, columns, batch.header_row - 1)
    # Thousands of lines take a while: other requests go on meanwhile.
    return await asyncio.to_thread(_checked, grid)


def _checked(grid: Grid) -> list[Line]:
    lines = list(lines_of(grid, today=today()))
    for line in lines:
        check(line, grid)
    return lines


async def _known(session: Session, scope: Scope, lines: Sequence[Line]) -> Mapping[str, UUID]:
    """Return the projects of this EPCI that lines say they are, by their key."""
    statement = (
        select(ExternalId.external_id, Project.id)
        .join(Project, col(Project.id) == col(ExternalId.project_id))
        .where(ExternalId.service == SERVICE, col(ExternalId.external_id).in_([one.key for one in lines]))
        .where(Project.home_epci == scope.epci, col(Project.withdrawn_at).is_(None))
    )
    own = select(Project.id).where(
        Project.home_epci == scope.epci,
        col(Project.withdrawn_at).is_(None),
        col(Project.id).in_([one.project_id for one in lines if one.project_id]),
    )
    named = {key: id_ for key, id_ in await session.exec(statement)}
    return named | {str(id_): id_ for id_ in await session.exec(own)}


def _shown(line: Line, known: Mapping[str, UUID]) -> LineShown:
    project_id, mistakes = known.get(line.key), list(line.mistakes)
    outcome = LineOutcome.UPDATED if project_id or not line.fiche else LineOutcome.CREATED
    shown = [MistakeShown(column=one.column, message=one.message) for one in mistakes]
    if line.project_id and project_id is None and not mistakes:
        shown = [MistakeShown(column="Identifiant", message=NOT_OURS)]
    return LineShown(
        row=line.row,
        title=line.title,
        step=line.step,
        outcome=(LineOutcome.REFUSED if shown else outcome).value,
        project_id=project_id,
        mistakes=shown,
    )


NOT_OURS = "Aucune fiche de votre EPCI ne porte cet identifiant."


def _reason(mistake: MistakeShown) -> str:
    return f"{mistake.column}\u00a0: {mistake.message}"


def _columns(batch: ImportBatch, sheets: Sequence[Sheet]) -> list[ColumnShown]:
    if not sheets:
        return []
    rows = sheets[batch.sheet].rows
    headings = rows[batch.header_row - 1] if batch.header_row <= len(rows) else []
    below = rows[batch.header_row :]
    return [
        ColumnShown(
            place=where,
            heading=heading[:SAMPLE],
            sample=next((row[where][:SAMPLE] for row in below if where < len(row) and row[where].strip()), ""),
            name=batch.columns.get(str(where)),
        )
        for where, heading in enumerate(headings)
    ]
