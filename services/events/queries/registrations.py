"""Reads of registrations: personal data, for organisers and for the holder of a signed link."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, func, select

from services.events.models import MailOrder, Registration
from services.events.rules.registrations import LIVE
from shared.contracts.events import RegistrationState
from shared.db.session import Session
from shared.errors import NotFound
from shared.identity.access import Right, Scope


async def get_registration(session: Session, scope: Scope, registration_id: UUID) -> Registration:
    """Return one registration of this EPCI.

    Raises:
        NotFound: nothing under this id for whoever asks.
    """
    found = await session.get(Registration, registration_id)
    if found is None or found.home_epci != scope.epci or not scope.may(Right.READ_PERSONS):
        raise NotFound
    return found


async def get_at(session: Session, scope: Scope, event_id: UUID, registration_id: UUID) -> Registration:
    """Return one registration of one event.

    Raises:
        NotFound: nothing under this id at this event for whoever asks.
    """
    found = await get_registration(session, scope, registration_id)
    if found.event_id != event_id:
        raise NotFound
    return found


async def list_registrations(
    session: Session, scope: Scope, event_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[Registration]:
    """Return the registrations of an event in order of arrival; none for who may not read persons."""
    if not scope.may(Right.READ_PERSONS):
        return []
    wanted = select(Registration).where(Registration.event_id == event_id, Registration.home_epci == scope.epci)
    if after is not None:
        wanted = wanted.where(col(Registration.id) > after)
    return (await session.exec(wanted.order_by(col(Registration.id)).limit(limit))).all()


async def find_live(session: Session, scope: Scope, event_id: UUID, *, email: str) -> Registration | None:
    """Return the live registration of an address at an event, if there is one."""
    wanted = select(Registration).where(
        Registration.event_id == event_id,
        Registration.home_epci == scope.epci,
        Registration.email == email,
        col(Registration.state).in_(LIVE),
    )
    return (await session.exec(wanted)).one_or_none()


async def find_last_invited(session: Session, scope: Scope, event_id: UUID, *, email: str) -> Registration | None:
    """Return the last registration for which this address got a calendar object, live or over."""
    wanted = (
        select(Registration)
        .where(
            Registration.event_id == event_id,
            Registration.home_epci == scope.epci,
            Registration.email == email,
            col(Registration.ical_method).is_not(None),
        )
        .order_by(col(Registration.id).desc())
        .limit(1)
    )
    return (await session.exec(wanted)).first()


async def find_head(session: Session, scope: Scope, event_id: UUID) -> Registration | None:
    """Return who is first in the waiting list."""
    wanted = (
        select(Registration)
        .where(
            Registration.event_id == event_id,
            Registration.home_epci == scope.epci,
            Registration.state == RegistrationState.WAITLISTED,
        )
        .order_by(col(Registration.queue_no))
        .limit(1)
    )
    return (await session.exec(wanted)).first()


async def count_unconfirmed(session: Session, scope: Scope, event_id: UUID) -> int:
    """Count the seats held by addresses that are not proven yet."""
    wanted = (
        select(func.count())
        .select_from(Registration)
        .where(
            Registration.event_id == event_id,
            Registration.home_epci == scope.epci,
            Registration.state == RegistrationState.PENDING_EMAIL,
            col(Registration.seat).is_(True),
        )
    )
    return (await session.exec(wanted)).one()


async def list_in(
    session: Session, scope: Scope, event_id: UUID, *, states: frozenset[RegistrationState]
) -> list[Registration]:
    """Return the registrations of an event that are in one of ``states``: queue first, then order of arrival."""
    wanted = (
        select(Registration)
        .where(
            Registration.event_id == event_id,
            Registration.home_epci == scope.epci,
            col(Registration.state).in_(states),
        )
        .order_by(col(Registration.queue_no), col(Registration.id))
    )
    return list(await session.exec(wanted))


async def find_order(session: Session, scope: Scope, order_id: UUID) -> MailOrder | None:
    """Return one mail order of this EPCI, if it is known."""
    found = await session.get(MailOrder, order_id)
    if found is None:
        return None
    await get_registration(session, scope, found.registration_id)
    return found
