"""The breaker: a topic in which too much is set aside is read no further, and no other one is touched."""

import copy
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from shared.figures import PAUSED
from shared.messaging.delivery.positions import Positions

log = structlog.get_logger(__name__)

# In a row; and more than half of the last so many.
LIMIT = 100
WINDOW = 400
RATIO = 0.5


@dataclass
class Breaker:
    """What became of the latest records of one topic in one group; trips before the next one too many."""

    held: int | None = None
    """Offset of the first record that is not handled, once tripped."""
    _in_a_row: int = 0
    _recent: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _next: int = 0

    def place(self, offset: int) -> None:
        """Begin to count at ``offset``: what was read before is not read again, or is another log."""
        self._next = offset

    def count(self, offset: int, *, invalid: bool) -> None:
        """Note what became of a record; one that was read before counts once."""
        if offset < self._next:
            return
        self._next = offset + 1
        self._in_a_row = self._in_a_row + 1 if invalid else 0
        self._recent.append(invalid)

    def allows(self) -> bool:
        """Tell whether one more record of this topic may be set aside."""
        full = len(self._recent) == WINDOW
        return self._in_a_row < LIMIT and not (full and sum(self._recent) > RATIO * WINDOW)

    def first_refused(self, verdicts: Iterable[tuple[int, bool]]) -> int | None:
        """Return the first offset that may not be set aside any more, were these records to come next, in order.

        Args:
            verdicts: offsets, and whether each record is invalid.
        """
        trial = copy.deepcopy(self)
        for offset, invalid in verdicts:
            if invalid and not trial.allows():
                return offset
            trial.count(offset, invalid=invalid)
        return None


Verdicts = Mapping[str, list[tuple[int, bool]]]


@dataclass
class Breakers:
    """The breakers of one service, one per group and topic: a neighbour can silence its own topic alone."""

    epci: str
    service: str
    positions: Positions
    trips: bool = True
    _all: dict[tuple[str, str], Breaker] = field(default_factory=dict, init=False)

    def held(self, group: str) -> dict[str, int]:
        """Return the topics that are held, with the offset from which they wait."""
        return {topic: one.held for (mine, topic), one in self._all.items() if mine == group and one.held is not None}

    def cuts(self, group: str, verdicts: Verdicts) -> dict[str, int]:
        """Return for the topics that would trip the first offset that must stay unhandled."""
        if not self.trips:
            return {}
        cuts = {topic: self._one(group, topic).first_refused(mine) for topic, mine in verdicts.items()}
        return {topic: offset for topic, offset in cuts.items() if offset is not None}

    async def count(self, group: str, verdicts: Verdicts, *, cuts: Mapping[str, int]) -> None:
        """Note what became of records, and hold the topics of ``cuts`` from there on."""
        for topic, mine in verdicts.items():
            for offset, invalid in mine:
                self._one(group, topic).count(offset, invalid=invalid)
        for topic, offset in cuts.items():
            await self.positions.pause(group, topic)
            self._one(group, topic).held = offset
            PAUSED.labels(self.epci, self.service, group, topic).set(1)
            log.critical("topic_paused", group=group, topic=topic, offset=offset)

    async def begin(self, group: str, offsets: Mapping[str, int], *, paused: Iterable[str]) -> dict[str, int]:
        """Take topics up at these offsets; return those held by this process, with where they wait.

        A pause that another process has noted ends here: it has stopped, or gave the topic away.
        """
        fresh = [topic for topic in offsets if (group, topic) not in self._all]
        for topic in fresh:
            self._one(group, topic).place(offsets[topic])
        ended = set(paused).intersection(fresh)
        if ended:
            await self.positions.resume(ended, group=group)
            log.warning("topics_resumed", group=group, topics=sorted(ended), by="start")
        return self.held(group)

    async def resumed(self, group: str) -> list[str]:
        """Return the topics that an operator has let go since; they are counted anew."""
        held = self.held(group)
        places = await self.positions.places(group, held) if held else {}
        free = [topic for topic, place in places.items() if not place.paused]
        for topic in free:
            breaker = self._all[group, topic] = Breaker()
            breaker.place(held[topic])
            PAUSED.labels(self.epci, self.service, group, topic).set(0)
            log.warning("topics_resumed", group=group, topics=[topic], by="operator")
        return free

    def forget(self, group: str, topic: str) -> None:
        """Count a topic anew: its log is another one."""
        if self._all.pop((group, topic), Breaker()).held is not None:
            PAUSED.labels(self.epci, self.service, group, topic).set(0)

    def _one(self, group: str, topic: str) -> Breaker:
        return self._all.setdefault((group, topic), Breaker())
