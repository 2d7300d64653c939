"""What time and other services do to the agenda: ends of holds and offers, ends of events, reports, copies."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from services.events.commands.attendance import close_sheet
from services.events.commands.mails import bury_order, order_mail
from services.events.commands.moves import move_registration
from services.events.commands.seating import promote
from services.events.commands.telling import tell
from services.events.models import KnownEvent, MailOrder, Registration
from services.events.queries import registrations, timing
from services.events.queries.meetings import Meeting, get_meeting
from services.events.rules.mails import MailKind
from services.events.rules.offers import offer_end, offer_window
from services.events.rules.registrations import hold_end
from shared.clock import PARIS, now
from shared.contracts import events as wire
from shared.contracts.base import Visibility
from shared.contracts.events import RegistrationState
from shared.contracts.notifications import DeliveryReport
from shared.db.session import Session
from shared.identity.access import Scope
from shared.messaging.known import keep_known
from shared.messaging.registry import NotYet, Record

log = structlog.get_logger(__name__)

# Nobody is written to whose address was never proven.
_TOLD = {RegistrationState.OFFERED: MailKind.OFFER_EXPIRED, RegistrationState.WAITLISTED: MailKind.QUEUE_CLOSED}


async def expire_due(session: Session, scope: Scope) -> int:
    """End what has run out of time at one event: unconfirmed requests, offers, the queue of an event that starts.

    Returns how many registrations ended; the seats go to the next in the queue.
    """
    at = now()
    event_id = await timing.find_event_with_due(session, scope, at=at)
    if event_id is None:
        return 0
    meeting = await get_meeting(session, scope, event_id, lock=True)
    due = await timing.list_due(session, scope, event_id, at=at)
    for registration in due:
        told = _TOLD.get(registration.state)
        await move_registration(session, meeting, registration, to=RegistrationState.EXPIRED)
        if told is not None:
            await order_mail(session, meeting, registration, told)
    await promote(session, scope, meeting)
    log.info("registrations_expired", event_id=str(event_id), count=len(due))
    return len(due)


async def end_events(session: Session, scope: Scope) -> int:
    """Record that events are over whose last session has ended; return how many."""
    ended = await timing.list_to_end(session, scope, at=now())
    for event_id in ended:
        meeting = await get_meeting(session, scope, event_id, lock=True)
        meeting.event.ended_at = now()
        await tell(session, meeting, fact="ended")
        log.info("event_ended", event_id=str(event_id))
    return len(ended)


async def close_forgotten_sheets(session: Session, scope: Scope) -> int:
    """Close the sheets that nobody closed three days after the end; return how many."""
    forgotten = await timing.list_open_sheets(session, scope, at=now())
    for event_id in forgotten:
        await close_sheet(session, scope, event_id)
    return len(forgotten)


async def settle_order(session: Session, scope: Scope, report: DeliveryReport) -> None:
    """Note what became of a mail; its words leave the topic, and the hold or offer it told of starts to run.

    Raises:
        NotYet: nobody here knows that order: this database is an older copy, and what is missing may come back.
    """
    if report.order_id is None:
        return
    order = await registrations.find_order(session, scope, report.order_id)
    if order is None:
        raise NotYet("order")
    if order.settled_at is not None:
        return
    registration = await registrations.get_registration(session, scope, order.registration_id)
    meeting = await get_meeting(session, scope, registration.event_id, lock=True)
    await session.refresh(registration)
    _start_clock(meeting, registration, order, at=report.settled_at or now())
    await bury_order(session, order, outcome=report.outcome or "other")


async def keep_events(session: Session, records: Sequence[Record[wire.AgendaEvent]]) -> None:
    """Hold the newest state of the agenda events of the territory."""
    await keep_known(session, KnownEvent, records, more=_columns)


def _start_clock(meeting: Meeting, registration: Registration, order: MailOrder, *, at: datetime) -> None:
    """Shorten the provisional end of a hold or an offer to what it is, now that its mail has left."""
    if order.kind == MailKind.CONFIRM and registration.state is RegistrationState.PENDING_EMAIL:
        registration.hold_expires_at = hold_end(registration.created_at, mailed=at)
    if order.kind == MailKind.OFFERED and registration.offer_expires_at is not None:
        window = offer_window(order.ordered_at, meeting.closes, zone=PARIS)
        if window is not None:
            end = offer_end(max(at, order.ordered_at), window, closing=meeting.closes, zone=PARIS)
            registration.offer_expires_at = min(registration.offer_expires_at, end)


def _columns(record: Record[wire.AgendaEvent]) -> dict[str, object]:
    state = record.state
    slots = state.slots if state else ()
    return {
        "type": state.type if state else "",
        "public": state is not None and state.visibility == Visibility.PUBLIC,
        "starts_at": min((slot.start for slot in slots), default=record.time),
        "ends_at": max((slot.end for slot in slots), default=record.time),
    }
