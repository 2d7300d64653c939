"""What surrounds every page of an instance: who keeps it, where one can go, how many share the territory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Epci(Protocol):
    """What a page says of a member of the territory."""

    @property
    def siren(self) -> str:
        """Nine digits."""

    @property
    def name(self) -> str:
        """The usual name."""

    @property
    def initials(self) -> str:
        """What fits in a chip: two to five letters."""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation or of the footer."""

    label: str
    path: str

    def current(self, path: str) -> str | None:
        """Return the ``aria-current`` of this entry on a page: the page itself, one below it, or none."""
        if path == self.path:
            return "page"
        return "true" if self.path != "/" and path.startswith(f"{self.path}/") else None


@dataclass(frozen=True, slots=True)
class Site:
    """One instance, as its pages show it."""

    epci: Epci
    territory: str
    members: Sequence[Epci]
    navigation: Sequence[Link]
    footer: Sequence[Link]
    footnote: str
    theme_url: str
    staff_entrance: Link | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a form; ``name`` and ``value`` tell the server which one was pressed."""

    label: str
    kind: str = "primary"
    name: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class LinkForm:
    """The form of a page reached by a link in a mail: nothing happens before a button is pressed."""

    action: str
    buttons: Sequence[Button]
    hidden: Mapping[str, str] = field(default_factory=dict)
