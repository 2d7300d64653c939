"""Shapes of the agenda’s doors."""

from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from services.events.rules.offers import OfferMode
from services.events.rules.publication import Publication
from shared.contracts import events as wire
from shared.contracts.base import Visibility
from shared.contracts.events import AttendanceMode, Audience, EventType, RegistrationState, Schedule
from shared.fields import Code, Email, Id, Instant, Length, Line, Paragraph, ShortLine, Siren, Text, Url
from shared.territory.communes import KnownCommune

MAX_SESSIONS = 20
LONGEST_SESSION = timedelta(hours=24)
CLEARABLE = frozenset({"online_link", "registration_closes"})


def _named(value: str) -> str:
    if len(value) < 2:
        raise ValueError("Écrivez votre nom.")
    return value


Seats = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Flag = Annotated[bool, Field(strict=True)]
Title = Annotated[ShortLine, Length(least=3)]
Summary = Annotated[Line, Length(most=200)]
Description = Annotated[Text, Length(most=10_000)]
Conditions = Annotated[Line, Length(most=255)]
Themes = Annotated[tuple[Code, ...], Field(max_length=20)]
Audiences = Annotated[tuple[Audience, ...], Field(max_length=4)]
Need = Literal["hi", "vi", "pi", "mi", "ii"]
Needs = Annotated[tuple[Need, ...], Field(max_length=5)]
Mode = Literal["free", "external"]
Name = Annotated[ShortLine, AfterValidator(_named)]


class Form(BaseModel):
    """What every request shape shares: an unknown field is an error, not a wish."""

    model_config = ConfigDict(extra="forbid")


class NewSession(Form):
    """One slot; ``id`` only for one that exists already and keeps its place in calendars."""

    id: Id | None = None
    start: Instant
    end: Instant
    commune_insee: KnownCommune | None = None
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


def _to_the_minute(sessions: tuple[NewSession, ...]) -> tuple[NewSession, ...]:
    if any(moment.second or moment.microsecond for one in sessions for moment in (one.start, one.end)):
        raise ValueError("Écrivez les heures à la minute, sans secondes.")
    return sessions


Slots = Annotated[tuple[NewSession, ...], Field(min_length=1, max_length=MAX_SESSIONS), AfterValidator(_ordered)]


class EventFields(Form):
    """What an agent may write of an event, whether it is new or not."""

    title: Title
    summary: Summary = ""
    description: Description = ""
    conditions: Conditions = ""
    themes: Themes = ()
    audiences: Audiences = ()
    accessibility: Needs = ()
    visibility: Visibility = Visibility.PUBLIC
    capacity: Seats
    offer_mode: OfferMode = OfferMode.TIMED
    attendance_mode: AttendanceMode = AttendanceMode.IN_PERSON
    online_link: Url | None = None
    registration_closes: Instant | None = None


class NewEvent(EventFields):
    """A draft."""

    type: EventType
    registration_mode: Mode = "free"
    registration_url: Url | None = None
    demo: Flag = False
    sessions: Slots

    @field_validator("sessions")
    @classmethod
    def _punctual(cls, sessions: tuple[NewSession, ...], info: ValidationInfo) -> tuple[NewSession, ...]:
        # People write minutes; a demonstration begins seconds after it was written.
        return sessions if info.data.get("demo") else _to_the_minute(sessions)

    @model_validator(mode="after")
    def _address(self) -> "NewEvent":
        if self.registration_mode == "external" and self.registration_url is None:
            raise ValueError("Indiquez l’adresse où l’on s’inscrit.")
        return self


class EventChange(Form):
    """A change of an event; absent fields stay. Where and when a published event is changes by its schedule."""

    title: Title | None = None
    summary: Summary | None = None
    description: Description | None = None
    conditions: Conditions | None = None
    themes: Themes | None = None
    audiences: Audiences | None = None
    accessibility: Needs | None = None
    visibility: Visibility | None = None
    capacity: Seats | None = None
    offer_mode: OfferMode | None = None
    attendance_mode: AttendanceMode | None = None
    online_link: Url | None = None
    registration_closes: Instant | None = None
    sessions: Annotated[Slots, AfterValidator(_to_the_minute)] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _filled(cls, value: object, info: ValidationInfo) -> object:
        if value is None and info.field_name not in CLEARABLE:
            raise ValueError("Ce champ ne peut pas être vidé.")
        return value


class PublicationMove(Form):
    """Where an event is to go on the publication axis."""

    to: Publication


class ScheduleMove(Form):
    """What becomes of a published event; ``sessions`` are all its new slots."""

    to: Literal[Schedule.RESCHEDULED, Schedule.MOVED_ONLINE, Schedule.POSTPONED, Schedule.CANCELLED]
    reason: Line = ""
    sessions: Annotated[
        tuple[NewSession, ...],
        Field(max_length=MAX_SESSIONS),
        AfterValidator(_ordered),
        AfterValidator(_to_the_minute),
    ] = ()
    online_link: Url | None = None

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

    name: Name
    email: Email
    organisation: ShortLine = ""
    siren: Annotated[Siren | None, BeforeValidator(_nothing)] = None
    notice_accepted: Flag

    @field_validator("notice_accepted")
    @classmethod
    def _accepted(cls, value: bool) -> bool:  # noqa: FBT001 - the shape of a pydantic validator
        if not value:
            raise ValueError("Cochez cette case pour que l’organisateur puisse vous inscrire.")
        return value


class OrganiserReason(Form):
    """Why an organiser takes a registration back; the person reads it."""

    reason: Annotated[Paragraph, Length(most=300)] = ""


class AttendanceMark(Form):
    """Who was there."""

    registration_id: Id
    present: Flag


class EventView(wire.AgendaEvent):
    """An event as the API shows it: its published state, and for one of ours how far it is on its way.

    ``version`` counts what its messages tell, as on the wire; ``revision`` what agents change: it is the tag of the
    next change, which a registration must not make stale.
    """

    full: bool = False
    ended: bool = False
    revision: int | None = None
    publication: Publication | None = None
    offer_mode: OfferMode | None = None
    withdrawing: Annotated[bool, Field(description="« retrait en cours » : wider readers may still find it")] = False
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
