"""Sums of a plan: equal to an independent count, steps of a line, attempts, payments."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.projects.rules.funding import best, figures
from services.projects.rules.steps import can_step, grant_problem, status_once_paid
from services.projects.rules.words import FundingStep
from shared.contracts.projects import FunderType, FundingNature, FundingStatus, SponsorType
from tests.support.projects import PlainLine

CENTS = st.integers(0, 10_000_000).map(lambda cents: Decimal(cents) / 100)
LINES = st.lists(
    st.builds(
        PlainLine,
        status=st.sampled_from(FundingStatus),
        nature=st.sampled_from(FundingNature),
        funder=st.sampled_from(FunderType),
        amount_planned=st.none() | CENTS,
        amount_requested=st.none() | CENTS,
        amount_granted=st.none() | CENTS,
        amount_paid=st.none() | CENTS,
    ),
    max_size=8,
)


def cents(amount: Decimal | None) -> int:
    return int((amount or 0) * 100)


@given(lines=LINES, cost=st.none() | CENTS)
def test_derived_figures_equal_an_independent_count_in_cents(lines: list[PlainLine], cost: Decimal | None) -> None:
    worth = secured = asked = granted = paid = 0
    for one in lines:
        asked, granted, paid = (
            asked + cents(one.amount_requested),
            granted + cents(one.amount_granted),
            paid + cents(one.amount_paid),
        )
        match one.status.value:
            case "granted" | "partly_paid" | "paid":
                worth, secured = worth + cents(one.amount_granted), secured + cents(one.amount_granted)
            case "requested" | "under_review":
                worth += cents(one.amount_requested)
            case "planned":
                worth += cents(one.amount_planned)

    sums = figures(lines, total_cost_ht=cost, sponsor=SponsorType.COMPANY)

    assert [cents(sums.best), cents(sums.secured)] == [worth, secured]
    assert [cents(sums.requested), cents(sums.granted), cents(sums.paid)] == [asked, granted, paid]
    assert (sums.gap is None) is (cost is None)
    if cost is not None:
        assert sums.gap is not None
        assert sums.gap_secured is not None
        assert [cents(sums.gap), cents(sums.gap_secured)] == [cents(cost) - worth, cents(cost) - secured]
    assert (sums.coverage is None) is (not cost)
    assert (sums.payment_rate is None) is (granted == 0)


def test_a_plan_without_lines_or_cost_divides_by_nothing() -> None:
    sums = figures([], total_cost_ht=None, sponsor=SponsorType.EPCI)

    rates = (sums.coverage, sums.success_rate, sums.payment_rate, sums.public_rate, sums.leverage, sums.sponsor_share)
    assert rates == (None,) * 6


def test_rates_follow_their_definitions() -> None:
    lines = [
        PlainLine(
            FundingStatus.GRANTED,
            funder=FunderType.REGION,
            amount_requested=Decimal(400),
            amount_granted=Decimal(300),
        ),
        PlainLine(FundingStatus.REFUSED, funder=FunderType.ADEME, amount_requested=Decimal(100)),
        PlainLine(FundingStatus.GRANTED, FundingNature.OWN_FUNDS, FunderType.EPCI, amount_granted=Decimal(100)),
        PlainLine(FundingStatus.PLANNED, FundingNature.EQUITY, FunderType.PRIVATE, amount_planned=Decimal(200)),
        PlainLine(
            FundingStatus.GRANTED,
            FundingNature.LOAN,
            FunderType.BPIFRANCE,
            amount_granted=Decimal(400),
            grant_equivalent=Decimal(50),
        ),
    ]

    sums = figures(lines, total_cost_ht=Decimal(1000), sponsor=SponsorType.EPCI)

    assert (sums.success_rate, sums.success_rate_by_number) == (Decimal("0.6"), Decimal("0.5"))
    assert sums.public_rate == Decimal("0.35")  # 300 of grants and 50 of equivalent
    assert sums.leverage == Decimal("0.25")  # 200 private for 800 public
    assert sums.sponsor_share == Decimal("0.125")  # 100 of own funds in 800 of public money


@pytest.mark.parametrize("status", [FundingStatus.REFUSED, FundingStatus.WITHDRAWN])
def test_a_line_that_fell_is_worth_nothing(status: FundingStatus) -> None:
    assert best(PlainLine(status, amount_planned=Decimal(5), amount_granted=Decimal(5))) == 0


ALLOWED = {
    FundingStep.REQUEST: "planned refused",
    FundingStep.REVIEW: "requested",
    FundingStep.GRANT: "requested under_review",
    FundingStep.REFUSE: "requested under_review",
    FundingStep.PAY: "granted partly_paid",
    FundingStep.WITHDRAW: "planned requested under_review granted refused partly_paid",
}


@given(step=st.sampled_from(FundingStep), status=st.sampled_from(FundingStatus))
def test_only_listed_steps_are_possible(step: FundingStep, status: FundingStatus) -> None:
    assert can_step(status, FundingNature.GRANT, step) is (status.value in ALLOWED[step].split())


@pytest.mark.parametrize(("nature", "possible"), [("own_funds", True), ("in_kind", True), ("loan", False)])
def test_own_money_is_granted_without_being_asked(nature: str, possible: bool) -> None:  # noqa: FBT001 - a table
    assert can_step(FundingStatus.PLANNED, FundingNature(nature), FundingStep.GRANT) is possible


def test_a_grant_above_the_request_asks_for_a_reason_and_own_funds_for_a_reference() -> None:
    own, grant = FundingNature.OWN_FUNDS, FundingNature.GRANT

    def problem(nature: FundingNature, reference: str = "", reason: str = "") -> str | None:
        return grant_problem(nature, amount=Decimal(11), requested=Decimal(10), reference=reference, reason=reason)

    assert problem(grant) == "Le montant accordé dépasse le montant demandé : indiquez le motif."
    assert problem(grant, reason="Rallonge votée") is None
    assert problem(own) == "Indiquez la référence de la délibération."


@given(granted=CENTS, paid=CENTS)
def test_never_more_is_paid_than_granted(granted: Decimal, paid: Decimal) -> None:
    status = status_once_paid(granted, paid)

    assert (status is None) is (paid > granted)
    assert (status is FundingStatus.PAID) is (paid == granted)
