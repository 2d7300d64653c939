"""What rows look like to others: contract states, for the recorder and for the doors alike."""

from uuid import UUID

from services.events.models import Event, Registration
from services.events.queries.meetings import Meeting
from services.events.rules.publication import NOT_TAKING_PLACE
from services.events.rules.registrations import seats_left
from services.events.schemas import EventView
from shared.clock import now
from shared.contracts import events as wire
from shared.contracts.events import RegistrationMode, Schedule
from shared.db.session import Session, origin_of
from shared.territory.communes import commune_name


def form_url(event_id: UUID, *, base_url: str) -> str:
    """Return the address at which one registers for an event of this instance."""
    return f"{base_url.rstrip('/')}/agenda/{event_id}/inscription"


def event_state(meeting: Meeting, *, base_url: str) -> wire.AgendaEvent:
    """Return an event as its messages tell it: no online link, no name."""
    event = meeting.event
    free = event.registration_mode is RegistrationMode.FREE
    return wire.AgendaEvent(
        id=event.id,
        home_epci=event.home_epci,
        version=event.version,
        updated_at=event.updated_at,
        type=event.type,
        title=event.title,
        summary=event.summary,
        description=event.description,
        conditions=event.conditions,
        themes=tuple(event.themes),
        audiences=tuple(wire.Audience(one) for one in event.audiences),
        attendance_mode=event.attendance_mode,
        schedule=event.schedule,
        visibility=event.visibility,
        slots=_slots(meeting),
        capacity=_capacity(meeting),
        registration_mode=event.registration_mode,
        registration_url=form_url(event.id, base_url=base_url) if free else event.registration_url,
        registration_closes=meeting.closes,
        accessibility=tuple(event.accessibility),
        ical_sequence=event.ical_sequence,
        demo=event.demo,
    )


def event_view(meeting: Meeting, *, base_url: str) -> EventView:
    """Return an event of this EPCI as the API shows it."""
    event = meeting.event
    return as_view(event_state(meeting, base_url=base_url)).model_copy(
        update={
            "revision": event.revision,
            "publication": event.publication,
            "offer_mode": event.offer_mode,
            "withdrawing": event.withdrawing,
            "sheet_closed": event.sheet_closed_at is not None,
        }
    )


def own_view(session: Session, meeting: Meeting) -> EventView:
    """Return what the API shows of an event that was just written."""
    return event_view(meeting, base_url=origin_of(session).base_url)


def as_view(state: wire.AgendaEvent) -> EventView:
    """Return a published state with what follows from it at this moment."""
    last = max((slot.end for slot in state.slots), default=None)
    takes_place = state.schedule == "other" or Schedule(state.schedule) not in NOT_TAKING_PLACE
    return EventView(
        **{name: getattr(state, name) for name in wire.AgendaEvent.model_fields},
        full=state.capacity.left == 0,
        ended=takes_place and last is not None and last <= now(),
    )


def registration_state(registration: Registration, event: Event) -> wire.Registration:
    """Return a registration as the other services of the EPCI are told of it."""
    return wire.Registration(
        id=registration.id,
        home_epci=registration.home_epci,
        version=registration.version,
        updated_at=registration.updated_at,
        event_id=event.id,
        event_title=event.title,
        event_type=event.type,
        starts_at=event.starts_at,
        state=registration.state,
        name=registration.name,
        email=registration.email,
        organisation=registration.organisation,
        siren=registration.siren,
    )


def _slots(meeting: Meeting) -> tuple[wire.Slot, ...]:
    return tuple(
        wire.Slot(
            id=one.id,
            start=one.start,
            end=one.end,
            zone=one.zone,
            commune_insee=one.commune_insee,
            commune=commune_name(one.commune_insee) if one.commune_insee else "",
            place=one.place,
        )
        for one in meeting.sessions
    )


def _capacity(meeting: Meeting) -> wire.Capacity:
    pool = meeting.pool
    left = seats_left(capacity=pool.capacity, held=pool.held, waiting=pool.waiting)
    return wire.Capacity(total=pool.capacity, left=left, waiting=pool.waiting)
