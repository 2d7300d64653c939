"""For which projects a call is, criterion by criterion; how an answer to it moves on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.projects.rules.applications import next_statuses
from services.projects.rules.matching import Fit, criteria, may_fit
from shared.contracts.projects import ApplicationStatus

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """A call without a database; as made here it asks for nothing."""

    axes: Sequence[str] = ()
    project_kinds: Sequence[str] = ()
    commune_insee: Sequence[str] = ()
    epcis: Sequence[str] = ()
    cost_min: Decimal | None = None
    cost_max: Decimal | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True)
class Candidate:
    """A project without a database."""

    axis: str | None = "industrial_land"
    kind: str = "study"
    home_epci: str = "A"
    commune_insee: Sequence[str] = ("76351",)
    total_cost_ht: Decimal | None = Decimal(1000)


@pytest.mark.parametrize(
    ("code", "call", "project", "fit"),
    [
        ("axis", Asked(axes=["industrial_land"]), Candidate(), Fit.MET),
        ("axis", Asked(axes=["skills_recruitment"]), Candidate(), Fit.UNMET),
        ("axis", Asked(axes=["skills_recruitment"]), Candidate(axis=None), Fit.UNKNOWN),
        ("kind", Asked(project_kinds=["study"]), Candidate(), Fit.MET),
        ("kind", Asked(project_kinds=["funded_post"]), Candidate(), Fit.UNMET),
        ("place", Asked(epcis=["A"]), Candidate(commune_insee=()), Fit.MET),
        ("place", Asked(epcis=["B"]), Candidate(), Fit.UNMET),
        ("place", Asked(commune_insee=["76351"]), Candidate(), Fit.MET),
        ("place", Asked(commune_insee=["27229"]), Candidate(), Fit.UNMET),
        ("place", Asked(commune_insee=["27229"]), Candidate(commune_insee=()), Fit.UNKNOWN),
        ("cost", Asked(cost_min=Decimal(1000), cost_max=Decimal(1000)), Candidate(), Fit.MET),
        ("cost", Asked(cost_min=Decimal(1001)), Candidate(), Fit.UNMET),
        ("cost", Asked(cost_max=Decimal(999)), Candidate(), Fit.UNMET),
        ("cost", Asked(cost_max=Decimal(999)), Candidate(total_cost_ht=None), Fit.UNKNOWN),
        ("dates", Asked(opens_at=NOW + timedelta(days=1)), Candidate(), Fit.UNKNOWN),
        ("dates", Asked(closes_at=NOW), Candidate(), Fit.UNMET),
        ("dates", Asked(opens_at=NOW, closes_at=NOW + timedelta(days=1)), Candidate(), Fit.MET),
    ],
)
def test_each_criterion_is_met_unmet_or_unknown(code: str, call: Asked, project: Candidate, fit: Fit) -> None:
    found = criteria(call, project, now=NOW)

    assert next(one.fit for one in found if one.code == code) is fit
    assert may_fit(found) is (fit is not Fit.UNMET)


def test_a_call_that_asks_for_nothing_is_for_everybody() -> None:
    found = criteria(Asked(), replace(Candidate(), axis=None, total_cost_ht=None, commune_insee=()), now=NOW)

    assert [one.fit for one in found] == [Fit.MET] * 5


def test_an_answer_moves_forward_and_what_is_over_stays_so() -> None:
    for status in ApplicationStatus:
        assert status not in next_statuses(status)
    assert next_statuses(ApplicationStatus.NOT_SELECTED) == next_statuses(ApplicationStatus.WITHDRAWN) == frozenset()
    assert next_statuses(ApplicationStatus.LAUREATE) == {ApplicationStatus.WITHDRAWN}
