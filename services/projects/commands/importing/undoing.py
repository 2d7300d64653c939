"""An import is taken back, last line first; whatever somebody has written in since stays."""

from uuid import UUID

import structlog
from sqlalchemy import func
from sqlmodel import col, select

from services.projects.commands.fiche import change_project, withdraw_project
from services.projects.commands.follow_up import remove_milestone
from services.projects.commands.versions import raise_version, require_seen
from services.projects.errors import ImportRefused
from services.projects.models import ImportBatch, ImportLine, Project
from services.projects.queries.imports import DONE, get_import, list_lines_of
from services.projects.rules.lines import SERVICE
from services.projects.rules.words import BatchStatus, LineOutcome
from services.projects.schemas.requests import ProjectPatch
from shared.db.session import Session
from shared.errors import Refusal
from shared.identity.access import Scope

log = structlog.get_logger(__name__)


async def undo_import(session: Session, scope: Scope, import_id: UUID, *, version: int) -> ImportBatch:
    """Take an import back, also one that is still being applied: what it made is withdrawn, the rest as it was.

    Raises:
        ImportNotFound: nothing under this id within ``scope``.
        StaleVersion: it changed after ``version``.
        ImportRefused: nothing of it was applied.
    """
    batch = await get_import(session, scope, import_id, lock=True)
    require_seen(batch, version, sentence="Cet import a changé entre-temps.")
    if batch.status not in {BatchStatus.APPLYING, BatchStatus.APPLIED}:
        raise ImportRefused("Cet import n’en est plus là.", status_now=batch.status.value)
    batch.status = BatchStatus.UNDOING
    await raise_version(session, batch)
    log.info("import_undo_started", import_id=str(import_id))
    return batch


async def take_some_back(session: Session, scope: Scope, batch: ImportBatch, *, limit: int) -> int:
    """Take back some lines, the last ones first; return how many were looked at."""
    lines = await list_lines_of(session, scope, batch, outcomes=DONE, last_first=True, limit=limit)
    made = await _made(session, batch)
    for line in lines:
        try:
            async with session.begin_nested():
                await _take_back(session, scope, line, made=line.project_id in made)
        except Refusal as refused:
            log.info("line_not_taken_back", import_id=str(batch.id), reason=type(refused).__name__)
            line.outcome = LineOutcome.KEPT
        session.add(line)
        await session.flush()
    return len(lines)


async def _take_back(session: Session, scope: Scope, line: ImportLine, *, made: bool) -> None:
    project = await session.get(Project, line.project_id) if line.project_id else None
    if project is None or project.withdrawn_at is not None or project.news_at != await _last_news(session, line):
        line.outcome = LineOutcome.KEPT
        return
    if line.outcome is LineOutcome.CREATED:
        await withdraw_project(session, scope, project.id, version=project.version)
        # The sheet may be brought again once it was mended.
        for name in [one for one in project.external_ids if one.service == SERVICE]:
            await session.delete(name)
    elif not made:  # what it made goes as a whole, with the line that made it
        await _say_as_before(session, scope, line, project)
    line.outcome = LineOutcome.UNDONE


async def _say_as_before(session: Session, scope: Scope, line: ImportLine, project: Project) -> None:
    before = line.before or {}
    if "step" in before:
        project = await remove_milestone(session, scope, project.id, UUID(before["step"]), version=project.version)
    if "fiche" in before:
        said = ProjectPatch.model_validate(before["fiche"])
        project = await change_project(session, scope, project.id, said, version=project.version)
    line.news_at = project.news_at


async def _last_news(session: Session, line: ImportLine) -> object:
    """Return when this import last wrote in a fiche, with its steps, or in taking them back."""
    statement = select(func.max(ImportLine.news_at)).where(
        ImportLine.project_id == line.project_id, ImportLine.batch_id == line.batch_id
    )
    return (await session.exec(statement)).one()


async def _made(session: Session, batch: ImportBatch) -> set[UUID]:
    statement = select(ImportLine.project_id).where(
        ImportLine.batch_id == batch.id, col(ImportLine.outcome) == LineOutcome.CREATED
    )
    return {one for one in await session.exec(statement) if one is not None}
