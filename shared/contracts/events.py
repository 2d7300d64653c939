"""What the service events tells: the agenda to the territory, registrations and mail orders at home."""

from enum import StrEnum
from typing import Annotated, ClassVar

from shared.contracts.base import Open, Part, State, Visibility
from shared.fields import (
    Code,
    Count,
    Email,
    Id,
    Insee,
    Instant,
    Line,
    Paragraph,
    ShortLine,
    Siren,
    Text,
    Url,
)

L, T, P = Visibility.PRIVATE, Visibility.TERRITORY, Visibility.PUBLIC


class EventType(StrEnum):
    """What kind of meeting an agenda event is."""

    SEMINAIRE = "seminaire"
    PETIT_DEJEUNER = "petit_dejeuner"
    ATELIER = "atelier"
    FORMATION = "formation"
    CONFERENCE = "conference"
    VISITE = "visite"
    SALON = "salon"
    PERMANENCE = "permanence"


class Schedule(StrEnum):
    """Whether and when it takes place; ``full`` and ``ended`` are derived, never stored."""

    SCHEDULED = "scheduled"
    RESCHEDULED = "rescheduled"
    MOVED_ONLINE = "moved_online"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


class Audience(StrEnum):
    """Whom an event is for."""

    PUBLIC = "public"
    EMPLOYER = "employer"
    STAFF = "staff"
    ELECTED = "elected"


class AttendanceMode(StrEnum):
    """How one takes part."""

    IN_PERSON = "in_person"
    ONLINE = "online"
    MIXED = "mixed"


class RegistrationMode(StrEnum):
    """How one registers."""

    FREE = "free"
    APPROVAL = "approval"
    INVITATION = "invitation"
    EXTERNAL = "external"


class RegistrationState(StrEnum):
    """Life of a registration."""

    PENDING_EMAIL = "pending_email"
    PENDING_APPROVAL = "pending_approval"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    REGISTERED = "registered"
    ATTENDED = "attended"
    NO_SHOW = "no_show"
    CANCELLED_BY_PERSON = "cancelled_by_person"
    CANCELLED_BY_ORGANISER = "cancelled_by_organiser"
    REJECTED = "rejected"
    DECLINED = "declined"
    EXPIRED = "expired"


class Slot(Part):
    """One session; the online link is never here, only registered people see it."""

    id: Annotated[Id, P]
    start: Annotated[Instant, P]
    end: Annotated[Instant, P]
    zone: Annotated[Line, P] = "Europe/Paris"
    commune_insee: Annotated[Insee | None, P] = None
    commune: Annotated[Line, P] = ""
    place: Annotated[Line, P] = ""


class Capacity(Part):
    """Seats of an event, head counts."""

    total: Annotated[Count | None, P] = None
    left: Annotated[Count | None, P] = None
    waiting: Annotated[Count, P] = 0


class AgendaEvent(State):
    """An agenda event as other EPCI and the public may see it; no speaker, no online link."""

    aggregate: ClassVar[str] = "agenda-event"
    service: ClassVar[str] = "events"
    scopes: ClassVar[tuple[Visibility, ...]] = (T, P)
    facts: ClassVar[frozenset[str]] = frozenset(
        {"pencilled", "published", "updated", "rescheduled", "cancelled", "seats_changed", "ended", "unpublished"}
    )
    last_facts: ClassVar[frozenset[str]] = frozenset({"unpublished"})

    type: Annotated[Open[EventType], P] = EventType.CONFERENCE
    title: Annotated[ShortLine, P] = ""
    summary: Annotated[Line, P] = ""
    description: Annotated[Text, P] = ""
    conditions: Annotated[Line, P] = ""
    themes: Annotated[tuple[Code, ...], P] = ()
    audiences: Annotated[tuple[Open[Audience], ...], P] = ()
    attendance_mode: Annotated[Open[AttendanceMode], P] = AttendanceMode.IN_PERSON
    schedule: Annotated[Open[Schedule], P] = Schedule.SCHEDULED
    visibility: Annotated[Open[Visibility], T] = Visibility.PUBLIC
    slots: Annotated[tuple[Slot, ...], P] = ()
    capacity: Annotated[Capacity, P] = Capacity()
    registration_mode: Annotated[Open[RegistrationMode], P] = RegistrationMode.FREE
    registration_url: Annotated[Url | None, P] = None
    registration_closes: Annotated[Instant | None, P] = None
    accessibility: Annotated[tuple[Code, ...], P] = ()
    ical_sequence: Annotated[Count, P] = 0
    demo: Annotated[bool, P] = False


class Registration(State):
    """One person at one event, for the services of the same EPCI."""

    aggregate: ClassVar[str] = "registration"
    service: ClassVar[str] = "events"
    scopes: ClassVar[tuple[Visibility, ...]] = (L,)
    facts: ClassVar[frozenset[str]] = frozenset(
        {
            "requested",
            "registered",
            "waitlisted",
            "offered",
            "cancelled",
            "rejected",
            "declined",
            "expired",
            "attended",
            "no_show",
            "erased",
        }
    )
    last_facts: ClassVar[frozenset[str]] = frozenset({"erased"})

    event_id: Annotated[Id, L]
    event_title: Annotated[ShortLine, L] = ""
    event_type: Annotated[Open[EventType], L] = EventType.CONFERENCE
    starts_at: Annotated[Instant | None, L] = None
    state: Annotated[Open[RegistrationState], L]
    name: Annotated[Line, L] = ""
    email: Annotated[Email | None, L] = None
    organisation: Annotated[Line, L] = ""
    siren: Annotated[Siren | None, L] = None


class MailClass(StrEnum):
    """What a mail is, which decides what may stop it."""

    SERVICE = "service"
    DIGEST = "digest"
    INVITATION = "invitation"
    NEWSLETTER = "newsletter"


class CalendarMethod(StrEnum):
    """iTIP method (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class CalendarObject(Part):
    """One iTIP object per session, whole: the sender of mails knows nothing of events."""

    method: Annotated[CalendarMethod, L]
    content: Annotated[Text, L]


class MailLink(Part):
    """A button or line of a mail; the signed token is made at sending, so that no bearer token is on a topic."""

    label: Annotated[ShortLine, L]
    purpose: Annotated[Code, L]
    subject: Annotated[Line, L]
    path: Annotated[Line, L]
    primary: Annotated[bool, L] = False


class MailOrder(State):
    """One mail to be sent by notifications, ordered in the transaction of its cause."""

    aggregate: ClassVar[str] = "mail-order"
    service: ClassVar[str] = "events"
    scopes: ClassVar[tuple[Visibility, ...]] = (L,)
    facts: ClassVar[frozenset[str]] = frozenset({"ordered", "withdrawn"})
    last_facts: ClassVar[frozenset[str]] = frozenset({"withdrawn"})

    mail_class: Annotated[Open[MailClass], L] = MailClass.SERVICE
    recipient: Annotated[Email | None, L] = None
    recipient_name: Annotated[Line, L] = ""
    subject: Annotated[Line, L] = ""
    heading: Annotated[Line, L] = ""
    paragraphs: Annotated[tuple[Paragraph, ...], L] = ()
    links: Annotated[tuple[MailLink, ...], L] = ()
    calendars: Annotated[tuple[CalendarObject, ...], L] = ()
    expires_at: Annotated[Instant | None, L] = None
    cause: Annotated[Line, L] = ""


STATES: tuple[type[State], ...] = (AgendaEvent, Registration, MailOrder)
