"""What the public proposes: received, read by somebody, and only then a project."""

from datetime import timedelta
from uuid import UUID

import structlog

from services.projects.commands.fiche import create_project
from services.projects.commands.versions import require_seen
from services.projects.errors import CallRefused
from services.projects.models import Submission
from services.projects.queries.calls import (
    count_waiting,
    get_open_public_call,
    get_submission,
    list_kept_too_long,
)
from services.projects.rules.words import OriginKind, SubmissionStatus
from services.projects.schemas.calls import ModerationIn, SubmissionIn
from services.projects.schemas.requests import OriginIn, ProjectIn, SponsorIn
from shared.clock import now
from shared.contracts.projects import Kind, SponsorType
from shared.db.session import Session
from shared.errors import Conflict
from shared.identity.access import Scope
from shared.ids import uuid7
from shared.territory.members import Territory

log = structlog.get_logger(__name__)

MOST_WAITING = 1_000
KEPT = timedelta(days=365)
"""How long a proposal names who made it, once it was decided upon; from its arrival where nobody decides."""
_BATCH = 100


async def receive_submission(session: Session, scope: Scope, call_id: UUID, wanted: SubmissionIn) -> Submission:
    """Keep what somebody proposes until it is read; what a machine wrote into the hidden field is set aside at once.

    Raises:
        CallNotFound: the public may propose nothing there now.
        CallRefused: 1,000 proposals wait already.
    """
    call = await get_open_public_call(session, scope, call_id)
    if await count_waiting(session, scope, call.id) >= MOST_WAITING:
        raise CallRefused("Trop de propositions attendent déjà d’être lues. Revenez dans quelques jours.")
    status = SubmissionStatus.SPAM if wanted.website else SubmissionStatus.RECEIVED
    submission = Submission(
        id=uuid7(),
        home_epci=scope.epci,
        call_id=call.id,
        status=status,
        received_at=now(),
        decided_at=now() if wanted.website else None,
        **wanted.model_dump(exclude={"website"}),
    )
    session.add(submission)
    await session.flush()
    log.info("submission_received", submission_id=str(submission.id), status=status.value)
    return submission


async def moderate_submission(
    session: Session, scope: Scope, submission_id: UUID, wanted: ModerationIn, *, version: int, territory: Territory
) -> Submission:
    """Accept a proposal, which becomes a project of the stage ``idea``, or refuse it, or set it aside as spam.

    Raises:
        CallNotFound: nothing under this id within ``scope``.
        StaleVersion: somebody has decided since ``version``.
        Conflict: it has become a project.
    """
    submission = await get_submission(session, scope, submission_id)
    require_seen(submission, version, sentence="La proposition a changé entre-temps.")
    if submission.project_id is not None:
        raise Conflict("Cette proposition est devenue un projet\u00a0: agissez sur sa fiche.")
    if wanted.status is SubmissionStatus.ACCEPTED:
        project = await create_project(session, scope, _fiche(submission), territory=territory)
        submission.project_id = project.id
    submission.status, submission.reason, submission.decided_at = wanted.status, wanted.reason, now()
    submission.version += 1
    await session.flush()
    log.info("submission_moderated", submission_id=str(submission.id), status=wanted.status.value)
    return submission


async def forget_proposers(session: Session, scope: Scope) -> int:
    """Forget who made proposals decided upon, or left undecided, a year ago; return how many."""
    old = await list_kept_too_long(session, scope, before=now() - KEPT, limit=_BATCH)
    for one in old:
        one.name = one.email = ""
        one.version += 1
    await session.flush()
    return len(old)


def _fiche(submission: Submission) -> ProjectIn:
    return ProjectIn(
        title=submission.title,
        kind=Kind.CITIZEN_INITIATIVE,
        summary=submission.text,
        commune_insee=(submission.commune_insee,) if submission.commune_insee else (),
        sponsor=SponsorIn(type=SponsorType.NATURAL_PERSON),
        origin=(OriginIn(kind=OriginKind.SUBMISSION, id=submission.id),),
    )
