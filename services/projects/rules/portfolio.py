"""The figures of a territory: each project counts once, at its own EPCI, whoever takes part in it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from services.projects.rules.funding import DECIDED, PRIVATE_FUNDERS, SECURED, ratio
from services.projects.rules.indexing import Aim, Digest
from services.projects.rules.indicators import INDICATORS
from shared.contracts.projects import Stage

ZERO = Decimal(0)
POTENTIAL = frozenset({Stage.IDEA, Stage.QUALIFICATION, Stage.STRUCTURING, Stage.APPRAISAL})
COMMITTED = frozenset({Stage.COMMITTED, Stage.DELIVERY})
DELIVERED = frozenset({Stage.COMPLETED, Stage.EVALUATED})
ASIDE = frozenset({Stage.REJECTED, Stage.ABANDONED})
SOON = timedelta(days=60)
NAMELESS = ""
NOTHING = Digest()
Names = tuple[str, str, str, str, str]
_BY = ("funder", "scheme", "epci", "axis", "year")
"""What money is added up by, in the order of ``Names``."""


class Counted(NamedTuple):
    """One project, as far as it counts; a confidential one counts in numbers only."""

    home_epci: str
    stage: str
    axis: str | None = None
    kind: str = ""
    health: str = ""
    cost: Decimal | None = None
    digest: Digest = NOTHING


@dataclass
class Sums:
    """Euros over all attempts, and how often the demands that were decided on succeeded."""

    requested: Decimal = ZERO
    granted: Decimal = ZERO
    paid: Decimal = ZERO
    decided: int = 0
    won: int = 0
    asked_of_decided: Decimal = ZERO
    won_of_decided: Decimal = ZERO

    def add(self, other: "Sums") -> None:
        """Add those of other lines."""
        self.requested += other.requested
        self.granted += other.granted
        self.paid += other.paid
        self.decided += other.decided
        self.won += other.won
        self.asked_of_decided += other.asked_of_decided
        self.won_of_decided += other.won_of_decided

    @property
    def success_rate(self) -> Decimal | None:
        """Granted over requested, of the lines that were asked for and decided on."""
        return ratio(self.won_of_decided, self.asked_of_decided)

    @property
    def success_rate_by_number(self) -> Decimal | None:
        """The same by number of lines."""
        return ratio(Decimal(self.won), Decimal(self.decided))

    @property
    def payment_rate(self) -> Decimal | None:
        """Paid over granted."""
        return ratio(self.paid, self.granted)


@dataclass
class Aimed:
    """One common indicator over many projects; ``filled`` projects say something of it."""

    filled: int = 0
    potential: Decimal = ZERO
    committed: Decimal = ZERO
    delivered: Decimal = ZERO
    actual: Decimal = ZERO
    reported: int = 0


@dataclass
class Portfolio:
    """What a territory, or a part of it, is at."""

    count: int = 0
    cost: Decimal = ZERO
    costed: int = 0
    pipeline: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Projects by stage, EPCI and axis."""
    healths: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    money: Sums = field(default_factory=Sums)
    money_by: dict[str, dict[str, Sums]] = field(default_factory=dict)
    indicators: dict[str, Aimed] = field(default_factory=dict)
    left_idea: int = 0
    abandoned: int = 0
    rejected: int = 0
    milestones_due: int = 0
    days_in_stage: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By stage: the median of days spent there, and of how many stays."""

    @property
    def withdrawal_rate(self) -> Decimal | None:
        """Abandoned over all that left ``idea``."""
        return ratio(Decimal(self.abandoned), Decimal(self.left_idea))


@dataclass(frozen=True)
class Inside:
    """What only an EPCI knows of its own projects."""

    abandoned: Mapping[str, int]
    """By reason."""
    stale: int
    answers_awaited: int
    """Invitations that partners have not answered."""
    answers_owed: int
    """Invitations of others that this EPCI has not answered."""


def portfolio(projects: Iterable[Counted], *, today: date) -> Portfolio:
    """Return the figures of projects.

    Rejected and abandoned ones count in withdrawals and in what was asked, granted and paid, not in what is aimed at.
    """
    found = Portfolio()
    stays: dict[str, list[int]] = defaultdict(list)
    # Thousands of lines are of some hundred kinds: each is added once, to its kind; those are then added up.
    kinds: dict[Names, Sums] = defaultdict(Sums)
    for one in projects:
        _count(found, one, today)
        _sum_money(kinds, one)
        _sum_aims(found.indicators, one)
        for stage, days in _stays(one.digest.stages, today):
            stays[stage].append(days)
    _add_up(found, kinds)
    found.days_in_stage = {stage: (round(median(days)), len(days)) for stage, days in stays.items()}
    return found


def _count(found: Portfolio, one: Counted, today: date) -> None:
    found.count += 1
    found.pipeline[one.stage, one.home_epci, one.axis or NAMELESS] += 1
    found.kinds[one.kind] += 1
    if one.stage not in ASIDE | DELIVERED:
        found.healths[one.health] += 1
        found.milestones_due += sum(today <= day <= today + SOON for day in one.digest.due)
    if one.cost is not None:
        found.cost, found.costed = found.cost + one.cost, found.costed + 1
    found.abandoned += one.stage == Stage.ABANDONED
    found.rejected += one.stage == Stage.REJECTED
    found.left_idea += one.stage != Stage.IDEA


def _sum_money(kinds: dict[Names, Sums], one: Counted) -> None:
    for line in one.digest.money:
        year = str(line.decided) if line.decided else NAMELESS
        sums = kinds[line.funder, line.scheme, one.home_epci, one.axis or NAMELESS, year]
        sums.requested += line.requested
        sums.granted += line.granted
        sums.paid += line.paid
        if line.status in DECIDED and line.requested:
            won = line.status in SECURED
            sums.decided += 1
            sums.won += won
            sums.asked_of_decided += line.requested
            sums.won_of_decided += line.granted if won else ZERO


def _add_up(found: Portfolio, kinds: Mapping[Names, Sums]) -> None:
    by: dict[str, dict[str, Sums]] = {name: defaultdict(Sums) for name in _BY}
    for names, sums in kinds.items():
        found.money.add(sums)
        for part, name in zip(by.values(), names, strict=True):
            part[name].add(sums)
    found.money_by = {name: dict(part) for name, part in by.items()}


def _sum_aims(indicators: dict[str, Aimed], one: Counted) -> None:
    if one.stage in ASIDE:
        return
    for aim in (*one.digest.aims, *_read_in_the_plan(one)):
        known = INDICATORS.get(aim.code)
        if known is None:
            continue  # an indicator of one project alone
        told = indicators.setdefault(aim.code, Aimed())
        told.filled += 1
        if not known.is_added:
            continue
        if aim.target is not None:
            part = "potential" if one.stage in POTENTIAL else "committed" if one.stage in COMMITTED else "delivered"
            setattr(told, part, getattr(told, part) + aim.target)
        if aim.actual is not None:
            told.actual, told.reported = told.actual + aim.actual, told.reported + 1


def _read_in_the_plan(one: Counted) -> Iterable[Aim]:
    """Return the indicators that nobody types: what the lines of a plan are worth, and what of it was paid."""
    worth, paid = {True: ZERO, False: ZERO}, {True: ZERO, False: ZERO}
    for line in one.digest.money:
        is_private = line.funder in PRIVATE_FUNDERS
        worth[is_private] += line.worth
        paid[is_private] += line.paid
    for code, is_private in (("private_investment_eur", True), ("public_funding_eur", False)):
        if worth[is_private] or paid[is_private]:
            yield Aim(code, target=worth[is_private], actual=paid[is_private])


def _stays(stages: Sequence[tuple[str, date]], today: date) -> Iterable[tuple[str, int]]:
    """Return each stay in a stage, in days; the last one lasts until today, unless the project is over."""
    for (stage, start), (_, end) in pairwise([*stages, (NAMELESS, today)]):
        if stage not in ASIDE | {Stage.EVALUATED}:
            yield stage, max((end - start).days, 0)
