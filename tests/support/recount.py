"""The figures of a territory, counted again from a dump of its topics: plain values, none of our rules or queries."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

State = dict[str, Any]
ZERO = Decimal(0)
PARTS = {
    "potential": {"idea", "qualification", "structuring", "appraisal"},
    "committed": {"committed", "delivery"},
    "delivered": {"completed", "evaluated"},
}
WON = {"granted", "partly_paid", "paid"}


@dataclass
class Recount:
    """What the records that live say together; euros and quantities without needless zeros."""

    count: int = 0
    cost: Decimal = ZERO
    costed: int = 0
    pipeline: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    requested: Decimal = ZERO
    granted: Decimal = ZERO
    paid: Decimal = ZERO
    decided_asked: Decimal = ZERO
    decided_won: Decimal = ZERO
    by_epci: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    indicators: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """By code and part: ``potential``, ``committed``, ``delivered``, ``actual``."""
    abandoned: int = 0

    def add(self, state: State) -> None:
        """Count one project."""
        self.count += 1
        self.pipeline[state["stage"], state["home_epci"], state.get("axis") or ""] += 1
        self.abandoned += state["stage"] == "abandoned"
        cost = state["totals"]["total_cost_ht"]
        if cost is not None:
            self.cost, self.costed = self.cost + Decimal(cost), self.costed + 1
        for line in state.get("funding", []):
            self._add_line(line, state["home_epci"])
        if state["stage"] not in {"rejected", "abandoned"}:
            self._add_aims(state)

    def _add_line(self, line: State, epci: str) -> None:
        requested = _of(line, "requested")
        self.requested += requested
        self.granted += _of(line, "granted")
        self.paid += _of(line, "paid")
        self.by_epci[epci] += _of(line, "granted")
        if requested and line["status"] in WON | {"refused"}:
            self.decided_asked += requested
            self.decided_won += _of(line, "granted") if line["status"] in WON else ZERO

    def _add_aims(self, state: State) -> None:
        [part] = [name for name, stages in PARTS.items() if state["stage"] in stages]
        for one in state.get("indicators", []):
            self.indicators[one["code"], part] += _value(one, "target")
            self.indicators[one["code"], "actual"] += _value(one, "actual")
        for line in state.get("funding", []):
            code = "private_investment_eur" if line["funder"] in {"private", "crowd"} else "public_funding_eur"
            self.indicators[code, part] += _worth(line)
            self.indicators[code, "actual"] += _of(line, "paid")


def recounted(states: Iterable[State]) -> Recount:
    """Return the figures of the states that live."""
    found = Recount()
    for state in states:
        found.add(state)
    return found


def _of(line: State, amount: str) -> Decimal:
    return Decimal(line.get(f"amount_{amount}") or 0)


def _value(indicator: State, name: str) -> Decimal:
    told = indicator.get(name)
    return Decimal(told["value"]) if told else ZERO


def _worth(line: State) -> Decimal:
    """Granted once decided, else requested, else planned; nothing once it fell."""
    if line["status"] in WON:
        return _of(line, "granted")
    if line["status"] in {"requested", "under_review"}:
        return _of(line, "requested")
    return _of(line, "planned") if line["status"] == "planned" else ZERO
