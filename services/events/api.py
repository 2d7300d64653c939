"""JSON routes of the agenda: one agenda of the territory, registration without account, sheets for organisers."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.events.commands import attendance, events, requests, schedule
from services.events.queries import agenda, registrations
from services.events.queries.states import own_view
from services.events.rules.publication import Publication
from services.events.schemas import (
    AttendanceMark,
    AttendanceSheet,
    EventChange,
    EventView,
    NewEvent,
    OrganiserReason,
    PublicationMove,
    RegistrationForm,
    RegistrationReceived,
    RegistrationView,
    ScheduleMove,
)
from shared.contracts.events import EventType
from shared.fields import Instant, Siren
from shared.http.guards import Router, Who
from shared.http.paging import Listing, Page, TerritoryPage, listing, of_id, of_territory
from shared.http.preconditions import Answered, OnlyOnce, Seen, tag
from shared.http.session import Reading, Transaction
from shared.identity.access import Right

router = Router(prefix="/api/v1/events", tags=["events"])


def _tag_of(view: EventView) -> int:
    return view.revision or view.version


@router.act("", right=Right.WRITE_EVENTS, limit="token", status_code=201)
async def create_event(asked: NewEvent, session: Transaction, who: Who, answer: Answered) -> EventView:
    """Write a draft."""
    view = own_view(session, await events.create_event(session, who, asked))
    return answer.made(view, version=_tag_of(view), at=f"{router.prefix}/{view.id}")


@router.read("", right=Right.PUBLIC)
async def list_events(
    session: Reading,
    who: Who,
    page: TerritoryPage,
    epci: Siren | None = None,
    type: EventType | None = None,  # the word on the wire
    since: Annotated[Instant | None, Query(alias="from")] = None,
) -> Listing[EventView]:
    """List the agenda of the territory in order of time, seats as last known; visitors see what is public."""
    wanted = agenda.Wanted(epci=epci, type=type, since=since, after=page.after, limit=page.limit + 1)
    found = await agenda.list_agenda(session, who, wanted)
    return listing(found, limit=page.limit, by=of_territory)


@router.read("/{event_id}", right=Right.PUBLIC)
async def get_event(
    event_id: UUID, session: Reading, who: Who, response: Response, epci: Siren | None = None
) -> EventView:
    """Show one event of this EPCI, or of the one that is named."""
    view = await agenda.get_event(session, who, event_id, epci=epci)
    tag(response, _tag_of(view))
    return view


@router.act("/{event_id}", right=Right.WRITE_EVENTS, limit="token", method="PATCH")
async def change_event(
    event_id: UUID, asked: EventChange, session: Transaction, who: Who, seen: Seen, answer: Answered
) -> EventView:
    """Change an event; ``If-Match`` holds the tag last read."""
    view = own_view(session, await events.change_event(session, who, event_id, asked, version=seen))
    return answer.told(view, version=_tag_of(view))


@router.act("/{event_id}/publication", right=Right.WRITE_EVENTS, limit="token")
async def move_publication(
    event_id: UUID, move: PublicationMove, session: Transaction, who: Who, seen: Seen, answer: Answered
) -> EventView:
    """Take an event along: draft, in review, ready, published; only coordinators decide."""
    moved = await events.move_publication(session, who, event_id, to=Publication(move.to), version=seen)
    view = own_view(session, moved)
    return answer.told(view, version=_tag_of(view))


@router.act("/{event_id}/schedule", right=Right.WRITE_EVENTS, limit="token")
async def move_schedule(
    event_id: UUID, move: ScheduleMove, session: Transaction, who: Who, seen: Seen, answer: Answered
) -> EventView:
    """Move, postpone or cancel a published event; everybody concerned gets a mail."""
    view = own_view(session, await schedule.move_schedule(session, who, event_id, move, version=seen))
    return answer.told(view, version=_tag_of(view))


@router.act("/{event_id}/registrations", right=Right.PUBLIC, status_code=202)
async def request_registration(
    event_id: UUID, form: RegistrationForm, session: Transaction, who: Who, only_once: OnlyOnce, response: Response
) -> RegistrationReceived:
    """Ask for a place, without account; the answer is the same for an address that is already there."""
    await requests.request_registration(session, who, event_id, form)
    return only_once.keep(RegistrationReceived(), response=response, status=202)


@router.read("/{event_id}/registrations", right=Right.READ_PERSONS, limit="token")
async def list_registrations(event_id: UUID, session: Reading, who: Who, page: Page) -> Listing[RegistrationView]:
    """List who asked for a place, in order of arrival, for organisers."""
    found = await registrations.list_registrations(session, who, event_id, after=page.after, limit=page.limit + 1)
    return listing([RegistrationView.model_validate(one) for one in found], limit=page.limit, by=of_id)


@router.act("/{event_id}/registrations/{registration_id}/cancel", right=Right.WRITE_EVENTS, limit="token")
async def cancel_registration(  # noqa: PLR0913 - FastAPI passes two ids, a body and four dependencies
    event_id: UUID,
    registration_id: UUID,
    asked: OrganiserReason,
    session: Transaction,
    who: Who,
    seen: Seen,
    response: Response,
) -> RegistrationView:
    """Take a registration back; the person reads why. ``If-Match`` holds its version, as the list shows it."""
    found = await requests.cancel_by_organiser(
        session, who, event_id, registration_id, reason=asked.reason, version=seen
    )
    tag(response, found.version)
    return RegistrationView.model_validate(found)


@router.act("/{event_id}/attendance", right=Right.WRITE_EVENTS, limit="token")
async def note_attendance(event_id: UUID, mark: AttendanceMark, session: Transaction, who: Who) -> RegistrationView:
    """Note who is there, or correct it; no ``If-Match``: several people stand at the door, and the last mark counts."""
    return RegistrationView.model_validate(await attendance.note_attendance(session, who, event_id, mark))


@router.act("/{event_id}/close-sheet", right=Right.WRITE_EVENTS, limit="token")
async def close_sheet(event_id: UUID, session: Transaction, who: Who) -> AttendanceSheet:
    """Close the attendance sheet, once the first session has started; the others become absent.

    No ``If-Match``: closing twice is closing once.
    """
    attended, no_show = await attendance.close_sheet(session, who, event_id)
    return AttendanceSheet(attended=attended, no_show=no_show)
