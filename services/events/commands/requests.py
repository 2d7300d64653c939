"""What a person does about a place: ask, confirm, accept, decline, cancel; a signed link is the right."""

from datetime import datetime
from uuid import UUID

import structlog

from services.events.commands.calendars import cancellations
from services.events.commands.mails import order_mail
from services.events.commands.moves import move_registration, take_seat, tell_registration
from services.events.commands.seating import promote, seat
from services.events.commands.telling import tell_seats
from services.events.errors import LinkSpent, MoveRefused, RegistrationClosed
from services.events.models import Registration
from services.events.queries import registrations
from services.events.queries.meetings import Meeting, get_meeting
from services.events.rules.mails import MailKind, Particulars
from services.events.rules.publication import NOT_TAKING_PLACE
from services.events.rules.registrations import LIVE, OVER, hold_end, may_remind, most_unconfirmed
from services.events.schemas import RegistrationForm
from shared.clock import now
from shared.contracts.events import CalendarMethod, RegistrationState
from shared.db.session import Session
from shared.errors import StaleVersion
from shared.identity.access import Scope, instance_scope
from shared.ids import uuid7

log = structlog.get_logger(__name__)

NOTICE = "2026-1"
_SEATED = frozenset({RegistrationState.REGISTERED, RegistrationState.ATTENDED})
_CONFIRMED = _SEATED | {RegistrationState.WAITLISTED, RegistrationState.OFFERED}


async def request_registration(session: Session, scope: Scope, event_id: UUID, form: RegistrationForm) -> None:
    """Note a request and mail its confirmation link; an address already there gets its own link again.

    Both look alike from outside, so that nobody learns who takes part.

    Raises:
        NotFound: no such event for whoever asks.
        RegistrationClosed: nobody can register now; says why.
    """
    meeting = await get_meeting(session, scope, event_id, lock=True)
    if meeting.closed is not None:
        raise RegistrationClosed(meeting.closed)
    house = instance_scope(scope.epci)
    known = await registrations.find_live(session, house, event_id, email=form.email)
    if known is not None:
        await _remind(session, meeting, known)
        return
    registration = await _new(session, house, meeting, form)
    about = Particulars(has_seat=registration.seat)
    await order_mail(session, meeting, registration, MailKind.CONFIRM, about=about)
    await tell_seats(session, meeting)
    log.info("registration_requested", event_id=str(event_id), registration_id=str(registration.id))


async def confirm_registration(session: Session, scope: Scope, registration_id: UUID) -> None:
    """Prove the address of a request: it becomes a place, or a rank in the waiting list; a second time changes nothing.

    Raises:
        LinkSpent: the request has expired, was cancelled, or the event does not take place.
    """
    registration, meeting = await _held(session, scope, registration_id)
    if registration.state in _CONFIRMED:
        return
    if registration.state is not RegistrationState.PENDING_EMAIL or _run_out(registration.hold_expires_at):
        raise LinkSpent("Cette demande a expiré. Faites-en une nouvelle depuis la page du rendez-vous.")
    if meeting.event.schedule in NOT_TAKING_PLACE:
        raise LinkSpent(meeting.closed or "Ce rendez-vous n’a pas lieu.")
    if registration.seat or await take_seat(session, meeting.pool):
        registration.seat = True
        await seat(session, meeting, registration)
    elif meeting.event.starts_at <= now():
        await move_registration(session, meeting, registration, to=RegistrationState.EXPIRED)
        await order_mail(session, meeting, registration, MailKind.QUEUE_CLOSED)
    else:
        await move_registration(session, meeting, registration, to=RegistrationState.WAITLISTED)
        await order_mail(session, meeting, registration, MailKind.WAITLISTED)
    await promote(session, scope, meeting)
    log.info("registration_confirmed", registration_id=str(registration_id), state=registration.state)


async def accept_offer(session: Session, scope: Scope, registration_id: UUID) -> None:
    """Take the place that is offered; a second time changes nothing.

    Raises:
        LinkSpent: the offer is over, whether or not its end has been noted yet.
    """
    registration, meeting = await _held(session, scope, registration_id)
    if registration.state in _SEATED:
        return
    if registration.state is not RegistrationState.OFFERED or _run_out(registration.offer_expires_at):
        raise LinkSpent(
            "Cette place n’est plus réservée pour vous. Une nouvelle demande, depuis la page du rendez-vous, "
            "vous remet dans la liste d’attente."
        )
    await seat(session, meeting, registration)
    await promote(session, scope, meeting)
    log.info("offer_accepted", registration_id=str(registration_id))


