"""Watch our own topics: another database that speaks in our name, and a log that went back behind what we said."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from shared.clock import now
from shared.contracts import CATALOGUE
from shared.contracts.base import State
from shared.contracts.common import Heartbeat
from shared.errors import Unavailable
from shared.messaging.envelope import RawRecord, Refused, read
from shared.messaging.kafka import LogReader
from shared.messaging.registry import Record, parse_topic
from shared.settings import KafkaAccess

log = structlog.get_logger(__name__)

SETTLED_SECONDS = 60.0
AGAIN_SECONDS = 5.0


Key = tuple[str, str, str]
"""A service, one of its topics, the key of a record in it."""


@dataclass(frozen=True)
class Last:
    """The last record of one key of one topic, and when it was seen."""

    version: int
    seen_at: float


@dataclass
class OwnTopics:
    """Reads the topics of one EPCI: signs of life from the first one on, everything else from now on."""

    epci: str
    access: KafkaAccess
    heard: Callable[[Record[State]], None]
    """Told each sign of life."""
    settled_seconds: float = SETTLED_SECONDS
    """How long the last record of a key must stay the last; an ordinary re-send corrects itself much sooner."""
    caught_up: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    """Set once every sign of life there was has been heard."""
    last: dict[Key, Last] = field(default_factory=dict, init=False)
    """For as long as a later one may still come by itself."""

    async def run(self) -> None:
        """Read for ever; a Kafka that is away is asked again."""
        while True:
            try:
                async with LogReader(self.access, client_id=f"{self.epci}.own") as reader:
                    await self._read(reader)
            except Unavailable as away:
                log.warning("own_topics_not_read", epci=self.epci, error=type(away.__cause__ or away).__name__)
                await asyncio.sleep(AGAIN_SECONDS)

    def settled(self) -> dict[Key, int]:
        """Return the versions at which keys have stayed long enough, until they are forgotten."""
        before = asyncio.get_running_loop().time() - self.settled_seconds
        return {key: one.version for key, one in self.last.items() if one.seen_at <= before}

    def forget(self, settled: Mapping[Key, int]) -> None:
        """Forget what was looked at; a key of which more came meanwhile is still watched."""
        for key, version in settled.items():
            if key in self.last and self.last[key].version == version:
                del self.last[key]

    async def _read(self, reader: LogReader) -> None:
        looked = 0.0
        while True:
            instant = asyncio.get_running_loop().time()
            if instant > looked + AGAIN_SECONDS or not reader.positions:
                looked = instant
                await self._follow(reader)
            if not self.caught_up.is_set():
                await self._catch_up(reader)
            self._note(await reader.next())
            if not reader.positions:
                await asyncio.sleep(1)

    async def _follow(self, reader: LogReader) -> None:
        own = {name for name in await reader.topics() if _is_of(name, self.epci)}
        beats = {name for name in own if f".{Heartbeat.aggregate}." in name}
        await reader.follow(beats)
        await reader.follow(own - beats, from_end=own - beats)

    async def _catch_up(self, reader: LogReader) -> None:
        """Hear every sign of life that there is: who speaks in our name is known before we say anything."""
        ends = await reader.ends()
        if not ends:
            return
        async for raws in reader.up_to(ends):
            self._note(raws)
        self.caught_up.set()

    def _note(self, raws: Iterable[RawRecord]) -> None:
        instant = asyncio.get_running_loop().time()
        for raw in raws:
            try:
                record = read(raw, members={self.epci}, now=now())
            except Refused as refused:
                log.warning("own_record_unreadable", topic=raw.topic, offset=raw.offset, reason=refused.reason)
                continue
            if record.aggregate == Heartbeat.aggregate:
                self.heard(record)
            key = (record.source.rpartition("/")[2], raw.topic, str(record.id))
            self.last[key] = Last(record.version, instant)


def _is_of(name: str, epci: str) -> bool:
    topic = parse_topic(name)
    return topic is not None and topic.epci == epci and topic.aggregate in CATALOGUE
