"""Write events and take them to the public."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from services.events.commands.seating import promote
from services.events.commands.telling import take_back, tell, tell_less_far
from services.events.errors import LinkMissing, MoveRefused, NarrowingRefused, SeatsTaken
from services.events.models import Event, EventSession, SeatPool
from services.events.queries.meetings import Meeting, get_meeting
from services.events.queries.registrations import list_in
from services.events.rules.publication import (
    EDITED_FREELY,
    LABELS,
    Publication,
    can_publish_as,
    lacks_link,
    narrows,
    needs_coordinator,
)
from services.events.rules.registrations import LIVE
from services.events.rules.words import quoted
from services.events.schemas import CLEARABLE, EventChange, EventFields, NewEvent, NewSession
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.events import RegistrationMode
from shared.db.session import Session
from shared.errors import Forbidden, StaleVersion
from shared.identity.access import Right, Scope
from shared.ids import uuid7

log = structlog.get_logger(__name__)

_PLAIN = (
    "title",
    "summary",
    "description",
    "conditions",
    "themes",
    "audiences",
    "accessibility",
    "visibility",
    "offer_mode",
    "attendance_mode",
)
_BY_SCHEDULE = frozenset({"sessions", "attendance_mode", "online_link"})


async def take_event(session: Session, scope: Scope, event_id: UUID, *, version: int) -> Meeting:
    """Return an event of this EPCI to change it; its seats are ours until the end of the transaction.

    Raises:
        NotFound: no such event for whoever asks.
        StaleVersion: somebody changed it after ``version``.
    """
    meeting = await get_meeting(session, scope, event_id, lock=True)
    if meeting.event.revision != version:
        raise StaleVersion("Ce rendez-vous a changé entre-temps.", current=meeting.event.revision)
    return meeting


async def create_event(session: Session, scope: Scope, asked: NewEvent) -> Meeting:
    """Write a draft; nobody outside those who write sees it."""
    at = now()
    event = Event(
        id=uuid7(),
        home_epci=scope.epci,
        created_at=at,
        updated_at=at,
        type=asked.type,
        attendance_mode=asked.attendance_mode,
        registration_mode=RegistrationMode(asked.registration_mode),
        registration_url=asked.registration_url,
        title=asked.title,
        visibility=asked.visibility,
        starts_at=asked.sessions[0].start,
        ends_at=asked.sessions[-1].end,
        demo=asked.demo,
    )
    _put_fields(event, asked)
    session.add(event)
    await session.flush()
    pool = SeatPool(id=uuid7(), event_id=event.id, capacity=asked.capacity)
    session.add(pool)
    meeting = Meeting(event, [], pool)
    await put_sessions(session, meeting, asked.sessions)
    log.info("event_created", event_id=str(event.id))
    return meeting


async def change_event(session: Session, scope: Scope, event_id: UUID, asked: EventChange, *, version: int) -> Meeting:
    """Change what an event says, its seats or, before it is published, where and when it is.

    Raises:
        NotFound: no such event for whoever asks.
        StaleVersion: somebody changed it after ``version``.
        SeatsTaken: the new capacity is below the seats already given.
        NarrowingRefused: nobody outside would see a published event any more; that is a decision of its own.
        MoveRefused: where and when a published event is changes by its schedule.
    """
    meeting = await take_event(session, scope, event_id, version=version)
    _check(meeting, asked)
    before = meeting.event.visibility
    _put_fields(meeting.event, asked)
    meeting.pool.capacity = asked.capacity or meeting.pool.capacity
    if asked.sessions:
        await put_sessions(session, meeting, asked.sessions)
    meeting.event.revision += 1
    if meeting.event.publication is Publication.PUBLISHED and narrows(before, meeting.event.visibility):
        await tell_less_far(session, meeting, before=before)
    else:
        await tell(session, meeting, fact="updated")
    await promote(session, scope, meeting)
    log.info("event_changed", event_id=str(event_id), fields=sorted(asked.model_fields_set))
    return meeting


async def move_publication(session: Session, scope: Scope, event_id: UUID, *, to: Publication, version: int) -> Meeting:
    """Take an event along the publication axis; agents propose, coordinators decide.

    Raises:
        NotFound: no such event for whoever asks.
        StaleVersion: somebody changed it after ``version``.
        Forbidden: only a coordinator may do this.
        LinkMissing: it is to be published, takes place online and nobody knows where.
        MoveRefused: ``to`` does not follow, or something is in the way; says what.
    """
    meeting = await take_event(session, scope, event_id, version=version)
    event = meeting.event
    if not can_publish_as(event.publication, to):
        raise MoveRefused(
            f"Ce rendez-vous est {quoted(LABELS[event.publication])}\u00a0: "
            f"il ne peut pas devenir {quoted(LABELS[to])}.",
            publication=event.publication.value,
            to=to.value,
        )
    if needs_coordinator(to) and not scope.may(Right.PUBLISH_EVENTS):
        raise Forbidden("Un coordinateur décide de cette étape.", right=Right.PUBLISH_EVENTS.value)
    await _refuse_move(session, scope, meeting, to=to)
    event.publication = to
    event.revision += 1
    if to is Publication.UNPUBLISHED:
        await take_back(session, meeting)
    else:
        await tell(session, meeting, fact="published")
    log.info("event_publication_moved", event_id=str(event_id), to=to)
    return meeting


async def put_sessions(session: Session, meeting: Meeting, asked: Sequence[NewSession]) -> list[EventSession]:
    """Give an event exactly these sessions, kept ones by their id; return those that are gone.

    Raises:
        MoveRefused: an id is not one of its sessions.
    """
    kept = {one.id: one for one in meeting.sessions}
    unknown = [one.id for one in asked if one.id is not None and one.id not in kept]
    if unknown:
        raise MoveRefused("Une des séances n’appartient pas à ce rendez-vous.", unknown=[str(one) for one in unknown])
    rows = []
    for one in asked:
        row = kept.pop(one.id, None) if one.id else None
        row = row or EventSession(id=uuid7(), event_id=meeting.event.id, start=one.start, end=one.end)
        row.start, row.end, row.commune_insee, row.place = one.start, one.end, one.commune_insee, one.place
        session.add(row)
        rows.append(row)
    for gone in kept.values():
        await session.delete(gone)
    meeting.sessions = sorted(rows, key=lambda row: row.start)
    meeting.event.starts_at = meeting.sessions[0].start
    meeting.event.ends_at = max(row.end for row in rows)
    await session.flush()
    return list(kept.values())


def _check(meeting: Meeting, asked: EventChange) -> None:
    event, held = meeting.event, meeting.pool.held
    published = event.publication not in EDITED_FREELY
    if asked.capacity is not None and asked.capacity < held:
        raise SeatsTaken(f"{held} places déjà attribuées\u00a0: la capacité ne peut pas descendre plus bas.", held=held)
    if asked.visibility is Visibility.PRIVATE and published and narrows(event.visibility, asked.visibility):
        raise NarrowingRefused("Ce rendez-vous est publié\u00a0: pour que plus personne ne le voie, retirez-le.")
    if published and asked.model_fields_set & _BY_SCHEDULE:
        raise MoveRefused("Ce rendez-vous est publié\u00a0: déplacez-le, pour que les inscrits soient prévenus.")


def _put_fields(event: Event, asked: EventFields | EventChange) -> None:
    """Copy what was given; nothing is emptied by saying nothing, only by saying null."""
    for name in _PLAIN:
        value = getattr(asked, name)
        if value is not None:
            setattr(event, name, list(value) if isinstance(value, tuple) else value)
    for name in asked.model_fields_set & CLEARABLE:
        setattr(event, name, getattr(asked, name))


async def _refuse_move(session: Session, scope: Scope, meeting: Meeting, *, to: Publication) -> None:
    event = meeting.event
    if to is Publication.PUBLISHED and event.ends_at <= now():
        raise MoveRefused("Toutes les séances de ce rendez-vous sont passées.")
    if to is Publication.PUBLISHED and lacks_link(event.attendance_mode, event.online_link):
        raise LinkMissing
    if to is Publication.ARCHIVED and event.publication is Publication.PUBLISHED and event.ended_at is None:
        raise MoveRefused("Ce rendez-vous n’est pas terminé.")
    if to is Publication.UNPUBLISHED:
        live = await list_in(session, scope, event.id, states=LIVE)
        if live:
            raise MoveRefused(
                f"Des personnes sont inscrites ou en attente ({len(live)})\u00a0: annulez d’abord le rendez-vous.",
                live=len(live),
            )