async def decline_offer(session: Session, scope: Scope, registration_id: UUID) -> None:
    """Leave the place that is offered to the next person; a second time changes nothing.

    Raises:
        LinkSpent: there is no offer, or no longer.
    """
    registration, meeting = await _held(session, scope, registration_id)
    if registration.state is RegistrationState.DECLINED:
        return
    if registration.state is not RegistrationState.OFFERED:
        raise LinkSpent("Cette place n’est plus réservée pour vous.")
    await move_registration(session, meeting, registration, to=RegistrationState.DECLINED)
    await order_mail(session, meeting, registration, MailKind.DECLINED)
    await promote(session, scope, meeting)
    log.info("offer_declined", registration_id=str(registration_id))


async def cancel_by_person(session: Session, scope: Scope, registration_id: UUID) -> None:
    """Give back a place or leave the waiting list; a second time changes nothing.

    Raises:
        MoveRefused: the event is over for this person.
    """
    registration, meeting = await _held(session, scope, registration_id)
    if registration.state in OVER:
        return
    await move_registration(session, meeting, registration, to=RegistrationState.CANCELLED_BY_PERSON)
    objects = cancellations(session, meeting, registration)
    await order_mail(session, meeting, registration, MailKind.CANCELLED, calendars=objects)
    await promote(session, scope, meeting)
    log.info("registration_cancelled", registration_id=str(registration_id), by="person")


async def cancel_by_organiser(
    session: Session, scope: Scope, event_id: UUID, registration_id: UUID, *, reason: str, version: int
) -> Registration:
    """Take a registration back and tell the person why.

    Raises:
        NotFound: no such registration at this event.
        StaleVersion: it changed after ``version``.
        MoveRefused: it is not live.
    """
    meeting = await get_meeting(session, scope, event_id, lock=True)
    registration = await registrations.get_at(session, scope, event_id, registration_id)
    if registration.version != version:
        raise StaleVersion("Cette inscription a changé entre-temps.", current=registration.version)
    if registration.state not in LIVE:
        raise MoveRefused("Cette inscription est déjà terminée.")
    proven = registration.state is not RegistrationState.PENDING_EMAIL
    await move_registration(session, meeting, registration, to=RegistrationState.CANCELLED_BY_ORGANISER)
    objects = cancellations(session, meeting, registration)
    if proven:
        about = Particulars(reason=reason)
        kind = MailKind.CANCELLED_BY_ORGANISER
        await order_mail(session, meeting, registration, kind, about=about, calendars=objects)
    await promote(session, scope, meeting)
    log.info("registration_cancelled", registration_id=str(registration_id), by="organiser")
    return registration


async def _held(session: Session, scope: Scope, registration_id: UUID) -> tuple[Registration, Meeting]:
    """Return a registration and its event, the seats locked first and the registration read again under the lock."""
    registration = await registrations.get_registration(session, scope, registration_id)
    meeting = await get_meeting(session, scope, registration.event_id, lock=True)
    await session.refresh(registration)
    return registration, meeting


async def _new(session: Session, scope: Scope, meeting: Meeting, form: RegistrationForm) -> Registration:
    at, pool, event = now(), meeting.pool, meeting.event
    room = await registrations.count_unconfirmed(session, scope, event.id) < most_unconfirmed(pool.capacity)
    before = await registrations.find_last_invited(session, scope, event.id, email=form.email)
    registration = Registration(
        id=uuid7(),
        home_epci=event.home_epci,
        event_id=event.id,
        created_at=at,
        updated_at=at,
        state=RegistrationState.PENDING_EMAIL,
        seat=room and await take_seat(session, pool),
        name=form.name,
        email=form.email,
        organisation=form.organisation,
        siren=form.siren,
        notice_version=NOTICE,
        hold_expires_at=hold_end(at, mailed=None),
        # The same session, the same mailbox: what its calendar last heard goes on counting.
        ical_offset=before.ical_offset if before else 0,
        ical_method=CalendarMethod.CANCEL if before else None,
    )
    session.add(registration)
    await session.flush()
    tell_registration(session, meeting, registration)
    return registration


async def _remind(session: Session, meeting: Meeting, known: Registration) -> None:
    if not may_remind(known.mailed_at, now=now()):
        return
    pending = known.state is RegistrationState.PENDING_EMAIL
    kind = MailKind.CONFIRM if pending else MailKind.ALREADY_KNOWN
    await order_mail(session, meeting, known, kind, about=Particulars(has_seat=known.seat))


def _run_out(at: datetime | None) -> bool:
    return at is not None and at <= now()
