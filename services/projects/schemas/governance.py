"""What callers may send, and are answered, about those who steer: programmes, binômes, committees, measures."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.projects.rules.words import Body, Outcome
from services.projects.schemas.answers import ProjectCard
from services.projects.schemas.parts import DecisionShown, Shown
from services.projects.schemas.requests import Request
from shared.contracts.projects import ProgrammeKind
from shared.fields import Code, Day, Id, Instant, Line, Money, Paragraph, ShortLine, Siren, Text, Title, Url


class _Dated(Request):
    """Something that lasts from one day to another."""

    starts_on: Day | None = None
    ends_on: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError("La fin précède le début.")
        return self


class ProgrammePatch(_Dated):
    """What may be written of a programme at any time."""

    kind: ProgrammeKind = ProgrammeKind.OTHER
    title: Title = "???"
    summary: Paragraph = ""
    funder_name: Line = ""
    url: Url | None = None


class ProgrammeIn(ProgrammePatch):
    """A new programme."""

    kind: ProgrammeKind
    title: Title
    demo: bool = False


class ProgrammeShown(Shown):
    """A programme of any EPCI of the territory; ``own`` tells that it is of this one."""

    id: Id
    home_epci: str
    own: bool
    version: int
    updated_at: Instant
    kind: str
    title: str
    summary: str
    funder_name: str
    starts_on: Day | None
    ends_on: Day | None
    url: str | None
    demo: bool

    @classmethod
    def of(cls, programme: object, *, own: bool) -> Self:
        """Return a programme, from a row or from a state that was heard."""
        plain = {name: getattr(programme, name) for name in cls.model_fields if name != "own"}
        return cls.model_validate(plain | {"own": own})


class BinomePatch(_Dated):
    """What may be written of a binôme at any time; persons are ids of contacts."""

    label: ShortLine = "?"
    elected: Id | None = None
    mandate: ShortLine = ""
    industrialist: Id | None = None
    company_siren: Siren | None = None
    technician: Id | None = None


class BinomeIn(BinomePatch):
    """A new binôme, or a trio."""

    label: Annotated[ShortLine, Field(min_length=1)]
    elected: Id
    industrialist: Id


class BinomeShown(Shown):
    """A binôme; three persons make a trio."""

    id: Id
    version: int
    label: str
    elected: Id | None
    mandate: str
    industrialist: Id | None
    company_siren: str | None
    technician: Id | None
    starts_on: Day | None
    ends_on: Day | None


class AgendaItem(Request):
    """A project on the agenda, of any EPCI of the territory."""

    home_epci: Siren
    id: Id


class MeetingPatch(Request):
    """What may be written of a sitting at any time."""

    body: Body = Body.TERRITORY_COMMITTEE
    held_on: Day = date(2000, 1, 1)
    place: Line = ""
    agenda: Annotated[tuple[AgendaItem, ...], Field(max_length=100)] = ()
    minutes: Text = ""

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if len({(one.home_epci, one.id) for one in self.agenda}) < len(self.agenda):
            raise ValueError("Un projet figure une seule fois à l’ordre du jour.")
        return self


class MeetingIn(MeetingPatch):
    """A new sitting."""

    body: Body
    held_on: Day


class MeetingDecisionIn(Request):
    """What a sitting decided of one project of this EPCI."""

    project_id: Id
    outcome: Outcome
    reference: ShortLine = ""
    conditions: Paragraph = ""
    accepted_gap_eur: Money | None = None


class MeetingRow(Shown):
    """A sitting in a list."""

    id: Id
    version: int
    body: Body
    held_on: Day
    place: str
    agenda: list[AgendaItem]


class Agreed(Shown):
    """A decision of a sitting, and which project it is about."""

    project_id: Id
    decision: DecisionShown


class MeetingShown(MeetingRow):
    """A sitting with the projects on its agenda, those that are still known, and what it decided."""

    minutes: str
    projects: list[ProjectCard]
    decisions: list[Agreed]


class MeasureIn(_Dated):
    """A measure of the panier de services."""

    label: Title
    summary: Paragraph = ""
    need_themes: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    operator: Line = ""
    url: Url | None = None


class MeasureShown(Shown):
    """A measure; ``open`` tells that it is offered today."""

    code: str
    version: int
    open: bool
    label: str
    summary: str
    need_themes: list[str]
    operator: str
    url: str | None
    starts_on: Day | None
    ends_on: Day | None
