"""The aggregate: one fiche action with its parts, and this EPCI’s own answers about projects of others."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Text, UniqueConstraint, false
from sqlmodel import Field, Relationship

from services.projects.models.base import Base, IndexColumns
from services.projects.models.governance import Binome
from services.projects.models.parts import (
    Application,
    Decision,
    ExternalId,
    FundingLine,
    Indicator,
    Milestone,
    Participant,
    StageMove,
)
from shared.contracts.base import Visibility
from shared.contracts.projects import (
    Answer,
    Axis,
    Health,
    Kind,
    LegacyAxis,
    PartnerRole,
    Priority,
    Quality,
    SponsorType,
    Stage,
)
from shared.db.columns import Euros, UtcDateTime, big_key, by_value


def _parts(order: str) -> dict[str, Any]:
    # Read with the project, a batch at a time: an attribute loaded later would ask for a second, hidden query.
    return {"lazy": "selectin", "order_by": order}


class Project(Base, IndexColumns, table=True):
    """One fiche action; this EPCI is its only writer."""

    __tablename__ = "project"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime, index=True)

    reference: str = Field(unique=True)
    title: str
    public_summary: str = Field(default="", sa_type=Text)
    summary: str = Field(default="", sa_type=Text)
    objectives: str = Field(default="", sa_type=Text)
    expected_effects: list[str] = Field(default_factory=list, sa_type=JSON)
    need_statement: str = Field(default="", sa_type=Text)
    kind: Kind = Field(default=Kind.OTHER, sa_type=by_value(Kind))
    axis: Axis | None = Field(default=None, sa_type=by_value(Axis))
    legacy_axis: LegacyAxis | None = Field(default=None, sa_type=by_value(LegacyAxis))
    filieres: list[str] = Field(default_factory=list, sa_type=JSON)
    naf_sections: list[str] = Field(default_factory=list, sa_type=JSON)
    programmes: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    measures: list[str] = Field(default_factory=list, sa_type=JSON)
    fragile_territory: bool = False
    priority: Priority | None = Field(default=None, sa_type=by_value(Priority))
    tags: list[str] = Field(default_factory=list, sa_type=JSON)
    origin: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    commune_insee: list[str] = Field(default_factory=list, sa_type=JSON)
    lon: float | None = None
    lat: float | None = None
    zae_site_id: str | None = None
    sponsor_type: SponsorType = Field(default=SponsorType.OTHER, sa_type=by_value(SponsorType))
    sponsor_siret: str | None = None
    sponsor_name: str = ""
    project_manager: UUID | None = None
    binome_id: UUID | None = Field(default=None, foreign_key="binome.id", index=True)
    partners: list[dict[str, str | None]] = Field(default_factory=list, sa_type=JSON)

    planned_start: date | None = None
    planned_end: date | None = None
    actual_start: date | None = None
    actual_end: date | None = None
    total_cost_ht: Decimal | None = Field(default=None, sa_type=Euros)
    running_cost_ht_year: Decimal | None = Field(default=None, sa_type=Euros)
    yearly: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    """By year: euros of investment and of operating, as decimal text."""
    amounts_public: bool = True

    stage: Stage = Field(default=Stage.IDEA, sa_type=by_value(Stage))
    attempt: int = 1
    health: Health = Field(default=Health.ON_TRACK, sa_type=by_value(Health))
    health_reason: str = Field(default="", sa_type=Text)
    health_shown: Health = Field(default=Health.ON_TRACK, sa_type=by_value(Health))
    health_checked_on: date = Field(index=True)
    late_reported: bool = False
    news_at: datetime = Field(sa_type=UtcDateTime)
    """The last change that somebody made: what the calendar or a neighbour changes is no news of the project."""
    visibility: Visibility = Field(default=Visibility.TERRITORY, sa_type=by_value(Visibility))
    withdrawing: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Shown less far than before, and Kafka has not yet confirmed that the wider copy is gone."""
    confidential_until: date | None = None
    source_label: str = ""
    source_dated: date | None = None
    source_quality: Quality = Field(default=Quality.ANNOUNCED, sa_type=by_value(Quality))
    demo: bool = False
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    binome: Binome | None = Relationship(sa_relationship_kwargs={"lazy": "selectin"})
    lines: list[FundingLine] = Relationship(sa_relationship_kwargs=_parts("FundingLine.id"))
    milestones: list[Milestone] = Relationship(sa_relationship_kwargs=_parts("Milestone.id"))
    indicators: list[Indicator] = Relationship(sa_relationship_kwargs=_parts("Indicator.id"))
    applications: list[Application] = Relationship(sa_relationship_kwargs=_parts("Application.id"))
    decisions: list[Decision] = Relationship(sa_relationship_kwargs=_parts("Decision.id"))
    history: list[StageMove] = Relationship(sa_relationship_kwargs=_parts("StageMove.number"))
    participants: list[Participant] = Relationship(sa_relationship_kwargs=_parts("Participant.siren"))
    external_ids: list[ExternalId] = Relationship(sa_relationship_kwargs=_parts("ExternalId.service"))

    @property
    def origin_kinds(self) -> Sequence[str]:
        """What the project was born of."""
        return [one["kind"] for one in self.origin]


class OwnAnswer(Base, table=True):
    """What this EPCI says about its part in a project of another; published in its own topic."""

    __tablename__ = "own_answer"
    __table_args__ = (UniqueConstraint("project_id", "owner_siren"),)

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    project_id: UUID
    owner_siren: str
    answer: Answer = Field(sa_type=by_value(Answer))
    round: int = 1
    role: PartnerRole = Field(default=PartnerRole.PARTNER, sa_type=by_value(PartnerRole))
    contribution_eur: Decimal | None = Field(default=None, sa_type=Euros)
    answered_on: date
    reason: str = ""


class ReferenceCounter(Base, table=True):
    """The last number given out in a year."""

    __tablename__ = "reference_counter"

    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = 0
