"""What callers may send; every text, number and date is constrained, an unknown field is refused."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.projects.rules.health import EXPLAINED, STORED
from services.projects.rules.words import AbandonReason, Body, Move, OriginKind, Outcome
from shared.contracts.base import Visibility
from shared.contracts.projects import Answer, Axis, Health, Kind, PartnerRole, Quality, SponsorType, Stage
from shared.fields import Code, Day, Id, Length, Line, Money, Paragraph, ShortLine, Siren, Siret, Text, Title
from shared.territory.communes import KnownCommune

LongText = Annotated[Text, Length(most=5_000)]
Reason = Annotated[Paragraph, Length(most=500)]
Quantity = Annotated[Decimal, Field(max_digits=18, decimal_places=4, allow_inf_nan=False)]


class Request(BaseModel):
    """A body; nothing that is not asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Wanted(BaseModel):
    """Which projects a list is about; what is not said takes all."""

    stage: Stage | None = None
    axis: Axis | None = None
    kind: Kind | None = None
    epci: Siren | None = None


class SponsorIn(Request):
    """Who carries the project."""

    type: SponsorType = SponsorType.OTHER
    siret: Siret | None = None
    name: Line = ""


class OriginIn(Request):
    """What a project was born of."""

    kind: OriginKind
    id: Id


class ExternalIdIn(Request):
    """What another system calls the project."""

    service: Code
    id: ShortLine


class SourceIn(Request):
    """Where imported facts come from."""

    label: Line
    dated: Day | None = None
    quality: Quality = Quality.ANNOUNCED


class FicheFields(Request):
    """What may be written in a fiche at any time; a field that is not sent is not touched."""

    public_summary: Paragraph = ""
    summary: Text = ""
    objectives: LongText = ""
    need_statement: LongText = ""
    axis: Axis | None = None
    tags: Annotated[tuple[ShortLine, ...], Field(max_length=30)] = ()
    origin: Annotated[tuple[OriginIn, ...], Field(max_length=20)] = ()
    commune_insee: Annotated[tuple[KnownCommune, ...], Field(max_length=50)] = ()
    sponsor: SponsorIn = SponsorIn()
    project_manager: Id | None = None
    planned_start: Day | None = None
    planned_end: Day | None = None
    actual_start: Day | None = None
    actual_end: Day | None = None
    total_cost_ht: Money | None = None
    amounts_public: bool = True
    health: Health = Health.ON_TRACK
    health_reason: Reason = ""
    confidential_until: Day | None = None

    @model_validator(mode="after")
    def _coherent(self) -> "FicheFields":
        _in_order(self.planned_start, self.planned_end, "La fin prévue précède le début prévu.")
        _in_order(self.actual_start, self.actual_end, "La fin réelle précède le début réel.")
        if self.health not in STORED:
            raise ValueError("Le retard est calculé d’après les dates ; il ne se saisit pas.")
        if self.health in EXPLAINED and not self.health_reason:
            raise ValueError("Indiquez le motif de la pause ou du blocage.")
        return self


def _in_order(first: date | None, last: date | None, sentence: str) -> None:
    if first and last and last < first:
        raise ValueError(sentence)


class ProjectIn(FicheFields):
    """A new fiche."""

    title: Title
    kind: Kind
    visibility: Visibility = Visibility.TERRITORY
    external_ids: Annotated[tuple[ExternalIdIn, ...], Field(max_length=20)] = ()
    demo: bool = False


class ProjectPatch(FicheFields):
    """Changes of a fiche."""

    title: Title = "???"
    kind: Kind = Kind.OTHER


class DecisionIn(Request):
    """What a committee decided."""

    outcome: Outcome
    body: Body
    decided_on: Day
    reference: ShortLine = ""
    conditions: Paragraph = ""
    accepted_gap_eur: Money | None = None


class MoveIn(Request):
    """A transition, by its name or by the stage it leads to."""

    move: Move | None = None
    to: Stage | None = None
    reason: Paragraph = ""
    decision: DecisionIn | None = None
    abandon_reason: AbandonReason | None = None
    kept_project_id: Id | None = None
    actual_start: Day | None = None
    actual_end: Day | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "MoveIn":
        if (self.move is None) == (self.to is None):
            raise ValueError("Indiquez la transition ou l’étape visée, l’une des deux.")
        if self.move is Move.IMPORT:
            raise ValueError("L’import a sa propre adresse.")
        return self


class VisibilityIn(Request):
    """How far a project is to be seen."""

    visibility: Visibility


class InvitationIn(Request):
    """The EPCI asked to take part."""

    siren: Siren
    role: PartnerRole = PartnerRole.PARTNER

    @model_validator(mode="after")
    def _not_lead(self) -> "InvitationIn":
        if self.role is PartnerRole.LEAD:
            raise ValueError("Le chef de file est l’EPCI responsable du projet.")
        return self


class ParticipationIn(Request):
    """The answer of this EPCI about a project of another."""

    owner_siren: Siren
    project_id: Id
    answer: Answer
    role: PartnerRole | None = None
    reason: Line = ""
    contribution_eur: Money | None = None

    @model_validator(mode="after")
    def _reasoned(self) -> "ParticipationIn":
        if self.answer in {Answer.DECLINED, Answer.LEFT} and not self.reason:
            raise ValueError("Indiquez le motif, en 300 caractères au plus.")
        return self
