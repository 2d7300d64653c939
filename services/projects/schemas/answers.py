"""What the service answers to those of its own EPCI, and lists of the whole territory."""

from dataclasses import asdict
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from services.projects.models import Project
from services.projects.rules.completeness import completeness, missing
from services.projects.rules.funding import Figures, figures
from services.projects.rules.health import is_stale
from services.projects.rules.remarks import remarks
from services.projects.rules.words import Move
from services.projects.schemas.parts import (
    ApplicationShown,
    DecisionShown,
    FiguresShown,
    IndicatorShown,
    LineShown,
    MilestoneShown,
    MoveShown,
    PartnerShown,
    Shown,
)
from services.projects.schemas.published import source_of
from shared.clock import day_of, today
from shared.contracts import projects as wire
from shared.contracts.base import Visibility
from shared.fields import Day, Id, Instant, Money


class UnmetShown(Shown):
    """Something that is missing or doubtful: a stable code, a sentence, the field to complete."""

    code: str
    message: str
    field: str


class YearShown(Shown):
    """What is spent in one year, HT."""

    year: int
    investment: Money
    operating: Money


class ProjectShown(Shown):
    """A fiche of this EPCI, whole."""

    id: Id
    home_epci: str
    version: int
    created_at: Instant
    updated_at: Instant
    reference: str
    title: str
    public_summary: str
    summary: str
    objectives: str
    expected_effects: list[str]
    need_statement: str
    kind: wire.Kind
    axis: wire.Axis | None
    legacy_axis: wire.LegacyAxis | None
    filieres: list[str]
    naf_sections: list[str]
    programmes: list[wire.ProgrammeLink]
    measures: list[str]
    fragile_territory: bool
    priority: wire.Priority | None
    tags: list[str]
    origin: list[dict[str, str]]
    commune_insee: list[str]
    lon: float | None
    lat: float | None
    zae_site_id: str | None
    sponsor: wire.Sponsor
    project_manager: Id | None
    binome_id: Id | None
    partners: list[wire.PartnerBody]
    planned_start: Day | None
    planned_end: Day | None
    actual_start: Day | None
    actual_end: Day | None
    total_cost_ht: Money | None
    running_cost_ht_year: Money | None
    yearly: list[YearShown]
    amounts_public: bool
    stage: wire.Stage
    attempt: int
    health: wire.Health
    health_stored: wire.Health
    health_reason: str
    stale: Annotated[bool, Field(description="« sans nouvelle » : nobody has written in it for too long")]
    completeness: Annotated[int, Field(ge=0, le=100)]
    missing: Annotated[list[UnmetShown], Field(description="what would raise completeness")]
    visibility: Visibility
    withdrawing: Annotated[bool, Field(description="« retrait en cours » : wider readers may still find it")]
    confidential_until: Day | None
    source: wire.Source | None
    demo: bool
    external_ids: list[dict[str, str]]
    figures: FiguresShown
    remarks: Annotated[list[UnmetShown], Field(description="what the funding plan should make one think about")]
    funding: list[LineShown]
    milestones: list[MilestoneShown]
    indicators: list[IndicatorShown]
    applications: list[ApplicationShown]
    decisions: list[DecisionShown]
    history: list[MoveShown]
    participants: list[PartnerShown]

    @classmethod
    def of(cls, project: Project) -> Self:
        """Return the whole fiche; only its own EPCI ever gets one."""
        sums = _figures(project)
        made: dict[str, Any] = {
            "sponsor": wire.Sponsor(type=project.sponsor_type, siret=project.sponsor_siret, name=project.sponsor_name),
            "source": source_of(project),
            "health": project.health_shown,
            "health_stored": project.health,
            "external_ids": [{"service": one.service, "id": one.external_id} for one in project.external_ids],
            "stale": is_stale(project.stage, day_of(project.news_at), today=today()),
            "completeness": completeness(project),
            "missing": missing(project),
            "figures": asdict(sums),
            "remarks": list(remarks(sums)),
            "funding": [LineShown.of(one, project.lines) for one in project.lines],
            "indicators": [IndicatorShown.of(one) for one in project.indicators],
        }
        plain = {name: getattr(project, name) for name in cls.model_fields if name not in made}
        return cls.model_validate(plain | made, from_attributes=True)


class ProjectCard(Shown):
    """A project in a list; ``own`` tells that it is of this EPCI."""

    id: Id
    home_epci: str
    own: bool
    version: int
    updated_at: Instant
    reference: str
    title: str
    kind: str
    axis: str | None
    stage: str
    health: str
    visibility: str
    confidential: bool
    commune_insee: list[str]
    participants: list[wire.Participant]
    totals: wire.Totals
    demo: bool

    @classmethod
    def of(cls, state: wire.Project, *, own: bool) -> Self:
        """Return the row of a project, as far as the reader may see it."""
        plain = {name: getattr(state, name) for name in cls.model_fields if name != "own"}
        return cls.model_validate(plain | {"own": own})


class SimilarShown(BaseModel):
    """A project that may be the same: ``same_sponsor``, ``same_title``; answer with an invitation, or abandon one."""

    project: ProjectCard
    signs: list[str]


class TransitionShown(BaseModel):
    """A transition that starts from the present stage; ``possible`` when no guard is left and the role suffices."""

    move: Move
    label: str
    to: wire.Stage | None
    coordinator_only: bool
    possible: bool
    asks: list[str]
    unmet: list[UnmetShown]


class TransitionsShown(BaseModel):
    """What may become of a project."""

    stage: wire.Stage
    version: int
    transitions: list[TransitionShown]


class AnswerShown(Shown):
    """What this EPCI answered about a project of another."""

    id: Id
    project_id: Id
    owner_siren: str
    version: int
    answer: wire.Answer
    round: int
    role: wire.PartnerRole
    contribution_eur: Money | None
    answered_on: Day
    reason: str


class InvitationShown(BaseModel):
    """A project of another EPCI that names this one, and what this one said of it."""

    project_id: Id
    owner_siren: str
    title: str
    stage: str
    status: str
    role: str
    round: int
    answer: AnswerShown | None

    @property
    def is_waiting(self) -> bool:
        """Whether this EPCI has said nothing of it yet, in the round that counts."""
        answered = self.answer is not None and self.answer.round >= self.round
        return self.status == wire.ParticipantStatus.INVITED and not answered


def _figures(project: Project) -> Figures:
    return figures(project.lines, total_cost_ht=project.total_cost_ht, sponsor=project.sponsor_type)
