"""Give freed seats to those who wait: strict order, one function for every path that frees a seat."""

from datetime import datetime

from services.events.commands.calendars import requests
from services.events.commands.mails import order_mail
from services.events.commands.moves import move_registration
from services.events.commands.telling import tell_seats
from services.events.models import Registration
from services.events.queries.meetings import Meeting
from services.events.queries.registrations import find_head
from services.events.rules.mails import MailKind, Particulars
from services.events.rules.offers import OfferMode, offer_end, offer_window, provisional_end
from shared.clock import PARIS, now
from shared.contracts.events import RegistrationState
from shared.db.session import Session
from shared.identity.access import Scope


async def promote(session: Session, scope: Scope, meeting: Meeting) -> None:
    """Offer or give free seats to the head of the queue, as long as there are both, then tell of the seats.

    Called inside the transaction of every change that frees or adds a seat or takes somebody out of the queue.
    """
    pool, at = meeting.pool, now()
    while pool.held < pool.capacity and pool.waiting and meeting.closed is None:
        head = await find_head(session, scope, meeting.event.id)
        if head is None:
            break
        if meeting.event.offer_mode is OfferMode.DIRECT:
            await seat(session, meeting, head)
        elif not await _offer(session, meeting, head, at=at):
            break
    await tell_seats(session, meeting)


async def seat(session: Session, meeting: Meeting, registration: Registration) -> None:
    """Register somebody for good, and send the place to their calendar."""
    await move_registration(session, meeting, registration, to=RegistrationState.REGISTERED)
    objects = requests(session, meeting, registration)
    await order_mail(session, meeting, registration, MailKind.REGISTERED, calendars=objects)


async def _offer(session: Session, meeting: Meeting, registration: Registration, *, at: datetime) -> bool:
    """Hold a seat for somebody until an answer; false when it is too late for offers."""
    window = offer_window(at, meeting.closes, zone=PARIS)
    if window is None:
        return False
    await move_registration(session, meeting, registration, to=RegistrationState.OFFERED)
    registration.offer_expires_at = provisional_end(at, window, closing=meeting.closes, zone=PARIS)
    # The mail tells the earliest end; it may leave later, and then the person has longer than it says.
    told = Particulars(until=offer_end(at, window, closing=meeting.closes, zone=PARIS))
    await order_mail(session, meeting, registration, MailKind.OFFERED, about=told)
    return True
