"""Reads about who takes part in whose projects."""

from uuid import UUID

from sqlalchemy import and_
from sqlmodel import col, select

from services.projects.models import KnownParticipation, KnownProject, OwnAnswer, Participant, Project
from services.projects.rules.participations import published_status
from services.projects.rules.words import Entry
from services.projects.schemas.answers import AnswerShown, InvitationShown
from shared.contracts import projects as wire
from shared.contracts.projects import Answer, ParticipantStatus
from shared.db.session import Session
from shared.identity.access import Scope


async def find_own_answer(session: Session, scope: Scope, *, owner_siren: str, project_id: UUID) -> OwnAnswer | None:
    """Return what this EPCI said last about a project of another."""
    statement = select(OwnAnswer).where(
        OwnAnswer.home_epci == scope.epci, OwnAnswer.owner_siren == owner_siren, OwnAnswer.project_id == project_id
    )
    return (await session.exec(statement)).first()


async def find_known_project(
    session: Session, scope: Scope, *, owner_siren: str, project_id: UUID
) -> KnownProject | None:
    """Return a project of another EPCI as last heard; its own projects are not others’."""
    if owner_siren == scope.epci:
        return None
    known = await session.get(KnownProject, (owner_siren, project_id))
    return None if known is None or known.deleted else known


async def list_invitations(session: Session, scope: Scope) -> list[InvitationShown]:
    """Return the projects of others that name this EPCI, newest first, with what it said of each."""
    statement = (
        select(KnownProject)
        .where(col(KnownProject.own_status).is_not(None), col(KnownProject.deleted).is_(False))
        .where(KnownProject.home_epci != scope.epci)
        .order_by(col(KnownProject.id).desc())
    )
    answers = await session.exec(select(OwnAnswer).where(OwnAnswer.home_epci == scope.epci))
    said = {(one.owner_siren, one.project_id): one for one in answers}
    return [_shown(known, said.get((known.home_epci, known.id))) for known in await session.exec(statement)]


def _shown(known: KnownProject, answer: OwnAnswer | None) -> InvitationShown:
    return InvitationShown(
        project_id=known.id,
        owner_siren=known.home_epci,
        title=wire.Project.model_validate_json(known.state).title,
        stage=known.stage,
        status=known.own_status or ParticipantStatus.INVITED.value,
        role=known.own_role or wire.PartnerRole.PARTNER.value,
        round=known.own_round,
        answer=AnswerShown.model_validate(answer) if answer else None,
    )


async def list_stale(
    session: Session, scope: Scope, *, project_id: UUID | None = None
) -> dict[UUID, list[KnownParticipation]]:
    """Return the answers heard that own projects do not show yet, by project.

    What partners said about projects that are not here, or withdrawn, is left out.
    """
    pairs = (
        select(KnownParticipation, Participant)
        .join(Project, col(Project.id) == col(KnownParticipation.project_id))
        .outerjoin(
            Participant,
            and_(
                col(Participant.project_id) == col(KnownParticipation.project_id),
                col(Participant.siren) == col(KnownParticipation.home_epci),
            ),
        )
        .where(KnownParticipation.owner_siren == scope.epci, KnownParticipation.home_epci != scope.epci)
        .where(Project.home_epci == scope.epci, col(Project.withdrawn_at).is_(None))
    )
    if project_id is not None:
        pairs = pairs.where(KnownParticipation.project_id == project_id)
    stale: dict[UUID, list[KnownParticipation]] = {}
    for heard, partner in await session.exec(pairs):
        if heard.project_id is not None and _differs(partner, heard):
            stale.setdefault(heard.project_id, []).append(heard)
    return stale


def heard_status(partner: Participant | None, heard: KnownParticipation) -> ParticipantStatus | None:
    """Return where owner and partner stand, by what the one wrote and the other is heard to say."""
    answer = Answer(heard.answer) if heard.answer in set(Answer) else None
    return published_status(
        partner.entry if partner else Entry.NONE,
        entry_round=partner.round if partner else heard.round,
        answer=Answer.LEFT if heard.deleted else answer,
        answer_round=heard.round,
    )


def _differs(partner: Participant | None, heard: KnownParticipation) -> bool:
    status = heard_status(partner, heard)
    if partner is None:
        return status is ParticipantStatus.PROPOSED
    # Nothing said in this round is no news: a copy under reconstruction must not take an answer back.
    return heard.round == partner.round and status is not None and status is not partner.status
