"""Projects answer calls; the money of an answer is that of the line it names."""

from uuid import UUID

import structlog

from services.projects.commands.telling import not_ahead, take, tell
from services.projects.errors import AlreadyKnown, ApplicationRefused, CallNotFound, ListFull, PartNotFound
from services.projects.models import Application, Project
from services.projects.queries.calls import find_open_call
from services.projects.rules.applications import RESULTS, next_statuses
from services.projects.rules.words import APPLICATIONS
from services.projects.schemas.calls import ApplicationIn, ApplicationPatch
from shared.clock import today
from shared.contracts.projects import ApplicationStatus
from shared.db.session import Session
from shared.identity.access import Scope

log = structlog.get_logger(__name__)

MOST = 30


async def add_application(session: Session, scope: Scope, project_id: UUID, wanted: ApplicationIn) -> Project:
    """Note that a project may answer a call.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        CallNotFound: no such call is open.
        AlreadyKnown: the project answers it already.
        PartNotFound: no such line in the plan.
        ListFull: 30 answers.
    """
    project = await take(session, scope, project_id)
    call = await find_open_call(session, scope, wanted.call_epci, wanted.call_id)
    if call is None:
        raise CallNotFound
    if any((one.call_epci, one.call_id) == (wanted.call_epci, wanted.call_id) for one in project.applications):
        raise AlreadyKnown("Ce projet répond déjà à cet appel.", field="call_id")
    if len(project.applications) >= MOST:
        raise ListFull(f"Une fiche en compte au plus {MOST}.")
    _require_line(project, wanted.line_id)
    project.applications.append(Application(**wanted.model_dump(), call_title=call.title))
    await tell(session, project, fact="updated", changed=["applications"])
    log.info("application_added", project_id=str(project_id), call_id=str(wanted.call_id))
    return project


async def change_application(
    session: Session, scope: Scope, project_id: UUID, part_id: UUID, wanted: ApplicationPatch, *, version: int
) -> Project:
    """Move an answer on, or correct what was noted of it.

    Raises:
        ProjectNotFound, PartNotFound: nothing under these ids within ``scope``.
        StaleVersion: the project changed after ``version``.
        ApplicationRefused: the status does not follow.
        Invalid: a day in the future.
    """
    project = await take(session, scope, project_id, version=version)
    found = next((one for one in project.applications if one.id == part_id), None)
    if found is None:
        raise PartNotFound
    not_ahead(wanted.on, field="on")
    sent = wanted.model_fields_set
    if "line_id" in sent:
        _require_line(project, wanted.line_id)
        found.line_id = wanted.line_id
    if "note" in sent:
        found.note = wanted.note
    if "status" in sent and wanted.status is not found.status:
        _move(found, wanted)
    await tell(session, project, fact="updated", changed=["applications"])
    log.info("application_changed", project_id=str(project_id), status=found.status.value)
    return project


def _move(application: Application, wanted: ApplicationPatch) -> None:
    if wanted.status not in next_statuses(application.status):
        raise ApplicationRefused(
            f"« {APPLICATIONS[wanted.status]} » ne suit pas l’état « {APPLICATIONS[application.status]} ».",
            status_now=application.status.value,
        )
    day = wanted.on or today()
    if wanted.status is ApplicationStatus.SUBMITTED:
        application.submitted_on = day
    elif wanted.status in RESULTS:
        application.decided_on = day
    application.status = wanted.status


def _require_line(project: Project, line_id: UUID | None) -> None:
    if line_id is not None and line_id not in {one.id for one in project.lines}:
        raise PartNotFound
