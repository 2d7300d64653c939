"""Parts of a fiche: funding lines and their steps, milestones, indicators, decisions."""

from services.projects.api.context import PREFIX, Added, Changed
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
from shared.http.guards import Router
from shared.identity.access import Right

router = Router(prefix=f"{PREFIX}/projects/{{project_id}}", tags=["projects"])


@router.act("/funding", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def add_line(wanted: FundingIn, fiche: Added) -> ProjectShown:
    """Add a planned funding line, the last one of the answer."""
    return fiche.told(ProjectShown.of(await funding.add_line(*fiche.at, wanted)))


@router.act("/funding/{line_id}", right=Right.WRITE_PROJECTS, limit="token", method="PATCH")
async def change_line(line_id: Id, wanted: FundingPatch, fiche: Changed) -> ProjectShown:
    """Write the fields that are sent into an open line."""
    return fiche.told(ProjectShown.of(await funding.change_line(*fiche.at, line_id, wanted, version=fiche.seen)))


@router.act("/funding/{line_id}/steps", right=Right.WRITE_PROJECTS, limit="token")
async def step_line(line_id: Id, wanted: FundingStepIn, fiche: Changed) -> ProjectShown:
    """Request, review, grant, refuse, pay or withdraw a line."""
    return fiche.told(ProjectShown.of(await funding.step_line(*fiche.at, line_id, wanted, version=fiche.seen)))


@router.act("/milestones", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def add_milestone(wanted: MilestoneIn, fiche: Added) -> ProjectShown:
    """Add a dated step."""
    return fiche.told(ProjectShown.of(await follow_up.add_milestone(*fiche.at, wanted)))


@router.act("/milestones/{part_id}", right=Right.WRITE_PROJECTS, limit="token", method="PATCH")
async def change_milestone(part_id: Id, wanted: MilestonePatch, fiche: Changed) -> ProjectShown:
    """Change a dated step."""
    return fiche.told(ProjectShown.of(await follow_up.change_milestone(*fiche.at, part_id, wanted, version=fiche.seen)))


@router.act("/indicators", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def add_indicator(wanted: IndicatorIn, fiche: Added) -> ProjectShown:
    """Add an indicator."""
    return fiche.told(ProjectShown.of(await follow_up.add_indicator(*fiche.at, wanted)))


@router.act("/indicators/{part_id}", right=Right.WRITE_PROJECTS, limit="token", method="PATCH")
async def change_indicator(part_id: Id, wanted: IndicatorPatch, fiche: Changed) -> ProjectShown:
    """Change an indicator."""
    return fiche.told(ProjectShown.of(await follow_up.change_indicator(*fiche.at, part_id, wanted, version=fiche.seen)))


@router.act("/decisions", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def add_decision(wanted: DecisionIn, fiche: Added) -> ProjectShown:
    """Record what a committee decided."""
    return fiche.told(ProjectShown.of(await follow_up.add_decision(*fiche.at, wanted)))


@router.act("/decisions/{part_id}", right=Right.WRITE_PROJECTS, limit="token", method="PATCH")
async def change_decision(part_id: Id, wanted: DecisionPatch, fiche: Changed) -> ProjectShown:
    """Correct a decision."""
    return fiche.told(ProjectShown.of(await follow_up.change_decision(*fiche.at, part_id, wanted, version=fiche.seen)))
