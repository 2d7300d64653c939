"""Calendar objects: one iTIP object per session for an attendee (RFC 5546), one public feed (RFC 5545, 7986)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from icalendar import Calendar, Event, vCalAddress, vText

from shared.contracts.events import AgendaEvent, CalendarMethod, Schedule, Slot
from shared.fields import scrub_line

PRODUCT = "-//Estuaire//agenda//FR"
REFRESH = timedelta(hours=4)
_STATUS = {Schedule.POSTPONED: "TENTATIVE", Schedule.CANCELLED: "CANCELLED"}


@dataclass(frozen=True)
class Entry:
    """One session, as a calendar shows it."""

    session_id: UUID
    title: str
    description: str
    start: datetime
    end: datetime
    place: str
    url: str | None
    online_link: str | None
    schedule: Schedule
    domain: str
    sequence: int


@dataclass(frozen=True)
class Invitation:
    """What one attendee is told, whatever the session; ``offset`` counts his own comings and goings."""

    method: CalendarMethod
    offset: int
    organiser: str
    organiser_address: str
    attendee: str
    attendee_address: str


def domain_of(url: str) -> str:
    """Return the host of an address, written as a mail domain; an IP address becomes a literal (RFC 5321)."""
    host = urlsplit(url).hostname or "localhost"
    try:
        return f"[{ip_address(host)}]"
    except ValueError:
        return host


def uid_of(session_id: UUID, *, domain: str) -> str:
    """Return the identifier of a session in every calendar, stable for ever."""
    return f"{session_id}@{domain.strip('[]')}"


def place_of(slot: Slot) -> str:
    """Write where a session is: ``1, rue de la Démonstration, Bolbec``."""
    return ", ".join(part for part in (slot.place, slot.commune) if part)


def entry_of(state: AgendaEvent, slot: Slot, *, domain: str, online_link: str | None = None) -> Entry:
    """Return one session of an event as a calendar shows it; the link only for who is registered."""
    return Entry(
        session_id=slot.id,
        title=state.title,
        description=state.summary,
        start=slot.start,
        end=slot.end,
        place=place_of(slot),
        url=state.registration_url,
        online_link=online_link,
        schedule=Schedule.SCHEDULED if state.schedule == "other" else Schedule(state.schedule),
        domain=domain,
        sequence=state.ical_sequence,
    )


def itip(entry: Entry, invitation: Invitation, *, stamp: datetime) -> str:
    """Return the iTIP object that puts a session into one calendar, moves it there or takes it out.

    SEQUENCE counts the material changes of the event and what happened to this attendee, so that it never goes back.

    Source: RFC 5546, 3.2; RFC 5545, 3.8.7.4.
    """
    calendar = _calendar(invitation.method.value)
    event = _event(entry, stamp=stamp)
    event.add("sequence", entry.sequence + invitation.offset)
    if invitation.method is CalendarMethod.CANCEL:
        event.pop("status", None)
        event.add("status", "CANCELLED")
    organiser = vCalAddress(f"mailto:{invitation.organiser_address}")
    organiser.params["CN"] = vText(_name(invitation.organiser))
    event["organizer"] = organiser
    attendee = vCalAddress(f"mailto:{invitation.attendee_address}")
    attendee.params["CN"] = vText(_name(invitation.attendee))
    attendee.params["PARTSTAT"] = vText("ACCEPTED")
    attendee.params["RSVP"] = vText("FALSE")
    event.add("attendee", attendee, encode=False)
    calendar.add_component(event)
    return str(calendar.to_ical().decode())


def feed(entries: Iterable[Entry], *, name: str, stamp: datetime) -> str:
    """Return the public calendar of an agenda."""
    calendar = _calendar("PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for entry in entries:
        event = _event(entry, stamp=stamp)
        event.add("sequence", entry.sequence)
        calendar.add_component(event)
    return str(calendar.to_ical().decode())


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    return calendar


def _event(entry: Entry, *, stamp: datetime) -> Event:
    event = Event()
    postponed = entry.schedule is Schedule.POSTPONED
    event.add("uid", uid_of(entry.session_id, domain=entry.domain))
    event.add("dtstamp", stamp)
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end)
    event.add("summary", f"Reporté\u00a0: {entry.title}" if postponed else entry.title)
    event.add("status", _STATUS.get(entry.schedule, "CONFIRMED"))
    if postponed:
        event.add("transp", "TRANSPARENT")
    if entry.description:
        event.add("description", entry.description)
    if entry.place:
        event.add("location", entry.place)
    if entry.online_link:
        event.add("conference", entry.online_link, parameters={"VALUE": "URI", "FEATURE": "VIDEO"})
    if entry.url:
        event.add("url", entry.url)
    return event


def _name(value: str) -> str:
    """Return a name that needs no encoding as a parameter: Outlook shows RFC 6868 as it stands (``^n``)."""
    return scrub_line(value).replace('"', "’").replace("^", " ")
