"""Move, postpone or cancel a published event, and tell everybody who has a place or waits for one."""

from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from services.events.commands.calendars import cancellations, removals, requests
from services.events.commands.events import put_sessions, take_event
from services.events.commands.mails import order_mail
from services.events.commands.moves import move_registration
from services.events.commands.seating import promote
from services.events.commands.telling import tell
from services.events.errors import MoveRefused
from services.events.models import Registration
from services.events.queries.meetings import Meeting
from services.events.queries.registrations import list_in
from services.events.queries.states import event_state
from services.events.rules.mails import MailKind, Particulars, occasion_of, where_and_when
from services.events.rules.publication import SCHEDULE_LABELS, Publication, can_schedule_as
from services.events.rules.registrations import LIVE
from services.events.rules.words import quoted
from services.events.schemas import ScheduleMove
from shared.clock import now
from shared.contracts.events import AttendanceMode, RegistrationState, Schedule, Slot
from shared.db.session import Session, origin_of
from shared.identity.access import Scope

log = structlog.get_logger(__name__)

_CALLED_OFF = LIVE - {RegistrationState.ATTENDED}
_TOLD = _CALLED_OFF - {RegistrationState.PENDING_EMAIL}


@dataclass(frozen=True)
class _Change:
    """What the mails of one change say: the old value first, why, and which sessions are gone."""

    kind: MailKind
    about: Particulars
    gone: tuple[Slot, ...]


async def move_schedule(
    session: Session, scope: Scope, event_id: UUID, asked: ScheduleMove, *, version: int
) -> Meeting:
    """Change when or whether a published event takes place; each person who is registered or waits gets one mail.

    Raises:
        NotFound: no such event for whoever asks.
        StaleVersion: somebody changed it after ``version``.
        MoveRefused: not published, already over, or this does not follow its present status.
    """
    meeting = await take_event(session, scope, event_id, version=version)
    event = meeting.event
    _refuse(meeting, asked)
    before = event_state(meeting, base_url=origin_of(session).base_url)
    event.schedule = Schedule(asked.to)
    event.ical_sequence += 1
    event.revision += 1
    if asked.sessions and asked.to is not Schedule.CANCELLED:
        await put_sessions(session, meeting, asked.sessions)
    _go_online(meeting, asked)
    about = Particulars(reason=asked.reason, before=where_and_when(occasion_of(before)))
    if event.schedule is Schedule.CANCELLED:
        await _call_off(session, scope, meeting, about=about)
    else:
        kept = {one.id for one in meeting.sessions}
        gone = tuple(slot for slot in before.slots if slot.id not in kept)
        kind = MailKind.POSTPONED if event.schedule is Schedule.POSTPONED else MailKind.MOVED
        await _tell_people(session, scope, meeting, _Change(kind, about, gone))
    # Last: one message holds the seats as they are after everybody was told.
    await tell(session, meeting, fact="cancelled" if event.schedule is Schedule.CANCELLED else "rescheduled")
    await promote(session, scope, meeting)
    log.info("event_schedule_moved", event_id=str(event_id), to=event.schedule)
    return meeting


def _refuse(meeting: Meeting, asked: ScheduleMove) -> None:
    event, to = meeting.event, Schedule(asked.to)
    if event.publication is not Publication.PUBLISHED:
        raise MoveRefused("Ce rendez-vous n’est pas publié\u00a0: modifiez directement ses séances.")
    if event.ended_at is not None or event.sheet_closed_at is not None:
        raise MoveRefused("Ce rendez-vous a déjà eu lieu.")
    if not can_schedule_as(event.schedule, to):
        raise MoveRefused(
            f"Ce rendez-vous est {quoted(SCHEDULE_LABELS[event.schedule])}\u00a0: "
            f"il ne peut pas être {quoted(SCHEDULE_LABELS[to])}.",
            schedule=event.schedule.value,
            to=to.value,
        )
    if to is Schedule.RESCHEDULED and asked.sessions[-1].end <= now():
        raise MoveRefused("Toutes les nouvelles séances sont passées.")


def _go_online(meeting: Meeting, asked: ScheduleMove) -> None:
    event = meeting.event
    if asked.online_link is not None:
        event.online_link = asked.online_link
    if event.schedule is Schedule.MOVED_ONLINE:
        event.attendance_mode = AttendanceMode.ONLINE
    # A closing time that was set for the old date says nothing of the new one.
    if event.schedule is Schedule.RESCHEDULED:
        event.registration_closes = None


async def _call_off(session: Session, scope: Scope, meeting: Meeting, *, about: Particulars) -> None:
    for registration in await list_in(session, scope, meeting.event.id, states=_CALLED_OFF):
        proven = registration.state is not RegistrationState.PENDING_EMAIL
        await move_registration(session, meeting, registration, to=RegistrationState.CANCELLED_BY_ORGANISER)
        objects = cancellations(session, meeting, registration)
        if proven:
            await order_mail(session, meeting, registration, MailKind.CALLED_OFF, about=about, calendars=objects)


async def _tell_people(session: Session, scope: Scope, meeting: Meeting, change: _Change) -> None:
    for registration in await list_in(session, scope, meeting.event.id, states=_TOLD):
        _shorten(registration, meeting)
        objects = (
            (*requests(session, meeting, registration), *removals(session, meeting, registration, gone=change.gone))
            if registration.state is RegistrationState.REGISTERED
            else ()
        )
        about = replace(change.about, has_seat=registration.seat)
        await order_mail(session, meeting, registration, change.kind, about=about, calendars=objects)


def _shorten(registration: Registration, meeting: Meeting) -> None:
    """Keep an offer within the new closing."""
    if registration.offer_expires_at is not None:
        registration.offer_expires_at = min(registration.offer_expires_at, meeting.closes)
