"""What callers may send, and are answered, about calls, applications and what the public proposes."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from services.projects.rules.words import SubmissionStatus
from services.projects.schemas.parts import Shown
from services.projects.schemas.requests import Reason, Request
from shared.contracts.base import Visibility
from shared.contracts.projects import ApplicationStatus, Axis, CallKind, Kind
from shared.fields import (
    Day,
    Email,
    Id,
    Instant,
    Length,
    Line,
    Money,
    Paragraph,
    Rate,
    Siren,
    Text,
    Title,
    Url,
)
from shared.territory.communes import KnownCommune


class CallPatch(Request):
    """What may be written of a call until it is closed; an empty list is for everybody."""

    kind: CallKind = CallKind.AAP
    visibility: Visibility = Visibility.PUBLIC
    title: Title = "???"
    summary: Paragraph = ""
    funder_name: Line = ""
    scheme: Line = ""
    axes: Annotated[tuple[Axis, ...], Field(max_length=4)] = ()
    project_kinds: Annotated[tuple[Kind, ...], Field(max_length=10)] = ()
    commune_insee: Annotated[tuple[KnownCommune, ...], Field(max_length=400)] = ()
    epcis: Annotated[tuple[Siren, ...], Field(max_length=100)] = ()
    eligibility: Text = ""
    cost_min: Money | None = None
    cost_max: Money | None = None
    rate: Rate | None = None
    opens_at: Instant | None = None
    closes_at: Instant | None = None
    url: Url | None = None
    accepts_submissions: bool = False

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.visibility is Visibility.PRIVATE:
            raise ValueError("Un appel se publie au territoire ou au public.")
        if self.cost_min is not None and self.cost_max is not None and self.cost_max < self.cost_min:
            raise ValueError("Le coût maximal est inférieur au coût minimal.")
        if self.opens_at and self.closes_at and self.closes_at <= self.opens_at:
            raise ValueError("La clôture précède l’ouverture.")
        return self


class CallIn(CallPatch):
    """A new call, a draft."""

    kind: CallKind
    title: Title
    demo: bool = False


class CallShown(Shown):
    """A call of any EPCI of the territory; ``own`` tells that it is of this one."""

    id: Id
    home_epci: str
    own: bool
    version: int
    updated_at: Instant
    status: str
    visibility: str
    kind: str
    title: str
    summary: str
    funder_name: str
    scheme: str
    axes: list[str]
    project_kinds: list[str]
    commune_insee: list[str]
    epcis: list[str]
    eligibility: str
    cost_min: Money | None
    cost_max: Money | None
    rate: Rate | None
    opens_at: Instant | None
    closes_at: Instant | None
    url: str | None
    accepts_submissions: bool
    demo: bool

    @classmethod
    def of(cls, call: object, *, own: bool) -> Self:
        """Return a call, from a row or from a state that was heard."""
        plain = {name: getattr(call, name) for name in cls.model_fields if name != "own"}
        return cls.model_validate(plain | {"own": own})


class CriterionShown(Shown):
    """How a project stands to one criterion: ``met``, ``unmet`` or ``unknown``."""

    code: str
    label: str
    fit: str


class CallForProject(BaseModel):
    """A call that may be for a project."""

    call: CallShown
    criteria: list[CriterionShown]


class ProjectForCall(BaseModel):
    """A project that may answer a call; ``early`` while it is not in structuring yet."""

    id: Id
    reference: str
    title: str
    stage: str
    early: bool
    version: int
    criteria: list[CriterionShown]


class DismissalIn(Request):
    """Why a call is not for a project."""

    reason: Annotated[Reason, Length(least=3)]


class ApplicationPatch(Request):
    """What may be written of an application."""

    status: ApplicationStatus = ApplicationStatus.IDENTIFIED
    line_id: Id | None = None
    on: Day | None = None
    note: Paragraph = ""


class ApplicationIn(Request):
    """A call that the project wants to answer."""

    call_epci: Siren
    call_id: Id
    line_id: Id | None = None
    note: Paragraph = ""


class SubmissionIn(Request):
    """An initiative of somebody of the public; ``website`` is empty for people, who do not see it."""

    title: Title
    text: Annotated[Text, Length(least=20, most=5_000)]
    commune_insee: KnownCommune | None = None
    name: Annotated[Line, Field(min_length=2)]
    email: Email
    website: Line = ""


class Received(BaseModel):
    """What whoever proposed something is told."""

    id: Id
    message: str = "Merci. Votre proposition est enregistrée\u00a0; l’équipe de l’EPCI la lit avant toute publication."


class SubmissionShown(Shown):
    """A proposal, to those who moderate."""

    id: Id
    call_id: Id
    version: int
    status: SubmissionStatus
    received_at: Instant
    decided_at: Instant | None
    title: str
    text: str
    commune_insee: str | None
    name: str
    email: str
    reason: str
    project_id: Id | None


class ModerationIn(Request):
    """What becomes of a proposal."""

    status: SubmissionStatus
    reason: Reason = ""

    @model_validator(mode="after")
    def _decided(self) -> Self:
        if self.status is SubmissionStatus.RECEIVED:
            raise ValueError("Acceptez, refusez ou écartez la proposition.")
        if self.status is SubmissionStatus.REFUSED and not self.reason:
            raise ValueError("Indiquez le motif.")
        return self
