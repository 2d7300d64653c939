"""Lines that wait are written some at a time, so that others write in between; a line that cannot be stays aside."""

from typing import Any

import structlog

from services.projects.commands.fiche import change_project, import_project
from services.projects.commands.follow_up import add_milestone
from services.projects.commands.importing.undoing import take_some_back
from services.projects.commands.versions import raise_version
from services.projects.errors import ImportRefused, ProjectNotFound
from services.projects.models import ImportBatch, ImportLine, Project
from services.projects.queries.imports import NOT_OURS, find_under_way, list_lines_of
from services.projects.queries.projects import get_project, list_by_external_ids
from services.projects.rules.lines import SERVICE
from services.projects.rules.words import BatchStatus, LineOutcome
from services.projects.schemas.lines import KeptLine
from services.projects.schemas.plan import ImportIn
from services.projects.schemas.requests import ProjectPatch
from shared.contracts.projects import Kind, SponsorType
from shared.db.session import Session
from shared.errors import Refusal
from shared.identity.access import Role, Scope
from shared.stems import folded
from shared.territory.members import Territory

log = structlog.get_logger(__name__)

AT_ONCE = 25
_NOT_CHANGED = frozenset(
    {"funding", "indicators", "external_ids", "source", "stage", "stage_entered_on", "late_reported"}
)
_STAGE_STAYS = "L’étape d’une fiche qui existe déjà ne change pas par un import."
_PLAN_STAYS = "Le plan de financement d’une fiche qui existe déjà ne change pas par un import."
_TARGET_STAYS = "Les indicateurs d’une fiche qui existe déjà ne changent pas par un import."


async def go_on(session: Session, scope: Scope, *, territory: Territory) -> int:
    """See to the next lines of an import that is under way; return 0 when there is none."""
    batch = await find_under_way(session, scope, lock=True)
    if batch is None:
        return 0
    scope = Scope(epci=scope.epci, role=Role.COORDINATOR, actor=batch.actor)  # on behalf of whoever brought the file
    if batch.status is BatchStatus.APPLYING:
        more, over = await _apply_some(session, scope, batch, territory=territory), BatchStatus.APPLIED
    else:
        more, over = await take_some_back(session, scope, batch, limit=AT_ONCE), BatchStatus.UNDONE
    if not more:
        batch.status = over
        log.info("import_ended", import_id=str(batch.id), status=over.value)
    await raise_version(session, batch)
    return 1


async def _apply_some(session: Session, scope: Scope, batch: ImportBatch, *, territory: Territory) -> int:
    waiting = [LineOutcome.WAITING]
    lines = await list_lines_of(session, scope, batch, outcomes=waiting, last_first=False, limit=AT_ONCE)
    for line in lines:
        kept = KeptLine.model_validate(line.said)
        try:
            async with session.begin_nested():
                await _write(session, scope, line, kept, territory=territory)
        except Refusal as refused:
            line.outcome, line.project_id, line.before = LineOutcome.REFUSED, None, None
            line.mistakes = [{"column": "Ligne", "message": refused.detail}]
        line.said = {}
        session.add(line)
    await session.flush()
    return len(lines)


async def _write(session: Session, scope: Scope, line: ImportLine, kept: KeptLine, *, territory: Territory) -> None:
    project = await _find(session, scope, kept)
    before: dict[str, Any] = {}
    outcome = LineOutcome.UNCHANGED
    if project is None:
        if kept.fiche is None:
            raise ImportRefused("L’action de cette sous-action n’a pas été importée.")
        project, is_new = await import_project(session, scope, kept.fiche, territory=territory)
        if is_new:
            outcome = LineOutcome.CREATED
    elif kept.fiche is not None:
        version, patch = project.version, _patch(project, kept.fiche)
        line.mistakes = [{"column": column, "message": words} for column, words in _left(project, kept)]
        before["fiche"] = _said(project, patch)
        project = await change_project(session, scope, project.id, patch, version=version)
        outcome = outcome if project.version == version else LineOutcome.UPDATED
    if kept.step is not None and all(one.label != kept.step.label for one in project.milestones):
        project = await add_milestone(session, scope, project.id, kept.step)
        before["step"] = str(project.milestones[-1].id)
        outcome = LineOutcome.UPDATED if outcome is LineOutcome.UNCHANGED else outcome
    line.outcome, line.project_id = outcome, project.id
    if outcome is not LineOutcome.UNCHANGED:
        line.before, line.news_at = before, project.news_at


async def _find(session: Session, scope: Scope, kept: KeptLine) -> Project | None:
    """Return the fiche that a line says it is, by our own id, or by what an import calls it.

    Raises:
        ImportRefused: the id is not of a fiche of this EPCI.
    """
    if kept.project_id is not None:
        try:
            return await get_project(session, scope, kept.project_id, lock=True)
        except ProjectNotFound as refused:
            raise ImportRefused(NOT_OURS) from refused
    found = await list_by_external_ids(session, scope, [(SERVICE, kept.key)])
    return next((one for one in found if one.withdrawn_at is None), None)


def _patch(project: Project, fiche: ImportIn) -> ProjectPatch:
    """Return what a line changes of a fiche: what a sheet knows less well than the fiche stays as it is."""
    said = fiche.model_dump(mode="json", include=fiche.model_fields_set - _NOT_CHANGED)
    if project.need_statement:
        said.pop("need_statement", None)
    if fiche.kind is Kind.OTHER:  # also where no column says it
        del said["kind"]
    if "sponsor" in said:
        if project.sponsor_type is SponsorType.NATURAL_PERSON:
            del said["sponsor"]  # of another type, the name would go to the territory
        else:
            same = project.sponsor_name == said["sponsor"]["name"]
            siret = project.sponsor_siret if same else None
            said["sponsor"] |= {"type": project.sponsor_type.value, "siret": siret}
    if "partners" in said:
        known = {folded(str(one["name"])) for one in project.partners}
        said["partners"] = [*project.partners, *(one for one in said["partners"] if folded(one["name"]) not in known)]
    return ProjectPatch.model_validate(said)


def _left(project: Project, kept: KeptLine) -> list[tuple[str, str]]:
    """Return what a line says otherwise than the fiche, and an import does not change, by the heading of a column."""
    fiche, left = kept.fiche, []
    if fiche is not None and "stage" in fiche.model_fields_set and fiche.stage is not project.stage:
        left.append(("Étape", _STAGE_STAYS))
    planned = {(one.funder_name, one.amount_planned) for one in project.lines}
    if fiche is not None and any((one.funder_name, one.amount_planned) not in planned for one in fiche.funding):
        left.append(("Financements", _PLAN_STAYS))
    aimed = {one.code: (one.target or {}).get("value") for one in project.indicators}
    targets = fiche.indicators if fiche is not None else ()
    if any(one.target and aimed.get(one.code) != f"{one.target.value:f}" for one in targets):
        left.append(("Indicateurs", _TARGET_STAYS))
    return left


def _said(project: Project, patch: ProjectPatch) -> dict[str, Any]:
    """Return what a fiche says of the fields that a patch changes, as a request would say it."""
    names = patch.model_fields_set
    said: dict[str, Any] = {name: getattr(project, name) for name in names - {"sponsor"}}
    if "sponsor" in names:
        said["sponsor"] = {name: getattr(project, f"sponsor_{name}") for name in ("type", "siret", "name")}
    return ProjectPatch.model_validate(said).model_dump(mode="json", exclude_unset=True)
