"""A figure, what stands beside it, and whether it passes its bar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Any

BUSY = 0.15
"""Share of the machine taken by others from which on a comparison is no longer trusted."""


class Verdict(StrEnum):
    """What a bar says of a figure."""

    MET = "met"
    SHORT = "short"
    UNSURE = "unsure"  # short, but others took much of the machine meanwhile
    FREE = "–"  # no bar


@dataclass(frozen=True)
class Bar:
    """A bound on a figure, or on its ratio to what stands beside it.

    Args:
        most: the highest value that passes.
        least: the lowest value that passes.
        of: the name of what the figure is divided by first; nothing when empty.
    """

    most: float | None = None
    least: float | None = None
    of: str = ""

    def __str__(self) -> str:
        """Return the bar as the table shows it."""
        sign, bound = ("≤", self.most) if self.most is not None else ("≥", self.least)
        return f"{sign} {bound:g}" + (f" × {self.of}" if self.of else "")

    def passes(self, value: float) -> bool:
        """Tell whether a value, or a ratio, is within the bar."""
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


@dataclass
class Figure:
    """One line of the table: a value per round, and the same of each thing it is compared with."""

    row: str
    what: str
    unit: str
    values: Sequence[float]
    beside: Mapping[str, Sequence[float]] = field(default_factory=dict)
    bars: Sequence[Bar] = ()
    busy: float = 0.0
    note: str = ""

    @property
    def value(self) -> float:
        """The middle of the rounds."""
        return median(self.values)

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a share of their middle."""
        return (max(self.values) - min(self.values)) / self.value if self.value else 0.0

    def ratio(self, name: str) -> float:
        """Return the figure divided by the middle of what stands beside it."""
        other = median(self.beside[name])
        return self.value / other if other else 0.0

    def passes(self, bar: Bar) -> bool:
        """Tell whether one of its bars is met."""
        return bar.passes(self.ratio(bar.of) if bar.of else self.value)

    @property
    def verdict(self) -> Verdict:
        """What its bars say together."""
        if not self.bars:
            return Verdict.FREE
        if all(self.passes(bar) for bar in self.bars):
            return Verdict.MET
        return Verdict.UNSURE if self.busy > BUSY else Verdict.SHORT

    def as_json(self) -> dict[str, Any]:
        """Return it for the JSON file."""
        return {
            "row": self.row,
            "what": self.what,
            "unit": self.unit,
            "value": self.value,
            "rounds": list(self.values),
            "spread": round(self.spread, 3),
            "beside": {
                name: {"value": median(values), "rounds": list(values), "ratio": round(self.ratio(name), 3)}
                for name, values in self.beside.items()
            },
            "bars": [{"bar": str(bar), "met": self.passes(bar)} for bar in self.bars],
            "verdict": self.verdict.value,
            "others_cpu_share": round(self.busy, 3),
            "note": self.note,
        }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of all lie, by nearest rank.

    Raises:
        ValueError: there is no value.
    """
    if not values:
        raise ValueError("no value was measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
