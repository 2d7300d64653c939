"""What is news in an agenda event: it is announced, its date moves, it is cancelled; never its seats."""

from services.notifications.rules.news import SUMMARY, Marks, News, Source, said, shortened
from shared.contracts.base import Visibility
from shared.contracts.events import AgendaEvent, AttendanceMode, EventType, Schedule, Slot
from shared.contracts.notifications import EntryKind
from shared.contracts.projects import Axis
from shared.fields import scrub_line
from shared.territory.communes import commune_name
from shared.web.formats import a, heure, jour

AGENDA = "agenda"
UNTOLD_FACTS = frozenset({"pencilled", "unpublished"})
NO_BIRTH = frozenset({"ended"})

TYPE_LABELS = {
    EventType.SEMINAIRE: "Séminaire",
    EventType.PETIT_DEJEUNER: "Petit-déjeuner",
    EventType.ATELIER: "Atelier",
    EventType.FORMATION: "Formation",
    EventType.CONFERENCE: "Conférence",
    EventType.VISITE: "Visite",
    EventType.SALON: "Salon",
    EventType.PERMANENCE: "Permanence",
}


def event_source(event: AgendaEvent) -> Source:
    """Return what every entry of an event repeats; the name is safe in a header."""
    return Source(
        type=AgendaEvent.aggregate,
        name=scrub_line(event.title),
        visibility=Visibility(event.visibility) if event.visibility in set(Visibility) else Visibility.PRIVATE,
        axis=next((theme for theme in event.themes if theme in set(Axis)), None),
        communes=tuple(dict.fromkeys(slot.commune_insee for slot in event.slots if slot.commune_insee)),
        epcis=(),
    )


def may_tell_event(event: AgendaEvent) -> bool:
    """Tell whether the feed may speak of an event."""
    return bool(event.title and event.slots) and event_source(event).visibility.reaches(Visibility.TERRITORY)


def event_marks(event: AgendaEvent) -> Marks:
    """Return what there is to tell of an event now: whether it takes place, when, and in which commune."""
    first = _first(event)
    return {AGENDA: f"{event.schedule} {first.start.isoformat()} {first.commune_insee or first.commune}"}


def event_news(event: AgendaEvent, told: Marks | None) -> list[News]:
    """Return the news of an event since ``told``; ``None`` when nothing was told yet."""
    return [] if told == event_marks(event) else [event_entry(event)]


def event_entry(event: AgendaEvent) -> News:
    """Return the entry of an event as it should read now."""
    first = _first(event)
    return News(
        AGENDA,
        EntryKind.AGENDA,
        _tail(event, first),
        _summary(event, first),
        importance=2 if event.schedule == Schedule.CANCELLED else 1,
        starts_at=first.start,
        expires_at=max(slot.end for slot in event.slots),
    )


def _first(event: AgendaEvent) -> Slot:
    return min(event.slots, key=lambda slot: slot.start)


def _tail(event: AgendaEvent, first: Slot) -> str:
    day = f"le {jour(first.start, annee=False)}"
    if event.schedule == Schedule.CANCELLED:
        return said("rendez-vous annulé")
    if event.schedule == Schedule.POSTPONED:
        return said("rendez-vous reporté")
    if event.schedule == Schedule.RESCHEDULED:
        return said(f"nouvelle date, {day}{_where(event, first)}")
    if event.schedule == Schedule.MOVED_ONLINE:
        return said(f"en ligne, {day}")
    return f", {day}{_where(event, first)}"


def _where(event: AgendaEvent, first: Slot) -> str:
    if event.attendance_mode == AttendanceMode.ONLINE:
        return ", en ligne"
    place = first.commune or (commune_name(first.commune_insee) if first.commune_insee else "")
    return f" {a(scrub_line(place))}" if place else ""


def _summary(event: AgendaEvent, first: Slot) -> str:
    if event.schedule == Schedule.CANCELLED:
        return f"Le rendez-vous du {jour(first.start, annee=False)} n’aura pas lieu."
    if event.schedule == Schedule.POSTPONED:
        return "Une nouvelle date sera annoncée."
    label = TYPE_LABELS[EventType(event.type)] if event.type in set(EventType) else "Rendez-vous"
    opening = f"{label}, {heure(first.start)}{_where(event, first)}."
    return shortened(f"{opening} {scrub_line(event.summary)}".strip(), SUMMARY)
