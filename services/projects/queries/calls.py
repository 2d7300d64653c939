"""Reads about calls: those of the territory, which project they may be for, what the public proposed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from services.projects.errors import CallNotFound
from services.projects.models import Application, Call, CallDismissal, KnownCall, Project, Submission
from services.projects.rules.matching import WATCHED, criteria, may_fit
from services.projects.rules.words import SubmissionStatus
from services.projects.schemas.calls import CallForProject, CallShown, CriterionShown, ProjectForCall
from shared.clock import now
from shared.contracts import projects as wire
from shared.contracts.base import Visibility
from shared.contracts.projects import CallStatus, Stage
from shared.db.session import Session
from shared.identity.access import Right, Scope

OPEN_CALLS = 500
_INSIDE = frozenset({CallStatus.DRAFT, CallStatus.CANCELLED})
CANDIDATES = 500


async def get_call(session: Session, scope: Scope, call_id: UUID, *, lock: bool = False) -> Call:
    """Return a call of this EPCI; what was never published, or cancelled, exists for its own people only.

    Raises:
        CallNotFound: none that the caller may know.
    """
    statement = select(Call).where(Call.id == call_id, Call.home_epci == scope.epci)
    call = (await session.exec(statement.with_for_update() if lock else statement)).first()
    if call is None or (call.status in _INSIDE and not scope.may(Right.WRITE_PROJECTS)):
        raise CallNotFound
    return call


async def get_open_public_call(session: Session, scope: Scope, call_id: UUID) -> Call:
    """Return a call to which the public may propose something now.

    Raises:
        CallNotFound: none, or not for the public, or over.
    """
    call = await get_call(session, scope, call_id)
    instant = now()
    early = call.opens_at is not None and call.opens_at > instant
    shown = call.status is CallStatus.PUBLISHED and call.visibility is Visibility.PUBLIC
    if not shown or _is_over(call, instant) or early or not call.accepts_submissions:
        raise CallNotFound
    return call


async def find_open_call(session: Session, scope: Scope, siren: str, call_id: UUID) -> CallShown | None:
    """Return a published call of any EPCI of the territory that is not over."""
    if siren == scope.epci:
        call = await session.get(Call, call_id)
        found = CallShown.of(call, own=True) if call and call.status is CallStatus.PUBLISHED else None
    else:
        known = await session.get(KnownCall, (siren, call_id))
        found = None if known is None or known.deleted else _heard(known)
    return found if found and not _is_over(found, now()) else None


async def list_calls(session: Session, scope: Scope) -> list[CallShown]:
    """Return the open calls of the territory, next to close first; to its own people also the drafts of this EPCI."""
    statuses = {CallStatus.PUBLISHED} | ({CallStatus.DRAFT} if scope.may(Right.WRITE_PROJECTS) else set())
    own = select(Call).where(Call.home_epci == scope.epci, col(Call.status).in_(statuses))
    heard = select(KnownCall).where(KnownCall.home_epci != scope.epci, col(KnownCall.deleted).is_(False))
    found = [CallShown.of(one, own=True) for one in await session.exec(own.limit(OPEN_CALLS))]
    found += [_heard(one) for one in await session.exec(heard.limit(OPEN_CALLS))]
    instant = now()
    # Whoever publishes a call says a little later that it is over, or may be away for days.
    found = [one for one in found if one.status == CallStatus.DRAFT or not _is_over(one, instant)]
    return sorted(found, key=lambda one: (one.closes_at is None, one.closes_at or one.updated_at, one.title))


async def list_calls_for(session: Session, scope: Scope, project: Project) -> list[CallForProject]:
    """Return the open calls against which nothing speaks, without those dismissed or answered already."""
    settled = {(one.call_epci, one.call_id) for one in project.applications} | await _dismissed(session, project.id)
    found = []
    for call in await list_calls(session, scope):
        stands = criteria(call, project, now=now())
        if call.status == CallStatus.PUBLISHED and may_fit(stands) and (call.home_epci, call.id) not in settled:
            found.append(CallForProject(call=call, criteria=[CriterionShown.model_validate(one) for one in stands]))
    return found


async def list_projects_for(session: Session, scope: Scope, call: CallShown) -> list[ProjectForCall]:
    """Return the own projects in structuring, then those in qualification, against which nothing speaks."""
    key = (call.home_epci, call.id)
    answered = select(Application.project_id).where(
        Application.call_epci == call.home_epci, Application.call_id == call.id
    )
    dismissed = select(CallDismissal.project_id).where(
        CallDismissal.call_epci == key[0], CallDismissal.call_id == key[1]
    )
    statement = (
        select(Project)
        .where(Project.home_epci == scope.epci, col(Project.withdrawn_at).is_(None), col(Project.stage).in_(WATCHED))
        .where(col(Project.id).not_in(answered), col(Project.id).not_in(dismissed))
        .order_by(col(Project.stage).desc(), col(Project.id).desc())
        .limit(CANDIDATES)
    )
    found = []
    for project in await session.exec(statement):
        stands = criteria(call, project, now=now())
        if may_fit(stands):
            found.append(_candidate(project, [CriterionShown.model_validate(one) for one in stands]))
    return found


async def list_due_calls(session: Session, scope: Scope, *, instant: datetime) -> Sequence[Call]:
    """Return the published calls of this EPCI that have closed, locked."""
    return await _locked(session, scope, col(Call.closes_at) <= instant)


async def list_closing_calls(session: Session, scope: Scope, *, instant: datetime, within: timedelta) -> Sequence[Call]:
    """Return the published calls that close soon, of which nobody was told yet, locked."""
    return await _locked(
        session, scope, col(Call.closes_at) > instant, col(Call.closes_at) <= instant + within, ~col(Call.closing_told)
    )


async def count_waiting(session: Session, scope: Scope, call_id: UUID) -> int:
    """Return how many proposals to a call nobody has read yet."""
    statement = select(func.count()).where(
        Submission.home_epci == scope.epci,
        Submission.call_id == call_id,
        Submission.status == SubmissionStatus.RECEIVED,
    )
    return (await session.exec(statement)).one()


async def list_submissions(
    session: Session, scope: Scope, *, status: SubmissionStatus | None, after: UUID | None, limit: int
) -> Sequence[Submission]:
    """Return one page of what the public proposed, newest first."""
    statement = select(Submission).where(Submission.home_epci == scope.epci)
    if status is not None:
        statement = statement.where(Submission.status == status)
    if after is not None:
        statement = statement.where(col(Submission.id) < after)
    return (await session.exec(statement.order_by(col(Submission.id).desc()).limit(limit))).all()


async def get_submission(session: Session, scope: Scope, submission_id: UUID) -> Submission:
    """Return a proposal, locked for a decision.

    Raises:
        CallNotFound: none.
    """
    statement = select(Submission).where(Submission.id == submission_id, Submission.home_epci == scope.epci)
    found = (await session.exec(statement.with_for_update())).first()
    if found is None:
        raise CallNotFound
    return found


async def list_kept_too_long(session: Session, scope: Scope, *, before: datetime, limit: int) -> Sequence[Submission]:
    """Return the proposals decided upon, or made and left, before an instant that still name somebody, locked."""
    statement = (
        select(Submission)
        .where(Submission.home_epci == scope.epci, Submission.email != "")
        .where(func.coalesce(col(Submission.decided_at), col(Submission.received_at)) < before)
        .limit(limit)
    )
    return (await session.exec(statement.with_for_update())).all()


async def _locked(session: Session, scope: Scope, *conditions: ColumnElement[bool]) -> Sequence[Call]:
    statement = select(Call).where(Call.home_epci == scope.epci, Call.status == CallStatus.PUBLISHED, *conditions)
    return (await session.exec(statement.order_by(col(Call.id)).limit(OPEN_CALLS).with_for_update())).all()


async def _dismissed(session: Session, project_id: UUID) -> set[tuple[str, UUID]]:
    statement = select(CallDismissal.call_epci, CallDismissal.call_id).where(CallDismissal.project_id == project_id)
    return {(epci, call_id) for epci, call_id in await session.exec(statement)}


def _is_over(call: Call | CallShown, instant: datetime) -> bool:
    return call.closes_at is not None and call.closes_at <= instant


def _heard(known: KnownCall) -> CallShown:
    return CallShown.of(wire.Call.model_validate_json(known.state), own=False)


def _candidate(project: Project, stands: list[CriterionShown]) -> ProjectForCall:
    return ProjectForCall(
        id=project.id,
        reference=project.reference,
        title=project.title,
        stage=project.stage.value,
        early=project.stage is not Stage.STRUCTURING,
        version=project.version,
        criteria=stands,
    )
