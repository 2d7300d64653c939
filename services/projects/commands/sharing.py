"""EPCI join the projects of others: the owner invites, the partner answers in its own topic, a job compares."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from services.projects.commands.telling import take, tell
from services.projects.errors import ParticipationRefused, PartNotFound, ProjectNotFound
from services.projects.models import KnownParticipation, OutboxMessage, OwnAnswer, Participant, Project
from services.projects.queries.participations import (
    find_known_project,
    find_own_answer,
    heard_status,
    list_stale,
)
from services.projects.rules.participations import INVITABLE, can_answer
from services.projects.rules.words import Entry
from services.projects.schemas.published import published_answer
from services.projects.schemas.requests import InvitationIn, ParticipationIn
from shared.clock import now, today
from shared.contracts import projects as wire
from shared.contracts.base import Visibility
from shared.contracts.projects import Answer, ParticipantStatus, PartnerRole
from shared.db.session import Session
from shared.identity.access import Scope
from shared.ids import uuid7
from shared.messaging.known import state_of
from shared.messaging.recorder import record, record_deletion
from shared.territory.members import Territory

log = structlog.get_logger(__name__)


async def invite_epci(
    session: Session, scope: Scope, project_id: UUID, wanted: InvitationIn, *, territory: Territory
) -> Project:
    """Ask another EPCI to take part; one that proposed itself is agreed to.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        ParticipationRefused: oneself, no member, already asked, or a project that the other cannot see.
    """
    project = await take(session, scope, project_id)
    member = territory.find(wanted.siren)
    if member is None or not member.is_active(today()):
        raise ParticipationRefused("Cet EPCI n’appartient pas au territoire.", siren=wanted.siren)
    if wanted.siren == scope.epci:
        raise ParticipationRefused("Votre EPCI est déjà responsable de ce projet.", siren=wanted.siren)
    if project.visibility is Visibility.PRIVATE or project.confidential_until is not None:
        raise ParticipationRefused("Diffusez d’abord la fiche au territoire : l’EPCI invité ne peut pas la voir.")
    _enter_invitation(project, wanted)
    await tell(session, project, fact="updated", changed=["participants"])
    log.info("epci_invited", project_id=str(project_id), siren=wanted.siren)
    return project


async def remove_epci(session: Session, scope: Scope, project_id: UUID, siren: str, *, version: int) -> Project:
    """Take an EPCI out of a project, or turn its proposal down.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        StaleVersion: the project changed after ``version``.
        PartNotFound: this EPCI is not a partner.
    """
    project = await take(session, scope, project_id, version=version)
    partner = _partner(project, siren)
    if partner is None or partner.entry is Entry.REMOVED:
        raise PartNotFound
    proposed = partner.status is ParticipantStatus.PROPOSED
    _enter(partner, Entry.TURNED_DOWN if proposed else Entry.REMOVED)
    partner.status = ParticipantStatus.REFUSED if proposed else ParticipantStatus.REMOVED
    await tell(session, project, fact="updated", changed=["participants"])
    log.info("epci_removed", project_id=str(project_id), siren=siren)
    return project


async def answer_project(session: Session, scope: Scope, wanted: ParticipationIn) -> OwnAnswer:
    """Say in one’s own topic whether this EPCI takes part in a project of another; the same answer again says nothing.

    Raises:
        ProjectNotFound: nothing was heard of such a project.
        ParticipationRefused: the answer does not fit what the owner publishes.
    """
    owner, project_id = wanted.owner_siren, wanted.project_id
    known = await find_known_project(session, scope, owner_siren=owner, project_id=project_id)
    if known is None:
        raise ProjectNotFound
    answer = await find_own_answer(session, scope, owner_siren=owner, project_id=project_id)
    turn = known.own_round or 1
    before = answer.answer if answer is not None and answer.round == turn else None
    status = ParticipantStatus(known.own_status) if known.own_status in set(ParticipantStatus) else None
    if not can_answer(status, wanted.answer, before=before):
        raise ParticipationRefused("Cette réponse ne suit pas ce que l’EPCI responsable publie.", status_now=status)
    if answer is not None and before is wanted.answer and answer.reason == wanted.reason:
        return answer
    answer = answer or _new_answer(scope, wanted)
    _write_answer(answer, wanted, turn=turn, role=known.own_role)
    await _tell_answer(session, answer)
    log.info("participation_answered", project_id=str(wanted.project_id), answer=wanted.answer.value)
    return answer


async def reconcile_participations(session: Session, scope: Scope, *, project_id: UUID | None = None) -> int:
    """Compare what partners said with own projects and publish what differs; return how many projects changed.

    Whatever was missed, and for however long, the next run finds it. An answer about a project that is not here, or of
    an EPCI that was neither listed nor proposed itself, changes nothing.
    """
    stale = await list_stale(session, scope, project_id=project_id)
    return sum([await _reconcile(session, scope, owned, answers) for owned, answers in stale.items()])


async def _reconcile(session: Session, scope: Scope, project_id: UUID, answers: Sequence[KnownParticipation]) -> bool:
    try:
        project = await take(session, scope, project_id)
    except ProjectNotFound:
        return False
    for one in answers:
        _hear(project, one)
    await tell(session, project, fact="updated", changed=["participants"], news=False)
    log.info("participations_reconciled", project_id=str(project_id), partners=len(answers))
    return True


def _hear(project: Project, heard: KnownParticipation) -> None:
    partner = _partner(project, heard.home_epci)
    status = heard_status(partner, heard)
    if partner is None:
        role = PartnerRole.OBSERVER if state_of(heard).get("role") == PartnerRole.OBSERVER else PartnerRole.PARTNER
        partner = Participant(
            project_id=project.id,
            siren=heard.home_epci,
            entry=Entry.NONE,
            round=heard.round,
            role=role,
            entered_at=now(),
        )
        project.participants.append(partner)
    if status is not None:
        partner.status = status


def _enter_invitation(project: Project, wanted: InvitationIn) -> None:
    partner = _partner(project, wanted.siren)
    if partner is None:
        project.participants.append(
            Participant(project_id=project.id, siren=wanted.siren, role=wanted.role, entered_at=now())
        )
    elif partner.status is ParticipantStatus.PROPOSED:
        _enter(partner, Entry.AGREED)
        partner.status = ParticipantStatus.ACCEPTED
    elif partner.status in INVITABLE:
        _enter(partner, Entry.INVITED)
        partner.round, partner.role, partner.status = partner.round + 1, wanted.role, ParticipantStatus.INVITED
    else:
        raise ParticipationRefused("Cet EPCI est déjà invité.", siren=wanted.siren)


def _enter(partner: Participant, entry: Entry) -> None:
    partner.entry, partner.entered_at = entry, now()


def _partner(project: Project, siren: str) -> Participant | None:
    return next((one for one in project.participants if one.siren == siren), None)


def _new_answer(scope: Scope, wanted: ParticipationIn) -> OwnAnswer:
    return OwnAnswer(
        id=uuid7(),
        home_epci=scope.epci,
        version=0,  # raised before it is told, as at every later answer
        created_at=now(),
        updated_at=now(),
        project_id=wanted.project_id,
        owner_siren=wanted.owner_siren,
        answer=wanted.answer,
        answered_on=today(),
    )


def _write_answer(answer: OwnAnswer, wanted: ParticipationIn, *, turn: int, role: str | None) -> None:
    answer.answer, answer.reason, answer.round = wanted.answer, wanted.reason, turn
    answer.contribution_eur = wanted.contribution_eur
    asked = wire.PartnerRole(role) if role in set(PartnerRole) else PartnerRole.PARTNER
    answer.role = wanted.role or asked
    answer.answered_on = today()


async def _tell_answer(session: Session, answer: OwnAnswer) -> None:
    answer.version += 1
    answer.updated_at = now()
    session.add(answer)
    await session.flush()  # aggregate before message: numbering must follow versions
    state = published_answer(answer)
    if answer.answer is Answer.LEFT:
        record_deletion(session, OutboxMessage, state, fact=answer.answer.value)
        answer.version += 1
    else:
        record(session, OutboxMessage, state, fact=answer.answer.value)
    await session.flush()
