"""Note who came, and close the sheet once the first session has started."""

from datetime import timedelta
from uuid import UUID

import structlog

from services.events.commands.moves import move_registration
from services.events.errors import MoveRefused, TooEarly
from services.events.models import Registration
from services.events.queries.meetings import Meeting, get_meeting
from services.events.queries.registrations import get_at, list_in
from services.events.rules.publication import NOT_TAKING_PLACE, Publication
from services.events.rules.registrations import CORRECTION, DOORS_OPEN
from services.events.schemas import AttendanceMark
from shared.clock import now
from shared.contracts.events import RegistrationState
from shared.db.session import Session
from shared.identity.access import Scope
from shared.web.formats import heure, jour

log = structlog.get_logger(__name__)


async def note_attendance(session: Session, scope: Scope, event_id: UUID, mark: AttendanceMark) -> Registration:
    """Note that somebody is there, or correct it; the same mark twice changes nothing.

    Who is not marked becomes absent when the sheet is closed; a mark may be corrected for 30 days.

    Raises:
        NotFound: no such registration at this event.
        TooEarly: the doors are not open yet.
        MoveRefused: this person has no place, or it is too late to correct.
    """
    meeting = await get_meeting(session, scope, event_id, lock=True)
    registration = await get_at(session, scope, event_id, mark.registration_id)
    _check_time(meeting)
    to = _state_after(registration.state, present=mark.present)
    if to is not registration.state:
        await move_registration(session, meeting, registration, to=to)
        log.info("attendance_noted", registration_id=str(registration.id), state=to)
    return registration


async def close_sheet(session: Session, scope: Scope, event_id: UUID) -> tuple[int, int]:
    """Close the attendance sheet: who has a place and was not marked is absent. Return how many came and did not.

    Raises:
        NotFound: no such event for whoever asks.
        TooEarly: the first session has not started.
        MoveRefused: the event does not take place.
    """
    meeting = await get_meeting(session, scope, event_id, lock=True)
    event = meeting.event
    _check_takes_place(meeting)
    if now() < event.starts_at:
        raise TooEarly(
            f"La feuille se clôt une fois la séance commencée, {_moment(meeting)}.",
            starts_at=event.starts_at.isoformat(),
        )
    if event.sheet_closed_at is None:
        event.sheet_closed_at = now()
        for registration in await list_in(session, scope, event_id, states=frozenset({RegistrationState.REGISTERED})):
            await move_registration(session, meeting, registration, to=RegistrationState.NO_SHOW)
        log.info("sheet_closed", event_id=str(event_id))
    came = await list_in(session, scope, event_id, states=frozenset({RegistrationState.ATTENDED}))
    missed = await list_in(session, scope, event_id, states=frozenset({RegistrationState.NO_SHOW}))
    return len(came), len(missed)


def _state_after(state: RegistrationState, *, present: bool) -> RegistrationState:
    """Return what a mark makes of a registration; an absence before the sheet is closed is no mark at all."""
    seated = {RegistrationState.REGISTERED, RegistrationState.ATTENDED, RegistrationState.NO_SHOW}
    if state not in seated:
        raise MoveRefused("Cette personne n’a pas de place à ce rendez-vous.", state=state.value)
    if present:
        return RegistrationState.ATTENDED
    return RegistrationState.NO_SHOW if state is RegistrationState.ATTENDED else state


def _check_time(meeting: Meeting) -> None:
    _check_takes_place(meeting)
    if now() < meeting.event.starts_at - DOORS_OPEN:
        raise TooEarly(f"La feuille de présence s’ouvre deux heures avant la séance, {_moment(meeting)}.")
    if now() > meeting.event.ends_at + CORRECTION + timedelta(days=1):
        raise MoveRefused("Une présence se corrige pendant 30 jours.")


def _check_takes_place(meeting: Meeting) -> None:
    if meeting.event.publication is not Publication.PUBLISHED or meeting.event.schedule in NOT_TAKING_PLACE:
        raise MoveRefused("Ce rendez-vous n’a pas lieu.")


def _moment(meeting: Meeting) -> str:
    return f"le {jour(meeting.event.starts_at, semaine=True)} à {heure(meeting.event.starts_at)}"
