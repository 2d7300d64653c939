"""Tell of an event: the whole of it when an agent changed it, its seats at most every ten seconds."""

from datetime import timedelta

from services.events.models import OutboxMessage
from services.events.queries.meetings import Meeting, get_meeting
from services.events.queries.states import event_state
from services.events.queries.timing import list_seats_to_tell, list_withdrawing
from services.events.rules.publication import Publication
from services.events.rules.registrations import seats_left
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.events import AgendaEvent
from shared.db.session import Session, origin_of
from shared.identity.access import Scope
from shared.messaging.recorder import record, record_deletion, record_narrowing
from shared.messaging.waiting import find_unconfirmed

SEATS_PAUSE = timedelta(seconds=10)


async def tell(session: Session, meeting: Meeting, *, fact: str) -> None:
    """Record the new state of an event; the caller raised nothing, this raises ``version``."""
    event, at = meeting.event, now()
    event.version += 1
    event.updated_at = at
    if event.publication is Publication.PUBLISHED:
        event.seats_told_at, event.seats_due_at = at, None
        event.told_left, event.told_waiting = _seats(meeting)
    await session.flush()
    if event.publication is Publication.PUBLISHED:
        state = event_state(meeting, base_url=origin_of(session).base_url)
        record(session, OutboxMessage, state, fact=fact, visibility=event.visibility)


async def take_back(session: Session, meeting: Meeting) -> None:
    """Record that an event is no longer shown: a last state without its text, then a tombstone."""
    event = meeting.event
    event.version += 1
    event.updated_at = now()
    event.seats_due_at = None
    last = _bare(event_state(meeting, base_url=origin_of(session).base_url))
    event.version += 1
    await session.flush()
    record_deletion(session, OutboxMessage, last, fact="unpublished", visibility=event.visibility)


async def tell_less_far(session: Session, meeting: Meeting, *, before: Visibility) -> None:
    """Record the new state of a published event where it stays, and its end where it is read no more."""
    event = meeting.event
    event.version += 1
    event.updated_at = now()
    event.withdrawing = True
    state, span = event_state(meeting, base_url=origin_of(session).base_url), (before, event.visibility)
    event.version += 1
    await session.flush()
    record_narrowing(session, OutboxMessage, state, _bare(state), fact="updated", span=span)


async def confirm_withdrawals(session: Session, scope: Scope) -> int:
    """Note of which events Kafka has confirmed that the wider copies are gone; return of how many."""
    waiting = await list_withdrawing(session, scope, lock=True)
    unconfirmed = await find_unconfirmed(session, OutboxMessage, [one.id for one in waiting])
    done = [one for one in waiting if one.id not in unconfirmed]
    for event in done:
        event.withdrawing = False
        session.add(event)
    return len(done)


async def tell_seats(session: Session, meeting: Meeting) -> None:
    """Tell of the seats at once when the event becomes full or free again, else within ten seconds."""
    event = meeting.event
    left, waiting = _seats(meeting)
    if event.publication is not Publication.PUBLISHED or (left, waiting) == (event.told_left, event.told_waiting):
        event.seats_due_at = None
        return
    turned = (left == 0) != (event.told_left == 0)
    told = event.seats_told_at
    if turned or told is None or now() >= told + SEATS_PAUSE:
        await tell(session, meeting, fact="seats_changed")
    elif event.seats_due_at is None:
        event.seats_due_at = told + SEATS_PAUSE


async def tell_due_seats(session: Session, scope: Scope) -> int:
    """Tell of the seats of events whose ten seconds are over; return how many events."""
    due = await list_seats_to_tell(session, scope, at=now())
    for event_id in due:
        await tell_seats(session, await get_meeting(session, scope, event_id, lock=True))
    return len(due)


def _bare(state: AgendaEvent) -> AgendaEvent:
    """Return the last state of an event that is read no more: without its text and its hours."""
    return state.model_copy(update={"title": "", "summary": "", "description": "", "conditions": "", "slots": ()})


def _seats(meeting: Meeting) -> tuple[int, int]:
    pool = meeting.pool
    return seats_left(capacity=pool.capacity, held=pool.held, waiting=pool.waiting), pool.waiting
