"""Shapes of the agenda’s doors."""

from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from services.events.rules.offers import OfferMode
from services.events.rules.publication import Publication
from shared.contracts import events as wire
from shared.contracts.base import Visibility
from shared.contracts.events import AttendanceMode, Audience, EventType, RegistrationState, Schedule
from shared.fields import Code, Email, Id, Insee, Instant, Line, Paragraph, ShortLine, Siren, Text, Url

MAX_SESSIONS = 20
LONGEST_SESSION = timedelta(hours=24)
Seats = Annotated[int, Field(ge=1, le=100_000)]
Mode = Literal["free", "external"]
Need = Literal["hi", "vi", "pi", "mi", "ii"]


class Form(BaseModel):
    """What every request shape shares: an unknown field is an error, not a wish."""

    model_config = ConfigDict(extra="forbid")


class NewSession(Form):
    """One slot; ``id`` only for one that exists already and keeps its place in calendars."""

    id: Id | None = None
    start: Instant
    end: Instant
    commune_insee: Insee | None = None
    place: ShortLine = ""

    @model_validator(mode="after")
    def _in_order(self) -> "NewSession":
        if self.end <= self.start:
            raise ValueError("Une séance finit après avoir commencé.")
        if self.end - self.start > LONGEST_SESSION:
            raise ValueError("Une séance dure 24 heures au plus.")
        return self


def _ordered(sessions: tuple[NewSession, ...]) -> tuple[NewSession, ...]:
    ordered = sorted(sessions, key=lambda one: one.start)
    if any(after.start < before.end for before, after in pairwise(ordered)):
        raise ValueError("Deux séances se chevauchent.")
    return tuple(ordered)


class EventFields(Form):
    """What an agent may write of an event at any time."""

    title: Annotated[ShortLine, Field(min_length=3)]
    summary: Annotated[Line, Field(max_length=200)] = ""
    description: Annotated[Text, Field(max_length=10_000)] = ""
    conditions: Annotated[Line, Field(max_length=255)] = ""
    themes: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    audiences: Annotated[tuple[Audience, ...], Field(max_length=4)] = ()
    accessibility: Annotated[tuple[Need, ...], Field(max_length=5)] = ()
    visibility: Visibility = Visibility.PUBLIC
    capacity: Seats
    offer_mode: OfferMode = OfferMode.TIMED
    registration_closes: Instant | None = None


class NewEvent(EventFields):
    """A draft."""

    type: EventType
    attendance_mode: AttendanceMode = AttendanceMode.IN_PERSON
    online_link: Url | None = None
    registration_mode: Mode = "free"
    registration_url: Url | None = None
    sessions: Annotated[tuple[NewSession, ...], Field(min_length=1, max_length=MAX_SESSIONS)]
    demo: bool = False

    _apart = field_validator("sessions")(_ordered)

    @model_validator(mode="after")
    def _address(self) -> "NewEvent":
        if self.registration_mode == "external" and self.registration_url is None:
            raise ValueError("Indiquez l’adresse où l’on s’inscrit.")
        return self


class EventChange(Form):
    """A change of an event; absent fields stay. Sessions and places of a published event change by its schedule."""

    title: Annotated[ShortLine, Field(min_length=3)] | None = None
    summary: Annotated[Line, Field(max_length=200)] | None = None
    description: Annotated[Text, Field(max_length=10_000)] | None = None
    conditions: Annotated[Line, Field(max_length=255)] | None = None
    themes: Annotated[tuple[Code, ...], Field(max_length=20)] | None = None
    audiences: Annotated[tuple[Audience, ...], Field(max_length=4)] | None = None
    accessibility: Annotated[tuple[Need, ...], Field(max_length=5)] | None = None
    visibility: Visibility | None = None
    capacity: Seats | None = None
    offer_mode: OfferMode | None = None
    registration_closes: Instant | None = None
    sessions: Annotated[tuple[NewSession, ...], Field(min_length=1, max_length=MAX_SESSIONS)] | None = None

    @field_validator("sessions")
    @classmethod
    def _apart(cls, sessions: tuple[NewSession, ...] | None) -> tuple[NewSession, ...] | None:
        return _ordered(sessions) if sessions else sessions


class PublicationMove(Form):
    """Where an event is to go on the publication axis."""

    to: Publication


class ScheduleMove(Form):
    """What becomes of a published event; ``sessions`` are all its new slots."""

    to: Literal[Schedule.RESCHEDULED, Schedule.MOVED_ONLINE, Schedule.POSTPONED, Schedule.CANCELLED]
    reason: Annotated[Line, Field(max_length=300)] = ""
    sessions: Annotated[tuple[NewSession, ...], Field(max_length=MAX_SESSIONS)] = ()
    online_link: Url | None = None

    _apart = field_validator("sessions")(_ordered)

    @model_validator(mode="after")
    def _complete(self) -> "ScheduleMove":
        if self.to is Schedule.RESCHEDULED and not self.sessions:
            raise ValueError("Indiquez les nouvelles séances.")
        if self.to is Schedule.MOVED_ONLINE and self.online_link is None:
            raise ValueError("Indiquez le lien de connexion.")
        return self


def _nothing(value: object) -> object:
    """Read the empty field of a form as no answer."""
    return None if value == "" else value


class RegistrationForm(Form):
    """What one types to register, without account."""

    name: Annotated[ShortLine, Field(min_length=2)]
    email: Email
    organisation: ShortLine = ""
    siren: Annotated[Siren | None, BeforeValidator(_nothing)] = None
    notice_accepted: bool

    @field_validator("notice_accepted")
    @classmethod
    def _accepted(cls, value: bool) -> bool:  # noqa: FBT001 - the shape of a pydantic validator
        if not value:
            raise ValueError("Cochez cette case pour que l’organisateur puisse vous inscrire.")
        return value


class OrganiserReason(Form):
    """Why an organiser takes a registration back; the person reads it."""

    reason: Annotated[Paragraph, Field(max_length=300)] = ""


class AttendanceMark(Form):
    """Who was there."""

    registration_id: Id
    present: bool


class EventView(wire.AgendaEvent):
    """An event as the API shows it: its published state, and for one of ours how far it is on its way."""

    full: bool = False
    ended: bool = False
    publication: Publication | None = None
    revision: int | None = None
    offer_mode: OfferMode | None = None
    sheet_closed: bool | None = None


class RegistrationReceived(BaseModel):
    """The one answer to every registration form, known address or not."""

    detail: str = "Consultez votre messagerie\u00a0: un message vient de partir, avec la suite à donner."


class RegistrationView(BaseModel):
    """A registration, for organisers."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    event_id: UUID
    version: int
    state: RegistrationState
    seat: bool
    name: str
    email: str
    organisation: str
    siren: str | None
    queue_no: int | None
    offer_expires_at: Instant | None
    created_at: Instant
    updated_at: Instant


class AttendanceSheet(BaseModel):
    """How many were there, once the sheet is closed."""

    attended: int
    no_show: int
