"""What the users of one EPCI remember: what they wrote, and how to go on from there."""

import random
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.ledger import Ledger, Line
from tests.chaos.sink import Post
from tests.chaos.traffic.door import Door, Heard


@dataclass
class Thing:
    """One aggregate that users know; ``tag`` is what they hand back in ``If-Match``."""

    id: str
    tag: int
    visibility: str = ""
    full: bool = False


@dataclass
class Guest:
    """Somebody who asked for a place or a letter, and waits for a mail."""

    email: str
    mark: str
    pressed: set[str] = field(default_factory=set)


@dataclass
class Town:
    """One EPCI as its users see it; whoever works on a thing takes it out of its list meanwhile."""

    door: Door
    ledger: Ledger
    post: Post
    chance: random.Random
    neighbours: list[str]
    fiches: list[Thing] = field(default_factory=list)
    meetings: list[Thing] = field(default_factory=list)
    people: list[Thing] = field(default_factory=list)
    guests: list[Guest] = field(default_factory=list)
    readers: list[Guest] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    rule: str = ""
    _count: int = 0

    @property
    def siren(self) -> str:
        """Whose users these are."""
        return self.door.place.siren

    @property
    def code(self) -> str:
        """The short name of the EPCI."""
        return self.door.place.code

    def mark(self) -> str:
        """Return a word that no other act of this run writes."""
        self._count += 1
        return f"{self.code}-{self._count:06d}"

    def take(self, things: list[Any]) -> Any:  # noqa: ANN401 - whatever the list holds
        """Take one thing out of its list, by chance; nothing when all are in use."""
        return things.pop(self.chance.randrange(len(things))) if things else None

    def draw(self, **weights: float) -> str:
        """Return one of these words, by weight."""
        return self.chance.choices(list(weights), list(weights.values()))[0]

    async def note(self, mark: str, act: str, heard: Heard, **facts: Any) -> Heard:  # noqa: ANN401 - fields of a line
        """Write an act into the ledger; only then does it count."""
        line = Line(mark=mark, act=act, epci=self.siren, outcome=heard.outcome, status=heard.status, **facts)
        await self.ledger.note(line)
        return heard
