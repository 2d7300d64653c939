"""Milestones, indicators and decisions: what guards read, and committees look at."""

from typing import Any, TypeVar
from uuid import UUID

import structlog
from pydantic import BaseModel

from services.projects.commands.columns import named, new_indicator
from services.projects.commands.telling import not_ahead, take, tell
from services.projects.errors import AlreadyKnown, ListFull, PartNotFound
from services.projects.models import Decision, Indicator, Milestone, Project
from services.projects.rules.indicators import INDICATORS
from services.projects.rules.words import MilestoneStatus
from services.projects.schemas.plan import DecisionPatch, IndicatorIn, IndicatorPatch, MilestoneIn, MilestonePatch
from services.projects.schemas.requests import DecisionIn
from shared.clock import today
from shared.db.session import Session
from shared.identity.access import Scope

log = structlog.get_logger(__name__)

Part = TypeVar("Part", Milestone, Indicator, Decision)

MOST_MILESTONES = 100
MOST_INDICATORS = 40
MOST_DECISIONS = 100


async def add_milestone(session: Session, scope: Scope, project_id: UUID, wanted: MilestoneIn) -> Project:
    """Add a dated step.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        ListFull: 100 steps.
    """
    project = await take(session, scope, project_id)
    _require_room(project.milestones, most=MOST_MILESTONES)
    project.milestones.append(_dated(Milestone(**wanted.model_dump())))
    return await _told(session, project, fact="updated", part="milestones")


async def change_milestone(
    session: Session, scope: Scope, project_id: UUID, part_id: UUID, wanted: MilestonePatch, *, version: int
) -> Project:
    """Change a step; one that is done gets a day, today unless it was given.

    Raises:
        ProjectNotFound, PartNotFound: nothing under these ids within ``scope``.
        StaleVersion: the project changed after ``version``.
    """
    project = await take(session, scope, project_id, version=version)
    _dated(_write(_part(project.milestones, part_id), _sent(wanted)))
    return await _told(session, project, fact="updated", part="milestones")


async def remove_milestone(session: Session, scope: Scope, project_id: UUID, part_id: UUID, *, version: int) -> Project:
    """Take a step out of a fiche, as if it had never been there.

    Raises:
        ProjectNotFound, PartNotFound: nothing under these ids within ``scope``.
        StaleVersion: the project changed after ``version``.
    """
    project = await take(session, scope, project_id, version=version)
    step = _part(project.milestones, part_id)
    project.milestones.remove(step)
    await session.delete(step)
    return await _told(session, project, fact="updated", part="milestones")


async def add_indicator(session: Session, scope: Scope, project_id: UUID, wanted: IndicatorIn) -> Project:
    """Add an indicator.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        ListFull: 40 indicators.
        AlreadyKnown: the common indicator is there; twice, it would count twice.
    """
    project = await take(session, scope, project_id)
    _require_room(project.indicators, most=MOST_INDICATORS)
    common = INDICATORS.get(wanted.code)
    if common and any(one.code == wanted.code for one in project.indicators):
        raise AlreadyKnown("Cet indicateur est déjà dans la fiche.", field="code")
    project.indicators.append(new_indicator(wanted))
    return await _told(session, project, fact="indicators_recorded", part="indicators")


async def change_indicator(
    session: Session, scope: Scope, project_id: UUID, part_id: UUID, wanted: IndicatorPatch, *, version: int
) -> Project:
    """Change an indicator: what was reached, or why it cannot be measured.

    Raises:
        ProjectNotFound, PartNotFound: nothing under these ids within ``scope``.
        StaleVersion: the project changed after ``version``.
    """
    project = await take(session, scope, project_id, version=version)
    named(_write(_part(project.indicators, part_id), wanted.model_dump(mode="json", exclude_unset=True)))
    return await _told(session, project, fact="indicators_recorded", part="indicators")


async def add_decision(
    session: Session, scope: Scope, project_id: UUID, wanted: DecisionIn, *, meeting_id: UUID | None = None
) -> Project:
    """Record what a committee decided, and in which of the sittings that are kept here.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        Invalid: a decision of tomorrow.
        ListFull: 100 decisions.
    """
    project = await take(session, scope, project_id)
    not_ahead(wanted.decided_on, field="decided_on")
    _require_room(project.decisions, most=MOST_DECISIONS)
    project.decisions.append(Decision(**wanted.model_dump(), meeting_id=meeting_id))
    return await _told(session, project, fact="decision_recorded", part="decisions")


async def change_decision(
    session: Session, scope: Scope, project_id: UUID, part_id: UUID, wanted: DecisionPatch, *, version: int
) -> Project:
    """Correct what was recorded of a decision.

    Raises:
        ProjectNotFound, PartNotFound: nothing under these ids within ``scope``.
        StaleVersion: the project changed after ``version``.
        Invalid: a decision of tomorrow.
    """
    project = await take(session, scope, project_id, version=version)
    not_ahead(wanted.decided_on, field="decided_on")
    _write(_part(project.decisions, part_id), _sent(wanted))
    return await _told(session, project, fact="decision_recorded", part="decisions")


async def _told(session: Session, project: Project, *, fact: str, part: str) -> Project:
    await tell(session, project, fact=fact, changed=[part])
    log.info("project_followed_up", project_id=str(project.id), part=part)
    return project


def _part(parts: list[Part], part_id: UUID) -> Part:
    found = next((one for one in parts if one.id == part_id), None)
    if found is None:
        raise PartNotFound
    return found


def _require_room(parts: list[Part], *, most: int) -> None:
    if len(parts) >= most:
        raise ListFull(f"Une fiche en compte au plus {most}.")


def _sent(wanted: BaseModel) -> dict[str, Any]:
    return wanted.model_dump(exclude_unset=True)


def _write(part: Part, values: dict[str, Any]) -> Part:
    for name, value in values.items():
        setattr(part, name, value)
    return part


def _dated(step: Milestone) -> Milestone:
    if step.status is MilestoneStatus.DONE:
        step.done_on = step.done_on or today()
    return step
