"""Whether a call is for a project: each criterion met, unmet or unknown; nobody is told yes or no by a sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from shared.contracts.projects import Stage

WATCHED = frozenset({Stage.STRUCTURING, Stage.QUALIFICATION})
"""Stages in which a project looks for calls; in the second it is early."""


class Fit(StrEnum):
    """How a project stands to one criterion."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Criterion:
    """One criterion of a call: a stable code, its French name, how the project stands."""

    code: str
    label: str
    fit: Fit


class Asked(Protocol):
    """What matching reads of a call; an empty list asks for nothing."""

    @property
    def axes(self) -> Sequence[str]:
        """Axes it is for."""

    @property
    def project_kinds(self) -> Sequence[str]:
        """Kinds of project it is for."""

    @property
    def commune_insee(self) -> Sequence[str]:
        """Communes it is for."""

    @property
    def epcis(self) -> Sequence[str]:
        """EPCI it is for."""

    @property
    def cost_min(self) -> Decimal | None:
        """Least cost of a project."""

    @property
    def cost_max(self) -> Decimal | None:
        """Highest cost of a project."""

    @property
    def opens_at(self) -> datetime | None:
        """When it opens."""

    @property
    def closes_at(self) -> datetime | None:
        """When it closes; never, if there is no such instant."""


class Candidate(Protocol):
    """What matching reads of a project."""

    @property
    def axis(self) -> str | None:
        """Its axis."""

    @property
    def kind(self) -> str:
        """Its kind."""

    @property
    def home_epci(self) -> str:
        """Its EPCI."""

    @property
    def commune_insee(self) -> Sequence[str]:
        """Its communes."""

    @property
    def total_cost_ht(self) -> Decimal | None:
        """What it costs."""


def criteria(call: Asked, project: Candidate, *, now: datetime) -> list[Criterion]:
    """Return how a project stands to each criterion of a call, in the order in which a form shows them."""
    return [
        Criterion("axis", "Axe", _among(project.axis, call.axes)),
        Criterion("kind", "Nature", _among(project.kind, call.project_kinds)),
        Criterion("place", "Territoire", _place(call, project)),
        Criterion("cost", "Coût", _cost(call, project.total_cost_ht)),
        Criterion("dates", "Calendrier", _dates(call, now)),
    ]


def may_fit(found: Sequence[Criterion]) -> bool:
    """Tell whether nothing speaks against it."""
    return all(one.fit is not Fit.UNMET for one in found)


def _among(value: str | None, wanted: Sequence[str]) -> Fit:
    if not wanted:
        return Fit.MET
    if not value:
        return Fit.UNKNOWN
    return Fit.MET if value in wanted else Fit.UNMET


def _place(call: Asked, project: Candidate) -> Fit:
    if not (call.epcis or call.commune_insee) or project.home_epci in call.epcis:
        return Fit.MET
    if not call.commune_insee:
        return Fit.UNMET
    if not project.commune_insee:
        return Fit.UNKNOWN
    return Fit.MET if set(project.commune_insee) & set(call.commune_insee) else Fit.UNMET


def _cost(call: Asked, cost: Decimal | None) -> Fit:
    if call.cost_min is None and call.cost_max is None:
        return Fit.MET
    if cost is None:
        return Fit.UNKNOWN
    too_little = call.cost_min is not None and cost < call.cost_min
    too_much = call.cost_max is not None and cost > call.cost_max
    return Fit.UNMET if too_little or too_much else Fit.MET


def _dates(call: Asked, now: datetime) -> Fit:
    if call.closes_at is not None and call.closes_at <= now:
        return Fit.UNMET
    return Fit.UNKNOWN if call.opens_at is not None and call.opens_at > now else Fit.MET
