"""Calls, the projects they may be for, the answers to them, what the public proposes."""

from typing import Annotated

from fastapi import Query, Response

from services.projects.api.context import PREFIX, Added, Changed, TheTerritory
from services.projects.commands import applications, calls, submissions
from services.projects.errors import CallNotFound
from services.projects.queries import calls as queries
from services.projects.queries.projects import get_project
from services.projects.rules.words import SubmissionStatus
from services.projects.schemas.answers import ProjectShown
from services.projects.schemas.calls import (
    ApplicationIn,
    ApplicationPatch,
    CallForProject,
    CallIn,
    CallPatch,
    CallShown,
    DismissalIn,
    ModerationIn,
    ProjectForCall,
    Received,
    SubmissionIn,
    SubmissionShown,
)
from shared.fields import Id, Siren
from shared.http.guards import Router, Who
from shared.http.paging import Listing, Page, listing, of_id
from shared.http.preconditions import Answered, OnlyOnce, Seen, tag
from shared.http.session import Reading, Transaction
from shared.identity.access import Right

router = Router(prefix=PREFIX, tags=["projects"])
_DISMISSAL = "/projects/{project_id}/calls/{siren}/{call_id}/dismissal"


@router.read("/calls", right=Right.READ_TERRITORY, limit="token")
async def list_(session: Reading, who: Who) -> Listing[CallShown]:
    """List the open calls of the territory, next to close first; drafts to those of this EPCI."""
    return Listing(items=await queries.list_calls(session, who))


@router.act("/calls", right=Right.DECIDE_PROJECTS, limit="token", status_code=201)
async def create(wanted: CallIn, session: Transaction, who: Who, answer: Answered) -> CallShown:
    """Draft a call."""
    made = await calls.create_call(session, who, wanted)
    return answer.made(CallShown.of(made, own=True), version=made.version, at=f"{PREFIX}/calls/{made.id}")


@router.read("/calls/{call_id}", right=Right.READ_TERRITORY, limit="token")
async def read(call_id: Id, session: Reading, who: Who, response: Response) -> CallShown:
    """Read a call of this EPCI, open or over."""
    found = await queries.get_call(session, who, call_id)
    tag(response, found.version)
    return CallShown.of(found, own=True)


@router.act("/calls/{call_id}", right=Right.DECIDE_PROJECTS, limit="token", method="PATCH")
async def change(
    call_id: Id, wanted: CallPatch, session: Transaction, who: Who, seen: Seen, answer: Answered
) -> CallShown:
    """Write the fields that are sent."""
    changed = await calls.change_call(session, who, call_id, wanted, version=seen)
    return answer.told(CallShown.of(changed, own=True), version=changed.version)


@router.act("/calls/{call_id}/publication", right=Right.DECIDE_PROJECTS, limit="token")
async def publish(call_id: Id, session: Transaction, who: Who, seen: Seen, answer: Answered) -> CallShown:
    """Publish a draft."""
    changed = await calls.publish_call(session, who, call_id, version=seen)
    return answer.told(CallShown.of(changed, own=True), version=changed.version)


@router.act("/calls/{call_id}/cancellation", right=Right.DECIDE_PROJECTS, limit="token")
async def cancel(call_id: Id, session: Transaction, who: Who, seen: Seen, answer: Answered) -> CallShown:
    """Cancel a call; readers forget it."""
    changed = await calls.cancel_call(session, who, call_id, version=seen)
    return answer.told(CallShown.of(changed, own=True), version=changed.version)


@router.read("/territory/calls/{siren}/{call_id}/projects", right=Right.WRITE_PROJECTS, limit="token")
async def list_projects(siren: Siren, call_id: Id, session: Reading, who: Who) -> Listing[ProjectForCall]:
    """List the own projects which an open call of any EPCI may be for, with each criterion."""
    call = await queries.find_open_call(session, who, siren, call_id)
    if call is None:
        raise CallNotFound
    return Listing(items=await queries.list_projects_for(session, who, call))


@router.read("/projects/{project_id}/calls", right=Right.WRITE_PROJECTS, limit="token")
async def list_calls(project_id: Id, session: Reading, who: Who) -> Listing[CallForProject]:
    """List the open calls that may be for a project, with each criterion."""
    project = await get_project(session, who, project_id)
    return Listing(items=await queries.list_calls_for(session, who, project))


@router.act(_DISMISSAL, right=Right.WRITE_PROJECTS, limit="token", status_code=204)
async def dismiss(
    project_id: Id, siren: Siren, call_id: Id, wanted: DismissalIn, session: Transaction, who: Who
) -> None:
    """Say why a call is not for a project; it is not proposed for it again."""
    await calls.dismiss_call(session, who, project_id, siren, call_id, wanted)


@router.act("/projects/{project_id}/applications", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def apply(wanted: ApplicationIn, fiche: Added) -> ProjectShown:
    """Note that a project may answer a call."""
    return fiche.told(ProjectShown.of(await applications.add_application(*fiche.at, wanted)))


@router.act("/projects/{project_id}/applications/{part_id}", right=Right.WRITE_PROJECTS, limit="token", method="PATCH")
async def change_application(part_id: Id, wanted: ApplicationPatch, fiche: Changed) -> ProjectShown:
    """Move an answer on, or correct what was noted of it."""
    changed = await applications.change_application(*fiche.at, part_id, wanted, version=fiche.seen)
    return fiche.told(ProjectShown.of(changed))


@router.act("/calls/{call_id}/submissions", right=Right.PUBLIC, limit="form", status_code=201)
async def submit(
    call_id: Id, wanted: SubmissionIn, session: Transaction, who: Who, once: OnlyOnce, response: Response
) -> Received:
    """Propose an initiative; somebody reads it before anything is shown."""
    kept = await submissions.receive_submission(session, who, call_id, wanted)
    return once.keep(Received(id=kept.id), response=response)


@router.read("/submissions", right=Right.READ_PERSONS, limit="token")
async def list_submissions(
    session: Reading, who: Who, page: Page, status: Annotated[SubmissionStatus | None, Query()] = None
) -> Listing[SubmissionShown]:
    """List what the public proposed, newest first."""
    found = await queries.list_submissions(session, who, status=status, after=page.after, limit=page.limit + 1)
    return listing([SubmissionShown.model_validate(one) for one in found], limit=page.limit, by=of_id)


@router.act("/submissions/{submission_id}/decision", right=Right.DECIDE_PROJECTS, limit="token")
async def moderate(
    submission_id: Id, wanted: ModerationIn, session: Transaction, who: Who, territory: TheTerritory, seen: Seen
) -> SubmissionShown:
    """Accept, refuse or set aside a proposal."""
    done = await submissions.moderate_submission(session, who, submission_id, wanted, version=seen, territory=territory)
    return SubmissionShown.model_validate(done)
