"""What has run out of time: holds, offers, queues, counts of seats to be told, events that are over."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select

from services.events.models import Event, Registration
from services.events.rules.publication import NOT_TAKING_PLACE, Publication
from services.events.rules.registrations import SHEET_CLOSES_ITSELF
from shared.contracts.events import RegistrationState
from shared.db.session import Session
from shared.identity.access import Scope

BATCH = 20


async def list_withdrawing(session: Session, scope: Scope, *, lock: bool = False) -> Sequence[Event]:
    """Return the events shown less far than before, of which Kafka has not yet confirmed it."""
    wanted = select(Event).where(Event.home_epci == scope.epci, col(Event.withdrawing)).limit(BATCH)
    return (await session.exec(wanted.with_for_update() if lock else wanted)).all()


async def find_event_with_due(session: Session, scope: Scope, *, at: datetime) -> UUID | None:
    """Return an event of which some registration has run out of time, if there is one."""
    wanted = (
        select(Registration.event_id)
        .join(Event, col(Event.id) == col(Registration.event_id))
        .where(Registration.home_epci == scope.epci, _due(at))
        .limit(1)
    )
    return (await session.exec(wanted)).first()


async def list_due(session: Session, scope: Scope, event_id: UUID, *, at: datetime) -> Sequence[Registration]:
    """Return the registrations of an event that have run out of time, the oldest in the queue first."""
    wanted = (
        select(Registration)
        .join(Event, col(Event.id) == col(Registration.event_id))
        .where(Registration.event_id == event_id, Registration.home_epci == scope.epci, _due(at))
        .order_by(col(Registration.queue_no), col(Registration.id))
    )
    return (await session.exec(wanted)).all()


async def list_seats_to_tell(session: Session, scope: Scope, *, at: datetime) -> Sequence[UUID]:
    """Return the events whose count of seats waits to be told, the longest waiting first."""
    wanted = (
        select(Event.id)
        .where(Event.home_epci == scope.epci, col(Event.seats_due_at) <= at)
        .order_by(col(Event.seats_due_at))
        .limit(BATCH)
    )
    return (await session.exec(wanted)).all()


async def list_to_end(session: Session, scope: Scope, *, at: datetime) -> Sequence[UUID]:
    """Return the published events whose last session is over and that have not been said to have ended."""
    wanted = select(Event.id).where(*_over(scope, before=at), col(Event.ended_at).is_(None)).limit(BATCH)
    return (await session.exec(wanted)).all()


async def list_open_sheets(session: Session, scope: Scope, *, at: datetime) -> Sequence[UUID]:
    """Return the events that were over three days ago and whose sheet is still open."""
    over = _over(scope, before=at - SHEET_CLOSES_ITSELF)
    wanted = select(Event.id).where(*over, col(Event.sheet_closed_at).is_(None)).limit(BATCH)
    return (await session.exec(wanted)).all()


async def count_timed(session: Session, scope: Scope, *, at: datetime) -> int:
    """Count the kinds of work that wait at this moment, so that a quiet tick opens no writing transaction."""
    waiting = (
        await find_event_with_due(session, scope, at=at),
        *await list_seats_to_tell(session, scope, at=at),
        *await list_to_end(session, scope, at=at),
        *await list_open_sheets(session, scope, at=at),
    )
    return sum(one is not None for one in waiting)


def _over(scope: Scope, *, before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Event.home_epci) == scope.epci,
        col(Event.publication) == Publication.PUBLISHED,
        col(Event.schedule).not_in(NOT_TAKING_PLACE),
        col(Event.ends_at) <= before,
    )


def _due(at: datetime) -> ColumnElement[bool]:
    state = col(Registration.state)
    return or_(
        and_(state == RegistrationState.PENDING_EMAIL, col(Registration.hold_expires_at) <= at),
        and_(state == RegistrationState.OFFERED, col(Registration.offer_expires_at) <= at),
        and_(
            state == RegistrationState.WAITLISTED,
            col(Event.starts_at) <= at,
            col(Event.schedule).not_in(NOT_TAKING_PLACE),
        ),
    )
