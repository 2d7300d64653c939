"""One event with its sessions and its seats: what every change is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.events.models import Event, EventSession, SeatPool
from services.events.rules.publication import SHOWN, why_closed
from shared.clock import now
from shared.contracts.base import Visibility
from shared.db.session import Session
from shared.errors import NotFound
from shared.identity.access import Right, Scope


@dataclass
class Meeting:
    """An event of this EPCI, its sessions in order, its seats."""

    event: Event
    sessions: list[EventSession]
    pool: SeatPool

    @property
    def closes(self) -> datetime:
        """Return when registration ends: at the first session unless said otherwise."""
        return self.event.registration_closes or self.event.starts_at

    @property
    def closed(self) -> str | None:
        """Return why nobody can register at this moment, in a French sentence; ``None`` when one can."""
        return why_closed(
            publication=self.event.publication,
            schedule=self.event.schedule,
            mode=self.event.registration_mode,
            closes=self.closes,
            now=now(),
        )


def may_see(scope: Scope, event: Event) -> bool:
    """Tell whether an event exists for whoever asks; drafts to those who write, restricted ones to agents."""
    if scope.may(Right.WRITE_EVENTS):
        return True
    reach = Visibility.TERRITORY if scope.may(Right.READ_TERRITORY) else Visibility.PUBLIC
    return event.publication in SHOWN and event.visibility.reaches(reach)


async def get_meeting(session: Session, scope: Scope, event_id: UUID, *, lock: bool = False) -> Meeting:
    """Return an event of this EPCI; with ``lock``, its seats are ours until the end of the transaction.

    Raises:
        NotFound: no such event for whoever asks.
    """
    seats = select(SeatPool).where(SeatPool.event_id == event_id)
    pool = (await session.exec(seats.with_for_update() if lock else seats)).one_or_none()
    event = await session.get(Event, event_id) if pool else None
    if pool is None or event is None or event.home_epci != scope.epci or not may_see(scope, event):
        raise NotFound
    return Meeting(event, await _sessions(session, [event_id]), pool)


async def list_meetings(session: Session, scope: Scope, events: Sequence[Event]) -> list[Meeting]:
    """Return several events of this EPCI with what belongs to them, in two statements however many they are."""
    ours = [event for event in events if event.home_epci == scope.epci]
    ids = [event.id for event in ours]
    sessions: dict[UUID, list[EventSession]] = {one: [] for one in ids}
    for one in await _sessions(session, ids):
        sessions[one.event_id].append(one)
    found = await session.exec(select(SeatPool).where(col(SeatPool.event_id).in_(ids)))
    pools = {pool.event_id: pool for pool in found}
    return [Meeting(event, sessions[event.id], pools[event.id]) for event in ours]


async def _sessions(session: Session, event_ids: Sequence[UUID]) -> list[EventSession]:
    found = await session.exec(
        select(EventSession)
        .where(col(EventSession.event_id).in_(event_ids))
        .order_by(col(EventSession.start), col(EventSession.id))
    )
    return list(found)
