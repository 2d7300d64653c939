"""What callers may send; every text, number and date is constrained, an unknown field is refused."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.projects.rules.health import EXPLAINED, STORED
from services.projects.rules.words import AbandonReason, Body, Move, OriginKind, Outcome
from shared.contracts.base import Visibility
from shared.contracts.projects import (
    Answer,
    Axis,
    BodyRole,
    Health,
    Kind,
    LegacyAxis,
    PartnerRole,
    Priority,
    Quality,
    SponsorType,
    Stage,
)
from shared.fields import (
    Code,
    Day,
    Id,
    Latitude,
    Length,
    Line,
    Longitude,
    Money,
    NafSection,
    Paragraph,
    ShortLine,
    Siren,
    Siret,
    Text,
    Title,
)
from shared.territory.communes import KnownCommune

FIRST_YEAR, LAST_YEAR = 2000, 2100


def _year(value: int) -> int:
    if not FIRST_YEAR <= value <= LAST_YEAR:
        raise ValueError(f"Écrivez une année entre {FIRST_YEAR} et {LAST_YEAR}.")
    return value


LongText = Annotated[Text, Length(most=5_000)]
Reason = Annotated[Paragraph, Length(most=500)]
Effect = Annotated[Line, Field(min_length=1)]
Year = Annotated[int, AfterValidator(_year)]


class Request(BaseModel):
    """A body; nothing that is not asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SponsorIn(Request):
    """Who carries the project."""

    type: SponsorType = SponsorType.OTHER
    siret: Siret | None = None
    name: Line = ""


class OriginIn(Request):
    """What a project was born of."""

    kind: OriginKind
    id: Id


class ProgrammeIn(Request):
    """A programme that the project is part of, and the EPCI that steers it."""

    home_epci: Siren
    id: Id


class BodyIn(Request):
    """A body that helps, by its SIRET or by its name."""

    siret: Siret | None = None
    name: Line = ""
    role: BodyRole

    @model_validator(mode="after")
    def _named(self) -> "BodyIn":
        if not (self.siret or self.name):
            raise ValueError("Indiquez le nom ou le SIRET de l’organisme.")
        return self


class YearIn(Request):
    """What is spent in one year, HT."""

    year: Year
    investment: Money = Decimal(0)
    operating: Money = Decimal(0)


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
    expected_effects: Annotated[tuple[Effect, ...], Field(max_length=20)] = ()
    need_statement: LongText = ""
    axis: Axis | None = None
    legacy_axis: LegacyAxis | None = None
    filieres: Annotated[tuple[Code, ...], Field(max_length=5)] = ()
    naf_sections: Annotated[tuple[NafSection, ...], Field(max_length=21)] = ()
    programmes: Annotated[tuple[ProgrammeIn, ...], Field(max_length=20)] = ()
    measures: Annotated[tuple[Code, ...], Field(max_length=30)] = ()
    fragile_territory: bool = False
    priority: Priority | None = None
    tags: Annotated[tuple[ShortLine, ...], Field(max_length=30)] = ()
    origin: Annotated[tuple[OriginIn, ...], Field(max_length=20)] = ()
    commune_insee: Annotated[tuple[KnownCommune, ...], Field(max_length=50)] = ()
    lon: Longitude | None = None
    lat: Latitude | None = None
    zae_site_id: Code | None = None
    sponsor: SponsorIn = SponsorIn()
    project_manager: Id | None = None
    binome_id: Id | None = None
    partners: Annotated[tuple[BodyIn, ...], Field(max_length=30)] = ()
    planned_start: Day | None = None
    planned_end: Day | None = None
    actual_start: Day | None = None
    actual_end: Day | None = None
    total_cost_ht: Money | None = None
    running_cost_ht_year: Money | None = None
    yearly: Annotated[tuple[YearIn, ...], Field(max_length=30)] = ()
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
        if len({one.year for one in self.yearly}) < len(self.yearly):
            raise ValueError("Une année n’est répartie qu’une fois.")
        if (self.lon is None) != (self.lat is None):
            raise ValueError("Indiquez la longitude et la latitude, les deux.")
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


class SimilarIn(Request):
    """What is known of a project while it is being logged."""

    title: Title
    commune_insee: Annotated[tuple[KnownCommune, ...], Field(min_length=1, max_length=50)]
    sponsor_siret: Siret | None = None


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
