"""What a document says, whatever it is written as; every text is plain, nothing of it is markup."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heading:
    """The title of a part."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Some text; its line ends are kept."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Short answers, each under its name."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """Rows under headings; ``numbers`` are the places of columns that are read from the right."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()


Block = Heading | Paragraph | Facts | Table


@dataclass(frozen=True)
class Document:
    """A document in French: its title, a line under it, its parts, a line at the foot of each page."""

    title: str
    subtitle: str
    author: str
    foot: str
    blocks: Sequence[Block] = field(default_factory=tuple)
