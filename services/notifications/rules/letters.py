"""How a letter is put together: chapters in an order that anybody can foretell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.contracts.notifications import EntryKind
from shared.web.formats import liste_et, pluriel

MOST_PER_CHAPTER = 15


class Chapter(StrEnum):
    """A section of a letter."""

    HOME = "home"
    NEIGHBOURS = "neighbours"
    AGENDA = "agenda"


CHAPTER_TITLES = {
    Chapter.HOME: "Chez vous",
    Chapter.NEIGHBOURS: "Chez vos voisins",
    Chapter.AGENDA: "Agenda",
}


@dataclass(frozen=True)
class Item:
    """One piece of news as the log knows it."""

    home_epci: str
    id: UUID
    news_rev: int
    kind: str
    title: str
    summary: str
    link: str | None
    importance: int
    published_at: datetime
    axis: str | None = None
    epcis: tuple[str, ...] = ()
    starts_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Part:
    """One chapter with its items; ``more`` counts those beyond what a mail should hold."""

    chapter: Chapter
    items: tuple[Item, ...]
    more: int

    @property
    def title(self) -> str:
        """The heading of the chapter."""
        return CHAPTER_TITLES[self.chapter]


def compose(items: Iterable[Item], *, own: str, chapters: Sequence[Chapter], now: datetime) -> tuple[Part, ...]:
    """Return the chapters of a letter that hold something, in the order asked for.

    Args:
        items: what a window holds for one filter; what has passed by is left out.
        own: the reader’s own EPCI, whose news come first.
        chapters: those of the rule.
        now: what is past at this instant drops out.
    """
    fresh = [item for item in items if item.expires_at is None or item.expires_at > now]
    parts = []
    for chapter in chapters:
        chosen = _ordered([item for item in fresh if _chapter_of(item, own) is chapter], chapter)
        if chosen:
            parts.append(Part(chapter, tuple(chosen[:MOST_PER_CHAPTER]), max(0, len(chosen) - MOST_PER_CHAPTER)))
    return tuple(parts)


def count_items(parts: Sequence[Part]) -> int:
    """Return how many pieces of news a letter tells, those only counted included."""
    return sum(len(part.items) + part.more for part in parts)


def subject_of(parts: Sequence[Part]) -> str:
    """Return the subject: the first news, not the number of the letter."""
    return parts[0].items[0].title


def opening_of(parts: Sequence[Part]) -> str:
    """Return the line that says what is inside."""
    counts = {part.chapter: len(part.items) + part.more for part in parts}
    words = {
        Chapter.HOME: ("nouvelle chez vous", "nouvelles chez vous"),
        Chapter.NEIGHBOURS: ("nouvelle chez vos voisins", "nouvelles chez vos voisins"),
        Chapter.AGENDA: ("rendez-vous", "rendez-vous"),
    }
    return f"{liste_et([pluriel(count, *words[chapter]) for chapter, count in counts.items()])}."


def _chapter_of(item: Item, own: str) -> Chapter:
    if item.kind == EntryKind.AGENDA:
        return Chapter.AGENDA
    return Chapter.HOME if item.home_epci == own else Chapter.NEIGHBOURS


def _ordered(items: list[Item], chapter: Chapter) -> list[Item]:
    if chapter is Chapter.AGENDA:
        return sorted(items, key=lambda item: (item.starts_at or item.published_at, str(item.id)))
    return sorted(items, key=lambda item: (-item.importance, -item.published_at.timestamp(), str(item.id)))
