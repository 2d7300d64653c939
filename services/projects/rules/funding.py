"""Sums of a funding plan: derived from its lines, in decimal euros, never typed in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from services.projects.rules.words import OWN_MONEY
from shared.contracts.projects import FunderType, FundingNature, FundingStatus, SponsorType

ZERO = Decimal(0)
CENT = Decimal("0.01")
SECURED = frozenset({FundingStatus.GRANTED, FundingStatus.PARTLY_PAID, FundingStatus.PAID})
ASKED = frozenset({FundingStatus.REQUESTED, FundingStatus.UNDER_REVIEW})
OPEN = ASKED | {FundingStatus.PLANNED}
DECIDED = SECURED | {FundingStatus.REFUSED}
PRIVATE_FUNDERS = frozenset({FunderType.PRIVATE, FunderType.CROWD})
LENT = frozenset({FundingNature.LOAN, FundingNature.REPAYABLE_ADVANCE})
PUBLIC_SPONSORS = frozenset({SponsorType.PUBLIC_BODY, SponsorType.EPCI})


class Amounts(Protocol):
    """What is read of a funding line to tell its worth; another EPCI may use a status that we do not know."""

    @property
    def status(self) -> str:
        """Where the line stands."""

    @property
    def amount_planned(self) -> Decimal | None:
        """Hoped for."""

    @property
    def amount_requested(self) -> Decimal | None:
        """Asked for."""

    @property
    def amount_granted(self) -> Decimal | None:
        """Decided."""


class Line(Amounts, Protocol):
    """What the sums read of a funding line."""

    @property
    def status(self) -> FundingStatus:
        """Where the line stands."""

    @property
    def nature(self) -> FundingNature:
        """What kind of money it is."""

    @property
    def funder(self) -> FunderType:
        """Who pays."""

    @property
    def amount_paid(self) -> Decimal | None:
        """Received."""

    @property
    def grant_equivalent(self) -> Decimal | None:
        """What a loan or an advance is worth as a grant."""


@dataclass(frozen=True)
class Figures:
    """Derived figures of one plan; ``None`` stands for a division by zero, or a cost that is not known."""

    best: Decimal
    gap: Decimal | None
    coverage: Decimal | None
    secured: Decimal
    gap_secured: Decimal | None
    requested: Decimal
    granted: Decimal
    paid: Decimal
    success_rate: Decimal | None
    success_rate_by_number: Decimal | None
    payment_rate: Decimal | None
    remaining: Decimal
    """Granted, not yet paid."""
    public: Decimal
    private: Decimal
    public_rate: Decimal | None
    leverage: Decimal | None
    sponsor_share: Decimal | None


def best(line: Amounts) -> Decimal:
    """Return what a line is worth today: granted once decided, else requested, else planned; 0 if it fell."""
    if line.status in SECURED:
        return line.amount_granted or ZERO
    if line.status in ASKED:
        return line.amount_requested or ZERO
    return line.amount_planned or ZERO if line.status is FundingStatus.PLANNED else ZERO


def figures(lines: Sequence[Line], *, total_cost_ht: Decimal | None, sponsor: SponsorType) -> Figures:
    """Return the derived figures; requested, granted and paid are sums over all attempts, whatever became of them."""
    funded, secured = _sum(lines, best), _sum((one for one in lines if one.status in SECURED), best)
    granted, paid = _sum(lines, lambda one: one.amount_granted), _sum(lines, lambda one: one.amount_paid)
    by_amount, by_number = _success(lines)
    public, private = _public(lines), _sum((one for one in lines if one.funder in PRIVATE_FUNDERS), best)
    return Figures(
        best=funded,
        gap=None if total_cost_ht is None else total_cost_ht - funded,
        coverage=ratio(funded, total_cost_ht),
        secured=secured,
        gap_secured=None if total_cost_ht is None else total_cost_ht - secured,
        requested=_sum(lines, lambda one: one.amount_requested),
        granted=granted,
        paid=paid,
        success_rate=by_amount,
        success_rate_by_number=by_number,
        payment_rate=ratio(paid, granted),
        remaining=secured - _sum((one for one in lines if one.status in SECURED), lambda one: one.amount_paid),
        public=public,
        private=private,
        public_rate=ratio(_aid(lines), total_cost_ht),
        leverage=ratio(private, public),
        sponsor_share=_sponsor_share(lines, sponsor=sponsor, public=public),
    )


def is_balanced(gap: Decimal | None) -> bool:
    """Tell whether a gap is zero, to the cent."""
    return gap is not None and abs(gap) <= CENT


def suggested(
    matched: Iterable[Line], *, match_ratio: Decimal | None, basis_ht: Decimal | None, rate: Decimal | None
) -> Decimal | None:
    """Return the amount that follows from what is known of a line; ``None`` when nothing says it.

    Args:
        matched: the lines to each euro of which ``match_ratio`` euros are added.
        match_ratio: euros added for one euro; weighs more than a rate.
        basis_ht: what ``rate`` applies to.
        rate: share of the basis, 0 to 1.
    """
    others = list(matched)
    if match_ratio is not None and others:
        return (_sum(others, best) * match_ratio).quantize(CENT, rounding=ROUND_HALF_UP)
    if basis_ht is not None and rate is not None:
        return (basis_ht * rate).quantize(CENT, rounding=ROUND_HALF_UP)
    return None


def _sum(lines: Iterable[Line], amount: Callable[[Line], Decimal | None]) -> Decimal:
    return sum((amount(line) or ZERO for line in lines), ZERO)


def ratio(part: Decimal, whole: Decimal | None) -> Decimal | None:
    """Return ``part`` over ``whole``; ``None`` where there is nothing to divide by."""
    return part / whole if whole else None


def _success(lines: Sequence[Line]) -> tuple[Decimal | None, Decimal | None]:
    """Return granted / requested over the decided lines that were asked for, by amount and by number."""
    decided = [one for one in lines if one.status in DECIDED and one.amount_requested]
    won = [one for one in decided if one.status in SECURED]
    by_amount = ratio(_sum(won, lambda one: one.amount_granted), _sum(decided, lambda one: one.amount_requested))
    return by_amount, ratio(Decimal(len(won)), Decimal(len(decided)))


def _public(lines: Sequence[Line]) -> Decimal:
    return _sum((one for one in lines if one.funder not in PRIVATE_FUNDERS), best)


def _aid(lines: Sequence[Line]) -> Decimal:
    """Return public grants, and the grant equivalents of public loans and advances, of lines that still stand."""
    public = [one for one in lines if one.funder not in PRIVATE_FUNDERS and best(one)]
    grants = _sum((one for one in public if one.nature is FundingNature.GRANT), best)
    return grants + _sum((one for one in public if one.nature in LENT), lambda one: one.grant_equivalent)


def _sponsor_share(lines: Sequence[Line], *, sponsor: SponsorType, public: Decimal) -> Decimal | None:
    """Return own funds over all public money, for a public sponsor only.

    Source: CGCT, articles L1111-9 and L1111-10.
    """
    if sponsor not in PUBLIC_SPONSORS:
        return None
    own = (one for one in lines if one.nature in OWN_MONEY and one.funder not in PRIVATE_FUNDERS)
    return ratio(_sum(own, best), public)
