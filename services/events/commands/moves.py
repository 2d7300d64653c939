"""Pass a registration from one state to another: the table obeyed, the seats counted, the message recorded."""

from sqlalchemy import update
from sqlmodel import col

from services.events.errors import MoveRefused
from services.events.models import OutboxMessage, Registration, SeatPool
from services.events.queries.meetings import Meeting
from services.events.queries.states import registration_state
from services.events.rules.registrations import TABLE, WAITING, can_become, keeps_seat
from services.events.rules.words import quoted
from shared.clock import now
from shared.contracts.events import RegistrationState
from shared.db.session import Session
from shared.messaging.recorder import record


async def take_seat(session: Session, pool: SeatPool) -> bool:
    """Take a seat for a newcomer in one conditional update; none while somebody waits, even if one is free."""
    taken = await session.exec(
        update(SeatPool)
        .where(
            col(SeatPool.id) == pool.id,
            col(SeatPool.held) + 1 <= col(SeatPool.capacity),
            col(SeatPool.waiting) == 0,
        )
        .values(held=col(SeatPool.held) + 1)
        .execution_options(synchronize_session=False)
    )
    await session.refresh(pool)
    return bool(getattr(taken, "rowcount", 0))


async def move_registration(
    session: Session, meeting: Meeting, registration: Registration, *, to: RegistrationState
) -> None:
    """Put a registration into another state, with the seat and the queue number that go with it, and tell of it.

    Raises:
        MoveRefused: ``to`` does not follow the present state; nothing changed.
    """
    if not can_become(registration.state, to):
        raise MoveRefused(
            f"Cette inscription est {quoted(TABLE[registration.state].label)}\u00a0: "
            f"elle ne peut pas devenir {quoted(TABLE[to].label)}.",
            state=registration.state.value,
            to=to.value,
        )
    _count(meeting.pool, registration, to=to)
    registration.state = to
    registration.hold_expires_at = None
    registration.offer_expires_at = None
    registration.version += 1
    registration.updated_at = now()
    await session.flush()
    tell_registration(session, meeting, registration)


def tell_registration(session: Session, meeting: Meeting, registration: Registration) -> None:
    """Record the present state of a registration, for the services of this EPCI."""
    state = registration_state(registration, meeting.event)
    record(session, OutboxMessage, state, fact=TABLE[registration.state].fact)


def _count(pool: SeatPool, registration: Registration, *, to: RegistrationState) -> None:
    """Keep ``held`` and ``waiting`` equal to the sum of states; the pool is locked by whoever loaded it."""
    waited, waits = registration.state in WAITING, to in WAITING
    pool.waiting += waits - waited
    if waits and registration.queue_no is None:
        registration.queue_no = pool.next_queue_no
        pool.next_queue_no += 1
    sits = keeps_seat(to, has_seat=registration.seat)
    pool.held += sits - registration.seat
    registration.seat = sits
