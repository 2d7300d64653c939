"""Calendar objects for one person: what each mail joins, and the count that never goes back."""

from services.events.models import Registration
from services.events.queries.meetings import Meeting
from services.events.queries.states import event_state
from services.events.rules.calendar import Invitation, domain_of, entry_of, itip
from shared.clock import now
from shared.contracts.events import CalendarMethod, CalendarObject, Slot
from shared.db.session import Session, origin_of


def requests(session: Session, meeting: Meeting, registration: Registration) -> tuple[CalendarObject, ...]:
    """Put every session into the calendar of a person, or move it there; a REQUEST after a CANCEL counts up."""
    if registration.ical_method is CalendarMethod.CANCEL:
        registration.ical_offset += 1
    registration.ical_method = CalendarMethod.REQUEST
    return _objects(session, meeting, registration, slots=_slots(session, meeting))


def cancellations(session: Session, meeting: Meeting, registration: Registration) -> tuple[CalendarObject, ...]:
    """Take every session out of the calendar of a person; nothing for who never had them."""
    if registration.ical_method is not CalendarMethod.REQUEST:
        return ()
    registration.ical_method = CalendarMethod.CANCEL
    registration.ical_offset += 1
    return _objects(session, meeting, registration, slots=_slots(session, meeting))


def removals(
    session: Session, meeting: Meeting, registration: Registration, *, gone: tuple[Slot, ...]
) -> tuple[CalendarObject, ...]:
    """Take out the sessions that the event no longer has; the event’s own count was raised for it."""
    if registration.ical_method is not CalendarMethod.REQUEST:
        return ()
    return _objects(session, meeting, registration, slots=gone, method=CalendarMethod.CANCEL)


def _slots(session: Session, meeting: Meeting) -> tuple[Slot, ...]:
    return event_state(meeting, base_url=origin_of(session).base_url).slots


def _objects(
    session: Session,
    meeting: Meeting,
    registration: Registration,
    *,
    slots: tuple[Slot, ...],
    method: CalendarMethod | None = None,
) -> tuple[CalendarObject, ...]:
    said = method or registration.ical_method or CalendarMethod.REQUEST
    origin = origin_of(session)
    domain = domain_of(origin.base_url)
    state, link, stamp = event_state(meeting, base_url=origin.base_url), meeting.event.online_link, now()
    invitation = Invitation(
        method=said,
        offset=registration.ical_offset,
        organiser=origin.name or f"EPCI {origin.epci}",
        # The same address in every update; answers are matched by it, and it opens nothing.
        organiser_address=f"inscription+{registration.id.hex}@{domain}",
        attendee=registration.name,
        attendee_address=registration.email,
    )
    entries = [entry_of(state, slot, domain=domain, online_link=link) for slot in slots]
    return tuple(CalendarObject(method=said, content=itip(entry, invitation, stamp=stamp)) for entry in entries)
