"""What guards read of a fiche and of a caller, as shapes: rules know no table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from services.projects.rules.funding import Line
from services.projects.rules.health import Step
from services.projects.rules.words import AbandonReason, Body, Move, Outcome
from shared.contracts.projects import SponsorType, Stage


@dataclass(frozen=True)
class Unmet:
    """One guard that is not met: a stable code, a sentence for people, the field to complete."""

    code: str
    message: str
    field: str


class PlanLine(Line, Protocol):
    """What guards read of a funding line, besides its amounts."""

    @property
    def filed_on(self) -> date | None:
        """The day it was asked for."""

    @property
    def fallback_line_id(self) -> UUID | None:
        """The line that replaces it if it falls."""


class Judged(Protocol):
    """What guards read of a decision."""

    @property
    def outcome(self) -> Outcome:
        """What was decided."""

    @property
    def decided_on(self) -> date:
        """When."""

    @property
    def body(self) -> Body:
        """By whom."""

    @property
    def reference(self) -> str:
        """Under which number."""

    @property
    def accepted_gap_eur(self) -> Decimal | None:
        """What the committee accepts not to be secured yet."""


class Measure(Protocol):
    """What guards read of an indicator."""

    @property
    def label(self) -> str:
        """Its name."""

    @property
    def target(self) -> object | None:
        """What was aimed at."""

    @property
    def actual(self) -> object | None:
        """What was reached."""

    @property
    def not_measurable(self) -> bool:
        """Given up, with a reason."""

    @property
    def not_measurable_reason(self) -> str:
        """Why."""


class Past(Protocol):
    """What guards read of a move already made."""

    @property
    def move(self) -> Move | None:
        """Which; ``None`` for the creation."""

    @property
    def from_stage(self) -> Stage | None:
        """Where it started."""

    @property
    def to_stage(self) -> Stage:
        """Where it led."""

    @property
    def entered_on(self) -> date:
        """When."""

    @property
    def undone(self) -> bool:
        """Whether a correction took it back."""


class Fiche(Protocol):
    """What guards read of a project."""

    @property
    def stage(self) -> Stage:
        """Where it is."""

    @property
    def title(self) -> str:
        """Its name."""

    @property
    def axis(self) -> str | None:
        """Its axis."""

    @property
    def commune_insee(self) -> Sequence[str]:
        """Its communes."""

    @property
    def sponsor_type(self) -> SponsorType:
        """What kind of body carries it."""

    @property
    def sponsor_name(self) -> str:
        """Who carries it."""

    @property
    def origin_kinds(self) -> Sequence[str]:
        """What it was born of."""

    @property
    def need_statement(self) -> str:
        """The need observed."""

    @property
    def project_manager(self) -> UUID | None:
        """Who runs it."""

    @property
    def total_cost_ht(self) -> Decimal | None:
        """What it costs."""

    @property
    def actual_start(self) -> date | None:
        """When it began."""

    @property
    def actual_end(self) -> date | None:
        """When it ended."""

    @property
    def lines(self) -> Sequence[PlanLine]:
        """Its funding plan."""

    @property
    def milestones(self) -> Sequence[Step]:
        """Its steps."""

    @property
    def indicators(self) -> Sequence[Measure]:
        """Its indicators."""

    @property
    def decisions(self) -> Sequence[Judged]:
        """What committees said."""

    @property
    def history(self) -> Sequence[Past]:
        """Its moves, oldest first."""


@dataclass(frozen=True)
class Inputs:
    """What a caller brings with a move."""

    reason: str = ""
    decision: Judged | None = None
    abandon_reason: AbandonReason | None = None
    kept_project_id: UUID | None = None
    actual_start: date | None = None
    actual_end: date | None = None
