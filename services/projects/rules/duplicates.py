"""Whether two fiches may tell of one project: said, never decided; a common commune is needed either way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from shared.stems import folded

ALIKE = 88
"""Of two titles, by the words that both have: 100 is the same."""


class Sign(StrEnum):
    """What makes two fiches look alike."""

    SPONSOR = "same_sponsor"
    TITLE = "same_title"


@dataclass(frozen=True)
class Told:
    """What is compared of a fiche."""

    title: str
    communes: Sequence[str] = ()
    sponsor_siren: str | None = None

    @classmethod
    def read(cls, title: str, facets: str) -> "Told":
        """Read it from what a fiche is found by."""
        marks = [one.partition(":") for one in facets.split()]
        sponsors = [value for name, _, value in marks if name == "sponsor"]
        return cls(
            title=title,
            communes=[value for name, _, value in marks if name == "commune"],
            sponsor_siren=sponsors[0] if sponsors else None,
        )


def signs(one: Told, other: Told) -> list[Sign]:
    """Return what makes two fiches look alike; nothing where they have no commune in common."""
    if not set(one.communes) & set(other.communes):
        return []
    return list(_signs(one, other))


def _signs(one: Told, other: Told) -> Iterable[Sign]:
    if one.sponsor_siren and one.sponsor_siren == other.sponsor_siren:
        yield Sign.SPONSOR
    if fuzz.token_set_ratio(folded(one.title), folded(other.title)) >= ALIKE:
        yield Sign.TITLE
