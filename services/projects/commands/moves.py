"""Projects move from stage to stage, each move behind its guards; health follows the calendar."""

from dataclasses import asdict
from uuid import UUID

import structlog

from services.projects.commands.telling import check_health, coordinator_only, not_ahead, take, tell
from services.projects.errors import MoveRefused
from services.projects.models import Decision, Project, StageMove
from services.projects.queries.projects import list_unchecked
from services.projects.rules.fiche import Inputs, Unmet
from services.projects.rules.funding import OPEN
from services.projects.rules.stages import TRANSITIONS, destination, move_towards, unmet_guards
from services.projects.rules.words import Move
from services.projects.schemas.requests import MoveIn
from shared.clock import today
from shared.contracts.projects import FundingStatus
from shared.db.session import Session
from shared.identity.access import Scope

log = structlog.get_logger(__name__)

_BATCH = 100


async def move_project(session: Session, scope: Scope, project_id: UUID, wanted: MoveIn, *, version: int) -> Project:
    """Put a project in another stage and record its new state for the territory.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        StaleVersion: the project changed after ``version``.
        Forbidden: a coordinator’s move, asked by an agent.
        MoveRefused: guards are not met; names every one of them, nothing changed.
    """
    project = await take(session, scope, project_id, version=version)
    move = wanted.move or (move_towards(project.stage, wanted.to) if wanted.to else None)
    if move is None:
        raise _refused([Unmet("not_listed", "Cette étape ne suit pas l’étape actuelle.", "to")])
    if TRANSITIONS[move].coordinator:
        coordinator_only(scope)
    if wanted.decision is not None:
        not_ahead(wanted.decision.decided_on, field="decision.decided_on")
    unmet = unmet_guards(project, move, inputs=_inputs(wanted), today=today())
    if unmet:
        raise _refused(unmet)
    _apply(project, scope, move, wanted)
    await tell(session, project, fact="updated" if move is Move.CORRECT else "stage_changed", changed=["stage"])
    log.info("project_moved", project_id=str(project_id), move=move.value, stage=project.stage.value)
    return project


async def refresh_health(session: Session, scope: Scope) -> int:
    """Compute the health of projects not looked at today and tell what changed; return how many were looked at."""
    projects = await list_unchecked(session, scope, limit=_BATCH)
    for project in projects:
        if check_health(project):
            await tell(session, project, fact="health_changed", changed=["health"], news=False)
            log.info("health_changed", project_id=str(project.id), health=project.health_shown.value)
    return len(projects)


def _refused(unmet: list[Unmet]) -> MoveRefused:
    sentence = "Cette étape n’est pas encore possible. " + " ".join(one.message for one in unmet)
    return MoveRefused(sentence, unmet=[asdict(one) for one in unmet])


def _inputs(wanted: MoveIn) -> Inputs:
    return Inputs(
        reason=wanted.reason,
        decision=wanted.decision,
        abandon_reason=wanted.abandon_reason,
        kept_project_id=wanted.kept_project_id,
        actual_start=wanted.actual_start,
        actual_end=wanted.actual_end,
    )


def _apply(project: Project, scope: Scope, move: Move, wanted: MoveIn) -> None:
    to, undone = destination(project, move), project.history[-1]
    if move is Move.REOPEN:
        project.attempt += 1
    row = StageMove(
        project_id=project.id,
        number=undone.number + 1,
        move=move,
        from_stage=project.stage,
        to_stage=to,
        entered_on=today(),
        attempt=project.attempt,
        reason=wanted.reason,
        abandon_reason=wanted.abandon_reason if move is Move.ABANDON else None,
        kept_project_id=wanted.kept_project_id if move is Move.ABANDON else None,
        actor=scope.actor,
    )
    if move is Move.ABANDON:
        _withdraw_open_lines(project, row.id)
    if move is Move.CORRECT:
        _take_back(project, undone)
    project.history.append(row)
    project.stage = to
    project.actual_start = wanted.actual_start or project.actual_start
    project.actual_end = wanted.actual_end or project.actual_end
    if wanted.decision is not None:
        project.decisions.append(Decision(**wanted.decision.model_dump()))


def _withdraw_open_lines(project: Project, move_id: UUID) -> None:
    for line in project.lines:
        if line.status in OPEN:
            line.status_before, line.withdrawn_by = line.status, move_id
            line.status = FundingStatus.WITHDRAWN


def _take_back(project: Project, undone: StageMove) -> None:
    """Mark the last move as undone, and undo what it did besides the stage."""
    undone.undone = True
    if undone.move is Move.REOPEN:
        project.attempt -= 1
    for line in project.lines:
        if line.withdrawn_by == undone.id and line.status_before is not None:
            line.status, line.status_before, line.withdrawn_by = line.status_before, None, None
