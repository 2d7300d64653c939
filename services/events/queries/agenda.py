"""The agenda of the territory: our own events, and those of the others as last heard."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.events.models import Event, KnownEvent
from services.events.queries.meetings import get_meeting, list_meetings
from services.events.queries.states import as_view, event_view
from services.events.rules.publication import SHOWN
from services.events.schemas import EventView
from shared.contracts import events as wire
from shared.contracts.base import Visibility
from shared.db.keyset import Order, after
from shared.db.session import Session, origin_of
from shared.errors import NotFound
from shared.identity.access import Right, Scope
from shared.ids import TerritoryKey

_Place = tuple[datetime, UUID, str]


@dataclass(frozen=True)
class Wanted:
    """Which part of the agenda is asked for; ``since``: what ends after it; ``until``: what starts before it."""

    epci: str | None = None
    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: TerritoryKey | None = None
    limit: int = 50


async def list_agenda(session: Session, scope: Scope, wanted: Wanted) -> list[EventView]:
    """Return the agenda in order of time, seats as last known: what is public, for agents the rest of the territory."""
    cursor = await _cursor(session, scope, wanted.after) if wanted.after else None
    own = await _own(session, scope, wanted, cursor=cursor)
    others = await _others(session, scope, wanted, cursor=cursor)
    return sorted([*own, *others], key=_place)[: wanted.limit]


async def get_event(session: Session, scope: Scope, event_id: UUID, *, epci: str | None = None) -> EventView:
    """Return one event of an EPCI; of our own, if it is not said whose.

    Raises:
        NotFound: no such event for whoever asks.
    """
    if epci in (None, scope.epci):
        meeting = await get_meeting(session, scope, event_id)
        return event_view(meeting, base_url=origin_of(session).base_url)
    told = _known(scope).where(KnownEvent.id == event_id, KnownEvent.home_epci == epci)
    known = (await session.exec(told)).first()
    if known is None:
        raise NotFound
    return as_view(_state(known))


async def _own(session: Session, scope: Scope, wanted: Wanted, *, cursor: _Place | None) -> list[EventView]:
    if wanted.epci not in (None, scope.epci):
        return []
    asked = select(Event).where(Event.home_epci == scope.epci)
    if not scope.may(Right.WRITE_EVENTS):
        reach = [Visibility.PUBLIC, *([Visibility.TERRITORY] if scope.may(Right.READ_TERRITORY) else [])]
        asked = asked.where(col(Event.publication).in_(SHOWN), col(Event.visibility).in_(reach))
    if wanted.type:
        asked = asked.where(Event.type == wanted.type)
    if wanted.since:
        asked = asked.where(Event.ends_at > wanted.since)
    if wanted.until:
        asked = asked.where(Event.starts_at < wanted.until)
    if cursor:
        asked = asked.where(after(_order(Event), cursor))
    events = (await session.exec(asked.order_by(*_order(Event)).limit(wanted.limit))).all()
    base_url = origin_of(session).base_url
    return [event_view(meeting, base_url=base_url) for meeting in await list_meetings(session, scope, events)]


async def _others(session: Session, scope: Scope, wanted: Wanted, *, cursor: _Place | None) -> list[EventView]:
    if wanted.epci == scope.epci:
        return []
    asked = _known(scope)
    if wanted.epci:
        asked = asked.where(KnownEvent.home_epci == wanted.epci)
    if wanted.type:
        asked = asked.where(KnownEvent.type == wanted.type)
    if wanted.since:
        asked = asked.where(col(KnownEvent.ends_at) > wanted.since)
    if wanted.until:
        asked = asked.where(col(KnownEvent.starts_at) < wanted.until)
    if cursor:
        asked = asked.where(after(_order(KnownEvent), cursor))
    order = asked.order_by(*_order(KnownEvent)).limit(wanted.limit)
    return [as_view(_state(known)) for known in (await session.exec(order)).all()]


def _known(scope: Scope) -> SelectOfScalar[KnownEvent]:
    asked = select(KnownEvent).where(KnownEvent.home_epci != scope.epci, col(KnownEvent.deleted).is_(False))
    return asked if scope.may(Right.READ_TERRITORY) else asked.where(col(KnownEvent.public).is_(True))


def _state(known: KnownEvent) -> wire.AgendaEvent:
    return wire.AgendaEvent.model_validate_json(known.state)


async def _cursor(session: Session, scope: Scope, after: TerritoryKey) -> _Place:
    return _place(await get_event(session, scope, after.id, epci=after.epci))


def _place(view: EventView) -> _Place:
    """Return where an event stands in the agenda."""
    starts = min((slot.start for slot in view.slots), default=view.updated_at)
    return starts, view.id, view.home_epci


def _order(table: type[Event | KnownEvent]) -> Order:
    return col(table.starts_at), col(table.id), col(table.home_epci)
