"""What a consumer asks when topics are assigned to it: where to begin, what is held, what has killed others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog

from shared.messaging.delivery.breaker import Breakers
from shared.messaging.delivery.positions import UNCLEAN_STARTS, Bounds, Place, Positions, Start, start_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Care:
    """The answers of one service; each is one or two short transactions."""

    positions: Positions
    breakers: Breakers

    async def begin(self, group: str, bounds: Mapping[str, Bounds]) -> Mapping[str, Start]:
        """Return where to begin in each topic, and note that it begins there."""
        places = await self.positions.places(group, bounds)
        offsets = {topic: start_of(places.get(topic), mine) for topic, mine in bounds.items()}
        for topic, offset in offsets.items():
            stored = places[topic].next_offset if topic in places else 0
            if stored > bounds[topic].end:
                log.warning("position_put_down", group=group, topic=topic, before=stored, offset=offset)
                await self.positions.begin_anew(group, topic, offset)
                self.breakers.forget(group, topic)
            elif offset < (bounds[topic].committed or 0):
                log.warning("position_put_back", group=group, topic=topic, offset=offset)
        paused = [topic for topic, place in places.items() if place.paused]
        held = await self.breakers.begin(group, offsets, paused=paused)
        starts = {
            topic: Start(held.get(topic, offset), _starts(places, topic, offset), held=topic in held)
            for topic, offset in offsets.items()
        }
        fresh = {
            topic: (start.offset, 1)
            for topic, start in starts.items()
            if not start.starts and not start.held and start.offset < bounds[topic].end
        }
        await self.positions.note_starts(group, fresh)
        return starts

    async def dares(self, group: str, topic: str, start: Start) -> bool:
        """Tell whether to read once more where processes have ended before; note that it is tried."""
        if start.starts >= UNCLEAN_STARTS:
            log.critical("unclean_starts", group=group, topic=topic, offset=start.offset, starts=start.starts)
            return False
        await self.positions.note_starts(group, {topic: (start.offset, start.starts + 1)})
        return True

    async def resumed(self, group: str) -> Collection[str]:
        """Return the topics that an operator has let go."""
        return await self.breakers.resumed(group)

    async def end_cleanly(self, group: str, topics: Collection[str]) -> None:
        """Note that reading of these topics ended of itself."""
        await self.positions.end_cleanly(group, topics)


def _starts(places: Mapping[str, Place], topic: str, offset: int) -> int:
    return places[topic].starts_at(offset) if topic in places else 0
