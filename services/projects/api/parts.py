"""Parts of a fiche: funding lines and their steps, milestones, indicators, decisions."""

from services.projects.api.context import PREFIX, Answer
from services.projects.commands import follow_up, funding
from services.projects.schemas.answers import ProjectShown
from services.projects.schemas.plan import (
    DecisionPatch,
    FundingIn,
    FundingPatch,
    FundingStepIn,
    IndicatorIn,
    IndicatorPatch,
    MilestoneIn,
    MilestonePatch,
)
from services.projects.schemas.requests import DecisionIn
from shared.fields import Id
from shared.http.guards import Router, Who
from shared.http.preconditions import Seen
from shared.http.session import Transaction
from shared.identity.access import Right

router = Router(prefix=f"{PREFIX}/projects/{{project_id}}", tags=["projects"])


@router.act("/funding", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def add_line(project_id: Id, wanted: FundingIn, session: Transaction, who: Who, answer: Answer) -> ProjectShown:
    """Add a planned funding line, the last one of the answer."""
    project = await funding.add_line(session, who, project_id, wanted)
    return answer.told(ProjectShown.of(project), status=201)


@router.act("/funding/{line_id}", right=Right.WRITE_PROJECTS, limit="token", method="PATCH")
async def change_line(  # noqa: PLR0913 - FastAPI passes two ids, a body and four dependencies
    project_id: Id,
    line_id: Id,
    wanted: FundingPatch,
    session: Transaction,
    who: Who,
    seen: Seen,
    answer: Answer,
) -> ProjectShown:
    """Write the fields that are sent into an open line."""
    return answer.told(
        ProjectShown.of(await funding.change_line(session, who, project_id, line_id, wanted, version=seen))
    )


@router.act("/funding/{line_id}/steps", right=Right.WRITE_PROJECTS, limit="token")
async def step_line(  # noqa: PLR0913 - FastAPI passes two ids, a body and four dependencies
    project_id: Id,
    line_id: Id,
    wanted: FundingStepIn,
    session: Transaction,
    who: Who,
    seen: Seen,
    answer: Answer,
) -> ProjectShown:
    """Request, review, grant, refuse, pay or withdraw a line."""
    return answer.told(
        ProjectShown.of(await funding.step_line(session, who, project_id, line_id, wanted, version=seen))
    )


@router.act("/milestones", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def add_milestone(
    project_id: Id, wanted: MilestoneIn, session: Transaction, who: Who, answer: Answer
) -> ProjectShown:
    """Add a dated step."""
    project = await follow_up.add_milestone(session, who, project_id, wanted)
    return answer.told(ProjectShown.of(project), status=201)


@router.act("/milestones/{part_id}", right=Right.WRITE_PROJECTS, limit="token", method="PATCH")
async def change_milestone(  # noqa: PLR0913 - FastAPI passes two ids, a body and four dependencies
    project_id: Id,
    part_id: Id,
    wanted: MilestonePatch,
    session: Transaction,
    who: Who,
    seen: Seen,
    answer: Answer,
) -> ProjectShown:
    """Change a dated step."""
    return answer.told(
        ProjectShown.of(await follow_up.change_milestone(session, who, project_id, part_id, wanted, version=seen))
    )


@router.act("/indicators", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def add_indicator(
    project_id: Id, wanted: IndicatorIn, session: Transaction, who: Who, answer: Answer
) -> ProjectShown:
    """Add an indicator."""
    project = await follow_up.add_indicator(session, who, project_id, wanted)
    return answer.told(ProjectShown.of(project), status=201)


@router.act("/indicators/{part_id}", right=Right.WRITE_PROJECTS, limit="token", method="PATCH")
async def change_indicator(  # noqa: PLR0913 - FastAPI passes two ids, a body and four dependencies
    project_id: Id,
    part_id: Id,
    wanted: IndicatorPatch,
    session: Transaction,
    who: Who,
    seen: Seen,
    answer: Answer,
) -> ProjectShown:
    """Change an indicator."""
    return answer.told(
        ProjectShown.of(await follow_up.change_indicator(session, who, project_id, part_id, wanted, version=seen))
    )


@router.act("/decisions", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def add_decision(
    project_id: Id, wanted: DecisionIn, session: Transaction, who: Who, answer: Answer
) -> ProjectShown:
    """Record what a committee decided."""
    project = await follow_up.add_decision(session, who, project_id, wanted)
    return answer.told(ProjectShown.of(project), status=201)


@router.act("/decisions/{part_id}", right=Right.WRITE_PROJECTS, limit="token", method="PATCH")
async def change_decision(  # noqa: PLR0913 - FastAPI passes two ids, a body and four dependencies
    project_id: Id,
    part_id: Id,
    wanted: DecisionPatch,
    session: Transaction,
    who: Who,
    seen: Seen,
    answer: Answer,
) -> ProjectShown:
    """Correct a decision."""
    return answer.told(
        ProjectShown.of(await follow_up.change_decision(session, who, project_id, part_id, wanted, version=seen))
    )
