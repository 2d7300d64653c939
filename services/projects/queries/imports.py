"""Reads of imports: what a sheet says, line by line, and what would become of it."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import func
from sqlmodel import col, select

from services.projects.errors import ImportNotFound
from services.projects.models import ExternalId, ImportBatch, ImportLine, Project
from services.projects.rules.lines import SERVICE, Line, Mistake, lines_of
from services.projects.rules.words import BatchStatus, LineOutcome
from services.projects.schemas.imports import ColumnShown, Counts, ImportShown, LineShown, MistakeShown
from services.projects.schemas.plan import ImportIn
from shared.clock import today
from shared.db.session import Session
from shared.identity.access import Scope
from shared.mistakes import place, sentence

SAMPLE = 80


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


async def list_imports(session: Session, scope: Scope, *, limit: int) -> list[ImportShown]:
    """Return the last imports, newest first, without their lines."""
    statement = select(ImportBatch).where(ImportBatch.home_epci == scope.epci)
    found = await session.exec(statement.order_by(col(ImportBatch.id).desc()).limit(limit))
    return [await show_import(session, scope, one) for one in found.all()]


async def find_under_way(session: Session, scope: Scope) -> ImportBatch | None:
    """Return an import that is being applied or taken back, locked."""
    statement = select(ImportBatch).where(
        ImportBatch.home_epci == scope.epci, col(ImportBatch.status).in_([BatchStatus.APPLYING, BatchStatus.UNDOING])
    )
    return (await session.exec(statement.order_by(col(ImportBatch.id)).limit(1).with_for_update())).first()


async def has_under_way(session: Session, scope: Scope) -> bool:
    """Tell whether an import waits to be applied or taken back."""
    statement = select(ImportBatch.id).where(
        ImportBatch.home_epci == scope.epci, col(ImportBatch.status).in_([BatchStatus.APPLYING, BatchStatus.UNDOING])
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def list_forgettable(session: Session, scope: Scope, *, before: datetime, limit: int) -> Sequence[ImportBatch]:
    """Return imports that nobody touched since an instant and that still hold their file, locked."""
    statement = select(ImportBatch).where(
        ImportBatch.home_epci == scope.epci, col(ImportBatch.updated_at) < before, ImportBatch.sheets != ""
    )
    return (await session.exec(statement.limit(limit).with_for_update())).all()


async def show_import(session: Session, scope: Scope, batch: ImportBatch) -> ImportShown:
    """Return an import with what became of its lines, or would."""
    if batch.status is BatchStatus.READ and batch.sheets:
        lines = await preview(session, scope, batch)
        counts, total = Counter(LineOutcome(line.outcome) for line in lines), len(lines)
    else:
        grouped = select(ImportLine.outcome, func.count()).where(ImportLine.batch_id == batch.id)
        found = await session.exec(grouped.group_by(col(ImportLine.outcome)))
        counts, total = Counter({LineOutcome(one): many for one, many in found}), batch.lines
    plain = {name: getattr(batch, name) for name in ImportShown.model_fields if name in type(batch).model_fields}
    return ImportShown.model_validate(
        plain
        | {
            "sheet_names": [name for name, _ in sheets_of(batch)],
            "columns": _columns(batch),
            "lines": total,
            "done": min(batch.next_row, total),
            "counts": Counts(**{outcome.value: many for outcome, many in counts.items()}),
        }
    )


async def preview(session: Session, scope: Scope, batch: ImportBatch) -> list[LineShown]:
    """Return what would become of each line, as far as it can be told without doing it."""
    lines = read_lines(batch)
    known = await _known(session, scope, [line.key for line in lines])
    return [_shown(line, known.get(line.key)) for line in lines]


async def list_lines(session: Session, scope: Scope, batch: ImportBatch) -> list[LineShown]:
    """Return what became of each line."""
    titles = {line.row: line for line in read_lines(batch)}
    found = await session.exec(select(ImportLine).where(ImportLine.batch_id == batch.id).order_by(col(ImportLine.row)))
    return [
        LineShown(
            row=one.row,
            title=titles[one.row].title if one.row in titles else "",
            step=titles[one.row].step if one.row in titles else "",
            outcome=one.outcome.value,
            project_id=one.project_id,
            mistakes=[MistakeShown(**error) for error in one.errors],
        )
        for one in found
    ]


async def list_refused(
    session: Session, scope: Scope, batch: ImportBatch
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return the headings and the refused lines as they were brought, each with the reasons in a last column."""
    ahead = batch.status is BatchStatus.READ
    lines = await (preview(session, scope, batch) if ahead else list_lines(session, scope, batch))
    sheets = sheets_of(batch)
    rows = sheets[batch.sheet][1] if sheets else []
    headings = rows[batch.header_row - 1] if batch.header_row <= len(rows) else []
    width = len(headings)
    found = [
        [*(rows[one.row - 1] + [""] * width)[:width], " ".join(_reason(mistake) for mistake in one.mistakes)]
        for one in lines
        if one.outcome == LineOutcome.REFUSED and one.row <= len(rows)
    ]
    return [*headings, "Motif"], found


def _reason(mistake: MistakeShown) -> str:
    return f"{mistake.column}\u00a0: {mistake.message}"


def read_lines(batch: ImportBatch, *, first: int = 0, most: int | None = None) -> list[Line]:
    """Return the lines of the sheet, or ``most`` of them from ``first`` on, each with what is wrong with it."""
    sheets = sheets_of(batch)
    if not sheets:
        return []
    rows = sheets[batch.sheet][1]
    columns = {int(where): name for where, name in batch.columns.items()}
    found = list(lines_of(rows, columns, header=batch.header_row - 1, file_name=batch.file_name, today=today()))
    asked = found[first : None if most is None else first + most]
    for line in asked:
        _check(line)
    return asked


def sheets_of(batch: ImportBatch) -> list[tuple[str, list[list[str]]]]:
    """Return the sheets of an import by name; none once its file was forgotten."""
    return [(one["name"], one["rows"]) for one in json.loads(batch.sheets)] if batch.sheets else []


def _check(line: Line) -> None:
    """Add what the fiche itself would refuse."""
    if not line.fiche or line.mistakes:
        return
    try:
        ImportIn.model_validate(line.fiche)
    except ValidationError as refused:
        line.mistakes += [Mistake(place(one["loc"]) or "title", sentence(one)) for one in refused.errors()]


async def _known(session: Session, scope: Scope, keys: Sequence[str]) -> dict[str, UUID]:
    statement = (
        select(ExternalId.external_id, ExternalId.project_id)
        .join(Project, col(Project.id) == col(ExternalId.project_id))
        .where(ExternalId.service == SERVICE, col(ExternalId.external_id).in_(keys), Project.home_epci == scope.epci)
        .where(col(Project.withdrawn_at).is_(None))
    )
    return {key: project_id for key, project_id in await session.exec(statement)}


def _shown(line: Line, known: UUID | None) -> LineShown:
    outcome = LineOutcome.CREATED if known is None and not line.step_of else LineOutcome.UPDATED
    return LineShown(
        row=line.row,
        title=line.title,
        step=line.step,
        outcome=(LineOutcome.REFUSED if line.mistakes else outcome).value,
        project_id=known,
        mistakes=[MistakeShown(column=one.column, message=one.message) for one in line.mistakes],
    )


def _columns(batch: ImportBatch) -> list[ColumnShown]:
    sheets = sheets_of(batch)
    if not sheets:
        return []
    rows = sheets[batch.sheet][1]
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
