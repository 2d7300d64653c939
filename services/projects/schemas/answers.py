"""What the service answers to those of its own EPCI, and lists of the whole territory."""

from dataclasses import asdict
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from services.projects.models import Project
from services.projects.rules.funding import Figures, figures
from services.projects.rules.words import Move
from services.projects.schemas.parts import (
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
from shared.contracts import projects as wire
from shared.contracts.base import Visibility
from shared.fields import Day, Id, Instant, Money


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
    need_statement: str
    kind: wire.Kind
    axis: wire.Axis | None
    tags: list[str]
    origin: list[dict[str, str]]
    commune_insee: list[str]
    sponsor: wire.Sponsor
    project_manager: Id | None
    planned_start: Day | None
    planned_end: Day | None
    actual_start: Day | None
    actual_end: Day | None
    total_cost_ht: Money | None
    amounts_public: bool
    stage: wire.Stage
    attempt: int
    health: wire.Health
    health_stored: wire.Health
    health_reason: str
    visibility: Visibility
    withdrawing: Annotated[bool, Field(description="« retrait en cours » : wider readers may still find it")]
    confidential_until: Day | None
    source: wire.Source | None
    demo: bool
    external_ids: list[dict[str, str]]
    figures: FiguresShown
    funding: list[LineShown]
    milestones: list[MilestoneShown]
    indicators: list[IndicatorShown]
    decisions: list[DecisionShown]
    history: list[MoveShown]
    participants: list[PartnerShown]

    @classmethod
    def of(cls, project: Project) -> Self:
        """Return the whole fiche; only its own EPCI ever gets one."""
        made: dict[str, Any] = {
            "sponsor": wire.Sponsor(type=project.sponsor_type, siret=project.sponsor_siret, name=project.sponsor_name),
            "source": source_of(project),
            "health": project.health_shown,
            "health_stored": project.health,
            "external_ids": [{"service": one.service, "id": one.external_id} for one in project.external_ids],
            "figures": asdict(_figures(project)),
            "funding": project.lines,
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


class UnmetShown(BaseModel):
    """A guard that is not met."""

    code: str
    message: str
    field: str


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


def _figures(project: Project) -> Figures:
    return figures(project.lines, total_cost_ht=project.total_cost_ht, sponsor=project.sponsor_type)
