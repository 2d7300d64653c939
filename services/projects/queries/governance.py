"""Reads about those who steer: programmes, binômes, committees, measures."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from services.projects.errors import SteeringNotFound
from services.projects.models import Binome, Decision, KnownProgramme, Measure, Meeting, Programme
from services.projects.queries.projects import list_by_keys
from services.projects.schemas.governance import Agreed, MeasureShown, MeetingShown, ProgrammeShown
from services.projects.schemas.parts import DecisionShown
from shared.clock import today
from shared.contracts import projects as wire
from shared.db.keyset import before
from shared.db.session import Session
from shared.identity.access import Scope
from shared.ids import TerritoryKey

PROGRAMME, BINOME, MEETING, MEASURE = "Ce programme", "Ce binôme", "Ce comité", "Cette mesure"


async def list_programmes(
    session: Session, scope: Scope, *, after: TerritoryKey | None, limit: int
) -> list[ProgrammeShown]:
    """Return one page of the programmes of the territory, newest first."""
    own = select(Programme).where(Programme.home_epci == scope.epci, col(Programme.withdrawn_at).is_(None))
    heard = select(KnownProgramme).where(KnownProgramme.home_epci != scope.epci, col(KnownProgramme.deleted).is_(False))
    if after is not None:
        cursor = (after.id, after.epci)
        own = own.where(before((col(Programme.id), col(Programme.home_epci)), cursor))
        heard = heard.where(before((col(KnownProgramme.id), col(KnownProgramme.home_epci)), cursor))
    mine = await session.exec(own.order_by(col(Programme.id).desc()).limit(limit))
    theirs = await session.exec(
        heard.order_by(col(KnownProgramme.id).desc(), col(KnownProgramme.home_epci).desc()).limit(limit)
    )
    found = [ProgrammeShown.of(one, own=True) for one in mine]
    found += [ProgrammeShown.of(wire.Programme.model_validate_json(one.state), own=False) for one in theirs]
    return sorted(found, key=lambda one: (one.id, one.home_epci), reverse=True)[:limit]


async def get_programme(session: Session, scope: Scope, programme_id: UUID, *, lock: bool = False) -> Programme:
    """Return a programme of this EPCI.

    Raises:
        SteeringNotFound: none, or withdrawn.
    """
    statement = select(Programme).where(Programme.id == programme_id, Programme.home_epci == scope.epci)
    found = (await session.exec(statement.with_for_update() if lock else statement)).first()
    if found is None or found.withdrawn_at is not None:
        raise SteeringNotFound(PROGRAMME)
    return found


async def list_binomes(session: Session, scope: Scope, *, after: UUID | None, limit: int) -> Sequence[Binome]:
    """Return one page of the binômes of this EPCI, newest first."""
    statement = select(Binome).where(Binome.home_epci == scope.epci)
    if after is not None:
        statement = statement.where(col(Binome.id) < after)
    return (await session.exec(statement.order_by(col(Binome.id).desc()).limit(limit))).all()


async def get_binome(session: Session, scope: Scope, binome_id: UUID, *, lock: bool = False) -> Binome:
    """Return a binôme of this EPCI.

    Raises:
        SteeringNotFound: none.
    """
    statement = select(Binome).where(Binome.id == binome_id, Binome.home_epci == scope.epci)
    found = (await session.exec(statement.with_for_update() if lock else statement)).first()
    if found is None:
        raise SteeringNotFound(BINOME)
    return found


async def list_meetings(session: Session, scope: Scope, *, after: UUID | None, limit: int) -> Sequence[Meeting]:
    """Return one page of the sittings of committees, last written first."""
    statement = select(Meeting).where(Meeting.home_epci == scope.epci)
    if after is not None:
        statement = statement.where(col(Meeting.id) < after)
    return (await session.exec(statement.order_by(col(Meeting.id).desc()).limit(limit))).all()


async def get_meeting(session: Session, scope: Scope, meeting_id: UUID, *, lock: bool = False) -> Meeting:
    """Return a sitting.

    Raises:
        SteeringNotFound: none.
    """
    statement = select(Meeting).where(Meeting.id == meeting_id, Meeting.home_epci == scope.epci)
    found = (await session.exec(statement.with_for_update() if lock else statement)).first()
    if found is None:
        raise SteeringNotFound(MEETING)
    return found


async def show_meeting(session: Session, scope: Scope, meeting: Meeting) -> MeetingShown:
    """Return a sitting with the projects on its agenda, those that are still known, and what it decided."""
    decided = await session.exec(
        select(Decision).where(Decision.meeting_id == meeting.id).order_by(col(Decision.project_id), col(Decision.id))
    )
    agenda = [TerritoryKey(one["home_epci"], UUID(one["id"])) for one in meeting.agenda]
    plain = {name: getattr(meeting, name) for name in MeetingShown.model_fields if hasattr(meeting, name)}
    return MeetingShown.model_validate(
        plain
        | {
            "projects": await list_by_keys(session, scope, agenda),
            "decisions": [
                Agreed(project_id=one.project_id, decision=DecisionShown.model_validate(one)) for one in decided
            ],
        }
    )


async def list_measures(session: Session, scope: Scope, *, theme: str | None) -> list[MeasureShown]:
    """Return the measures of the panier de services, those that answer to a need first named."""
    found = await session.exec(select(Measure).where(Measure.home_epci == scope.epci).order_by(col(Measure.label)))
    return [show_measure(one) for one in found if theme is None or theme in one.need_themes]


async def find_measure(session: Session, scope: Scope, code: str) -> Measure | None:
    """Return a measure of this EPCI, locked for a change."""
    statement = select(Measure).where(Measure.code == code, Measure.home_epci == scope.epci)
    return (await session.exec(statement.with_for_update())).first()


def show_measure(measure: Measure) -> MeasureShown:
    """Return a measure, and whether it is offered today."""
    day = today()
    is_open = (measure.starts_on is None or measure.starts_on <= day) and (
        measure.ends_on is None or day <= measure.ends_on
    )
    plain = {name: getattr(measure, name) for name in MeasureShown.model_fields if name != "open"}
    return MeasureShown.model_validate(plain | {"open": is_open})
