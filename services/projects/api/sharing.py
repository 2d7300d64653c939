"""Sharing between EPCI: invitations on the owner’s side, answers on the partner’s."""

from fastapi import Response

from services.projects.api.context import PREFIX, Added, Changed, TheTerritory
from services.projects.commands import sharing
from services.projects.queries import participations
from services.projects.schemas.answers import AnswerShown, InvitationShown, ProjectShown
from services.projects.schemas.requests import InvitationIn, ParticipationIn
from shared.fields import Siren
from shared.http.guards import Router, Who
from shared.http.paging import Listing
from shared.http.preconditions import OnlyOnce
from shared.http.session import Reading, Transaction
from shared.identity.access import Right

router = Router(prefix=PREFIX, tags=["projects"])


@router.act("/projects/{project_id}/invitations", right=Right.DECIDE_PROJECTS, limit="token", status_code=201)
async def invite(wanted: InvitationIn, invitation: Added, territory: TheTerritory) -> ProjectShown:
    """Ask another EPCI to take part, or agree to one that proposed itself."""
    project = await sharing.invite_epci(*invitation.at, wanted, territory=territory)
    return invitation.told(ProjectShown.of(project))


@router.act("/projects/{project_id}/invitations/{siren}", right=Right.DECIDE_PROJECTS, limit="token", method="DELETE")
async def remove(siren: Siren, change: Changed) -> ProjectShown:
    """Take an EPCI out of a project, or turn its proposal down."""
    return change.told(ProjectShown.of(await sharing.remove_epci(*change.at, siren, version=change.seen)))


@router.read("/participations", right=Right.READ_TERRITORY, limit="token")
async def list_(session: Reading, who: Who) -> Listing[InvitationShown]:
    """List the projects of other EPCI that name this one."""
    return Listing(items=await participations.list_invitations(session, who))


@router.act("/participations", right=Right.DECIDE_PROJECTS, limit="token", status_code=201)
async def say(
    wanted: ParticipationIn, session: Transaction, who: Who, once: OnlyOnce, response: Response
) -> AnswerShown:
    """Say whether this EPCI takes part in a project of another."""
    said = await sharing.answer_project(session, who, wanted)
    return once.keep(AnswerShown.model_validate(said), response=response)
