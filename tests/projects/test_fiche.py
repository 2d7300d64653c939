"""What a fiche says of itself: how much is written, what its plan should make one think of, how far it got."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.projects.rules.completeness import completeness, missing
from services.projects.rules.funding import figures, suggested
from services.projects.rules.health import is_stale
from services.projects.rules.indicators import INDICATORS, Rule, progress
from services.projects.rules.remarks import remarks
from shared.contracts.projects import FunderType, FundingNature, FundingStatus, SponsorType, Stage
from shared.ids import uuid7
from tests.support.projects import PlainFiche, PlainIndicator, PlainLine, PlainStep

TODAY = date(2026, 6, 15)
OWN = PlainLine(FundingStatus.GRANTED, FundingNature.OWN_FUNDS, FunderType.EPCI, amount_granted=Decimal(30))
AID = PlainLine(FundingStatus.GRANTED, FundingNature.GRANT, FunderType.REGION, amount_granted=Decimal(70))
WHOLE = PlainFiche(
    axis="industrial_land",
    commune_insee=["76351"],
    sponsor_name="Ateliers Fictifs",
    project_manager=uuid7(),
    summary="x" * 200,
    objectives="Accueillir",
    planned_start=TODAY,
    planned_end=TODAY,
    milestones=(PlainStep(),),
    total_cost_ht=Decimal(100),
    lines=(OWN, AID),
    indicators=(PlainIndicator(target={"value": "4"}),),
)


def test_a_whole_fiche_is_whole_and_an_empty_one_is_empty() -> None:
    assert (completeness(WHOLE), missing(WHOLE)) == (100, [])
    assert (completeness(PlainFiche()), len(missing(PlainFiche()))) == (0, 10)


@pytest.mark.parametrize(
    ("without", "code"),
    [
        ({"summary": "x" * 199}, "summary_short"),
        ({"axis": None}, "axis_missing"),
        ({"commune_insee": ()}, "commune_missing"),
        ({"sponsor_name": ""}, "sponsor_unknown"),
        ({"project_manager": None}, "manager_missing"),
        ({"objectives": ""}, "objectives_missing"),
        ({"planned_start": None}, "dates_missing"),
        ({"milestones": ()}, "milestones_missing"),
        ({"lines": (OWN,)}, "plan_unbalanced"),
        ({"total_cost_ht": None, "lines": ()}, "plan_unbalanced"),
        ({"indicators": (PlainIndicator(),)}, "target_missing"),
    ],
)
def test_each_thing_that_is_missing_is_a_tenth(without: dict[str, object], code: str) -> None:
    fiche = replace(WHOLE, **without)  # type: ignore[arg-type]  # one field each

    assert [one.code for one in missing(fiche)] == [code]
    assert completeness(fiche) == 90


@pytest.mark.parametrize(
    ("stage", "days", "stale"),
    [
        (Stage.STRUCTURING, 90, False),
        (Stage.STRUCTURING, 91, True),
        (Stage.IDEA, 180, False),
        (Stage.DELIVERY, 181, True),
        (Stage.COMPLETED, 1000, False),
        (Stage.ABANDONED, 1000, False),
    ],
)
def test_a_fiche_is_stale_when_nobody_wrote_in_it_for_long(stage: Stage, days: int, *, stale: bool) -> None:
    assert is_stale(stage, TODAY - timedelta(days=days), today=TODAY) is stale


@pytest.mark.parametrize(
    ("lines", "cost", "codes"),
    [
        ((OWN, AID), 100, []),
        ((OWN, AID), 99, ["plan_exceeds_cost"]),
        ((replace(OWN, amount_granted=Decimal(10)), AID), 80, ["sponsor_share_low"]),
        ((replace(AID, amount_granted=Decimal(120)), replace(OWN, amount_granted=Decimal(40))), 100,
         ["plan_exceeds_cost", "aid_exceeds_cost"]),
    ],
)  # fmt: skip
def test_a_plan_is_remarked_upon(lines: tuple[PlainLine, ...], cost: int, codes: list[str]) -> None:
    sums = figures(lines, total_cost_ht=Decimal(cost), sponsor=SponsorType.EPCI)

    assert [one.code for one in remarks(sums)] == codes


def test_only_a_public_sponsor_owes_a_share() -> None:
    sums = figures((AID,), total_cost_ht=Decimal(70), sponsor=SponsorType.COMPANY)

    assert list(remarks(sums)) == []


def test_an_amount_follows_from_what_it_matches_or_from_its_rate() -> None:
    euro = PlainLine(amount_planned=Decimal("10000.00"))

    # Fonds régional des territoires, June 2020: for one euro of the EPCI the Région adds three.
    assert suggested([euro], match_ratio=Decimal(3), basis_ht=None, rate=None) == Decimal("30000.00")
    assert suggested([], match_ratio=Decimal(3), basis_ht=Decimal(1000), rate=Decimal("0.3")) == Decimal("300.00")
    assert suggested([], match_ratio=None, basis_ht=Decimal("0.05"), rate=Decimal("0.5")) == Decimal("0.03")
    assert suggested([], match_ratio=Decimal(3), basis_ht=Decimal(1000), rate=None) is None


@pytest.mark.parametrize(
    ("baseline", "target", "actual", "share"),
    [
        (None, 8, 2, "0.25"),
        (4, 8, 6, "0.5"),
        (10, 5, 10, "0"),
        (10, 5, 4, "1.2"),
        (5, 5, 5, None),
        (None, None, 3, None),
        (None, 3, None, None),
    ],
)
def test_progress_is_the_share_of_the_way(
    baseline: int | None, target: int | None, actual: int | None, share: str | None
) -> None:
    given = [None if one is None else Decimal(one) for one in (baseline, target, actual)]

    found = progress(baseline=given[0], target=given[1], actual=given[2])

    assert found == (None if share is None else Decimal(share))


def test_the_common_list_is_that_of_the_territory() -> None:
    assert len(INDICATORS) == 12
    assert {one.code for one in INDICATORS.values() if one.rule is Rule.DERIVED} == {
        "private_investment_eur", "public_funding_eur",
    }  # fmt: skip
    assert all(one.label and one.unit for one in INDICATORS.values())
