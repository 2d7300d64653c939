"""What the feed says of a source: one French sentence per fact, and nothing where there is no news."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.base import Visibility
from shared.contracts.notifications import EntryKind

NBSP = "\u00a0"
TITLE = 140
SUMMARY = 500

Marks = Mapping[str, str]
"""What was told of a source so far, by topic; a topic whose mark moved has news."""


@dataclass(frozen=True)
class Source:
    """What an entry repeats of the aggregate it tells about."""

    type: str
    name: str
    visibility: Visibility
    axis: str | None
    communes: tuple[str, ...]
    epcis: tuple[str, ...]


@dataclass(frozen=True)
class News:
    """One entry of one source, as it should read now."""

    topic: str
    kind: EntryKind
    tail: str
    summary: str
    importance: int = 1
    starts_at: datetime | None = None
    expires_at: datetime | None = None

    def title(self, source: Source) -> str:
        """Return the line of the feed: the name of the source, shortened if it must be, and what is new."""
        return shortened(source.name, TITLE - len(self.tail)) + self.tail


def shortened(text: str, most: int) -> str:
    """Return ``text``, cut at a word and ended by an ellipsis where it is longer than ``most``."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    words = kept.rpartition(" ")[0] or kept
    return words.rstrip(" ,;:·–-\u00a0\u202f") + "…"


def said(words: str) -> str:
    """Return what follows a name: `` : le projet est validé``."""
    return f"{NBSP}: {words}"
