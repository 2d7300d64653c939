"""Which news a subscription asks for: a closed vocabulary, written in one way only."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Rhythm(StrEnum):
    """How often a reader gets the letter."""

    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


RHYTHM_LABELS = {
    Rhythm.IMMEDIATE: "au fil de l’eau",
    Rhythm.DAILY: "chaque jour",
    Rhythm.WEEKLY: "chaque semaine",
    Rhythm.MONTHLY: "chaque mois",
}


class Filtered(Protocol):
    """What a filter looks at."""

    @property
    def home_epci(self) -> str:
        """The EPCI that tells."""

    @property
    def epcis(self) -> tuple[str, ...]:
        """The EPCI concerned."""

    @property
    def axis(self) -> str | None:
        """The axis of the programme."""

    @property
    def kind(self) -> str:
        """What it is about."""


@dataclass(frozen=True)
class Filter:
    """EPCI, axes and kinds asked for; an empty part asks for everything."""

    epci: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    def matches(self, entry: Filtered) -> bool:
        """Tell whether a reader with this filter wants the entry."""
        return (
            (not self.epci or not {entry.home_epci, *entry.epcis}.isdisjoint(self.epci))
            and (not self.axes or entry.axis in self.axes)
            and (not self.kinds or entry.kind in self.kinds)
        )

    def canonical(self) -> str:
        """Return the one way to write this filter as JSON."""
        parts = {"axes": self.axes, "epci": self.epci, "kinds": self.kinds}
        return json.dumps(parts, separators=(",", ":"), sort_keys=True)

    def hash(self) -> str:
        """Return the name under which equal filters are composed once."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:32]


def make_filter(*, epci: Iterable[str], axes: Iterable[str], kinds: Iterable[str]) -> Filter:
    """Return the filter whose parts are sorted and free of doubles."""
    return Filter(epci=_ordered(epci), axes=_ordered(axes), kinds=_ordered(kinds))


def read_filter(canonical: str) -> Filter:
    """Return the filter that was written by ``canonical``."""
    parts = json.loads(canonical)
    return make_filter(epci=parts["epci"], axes=parts["axes"], kinds=parts["kinds"])


def _ordered(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({str(value) for value in values}))
