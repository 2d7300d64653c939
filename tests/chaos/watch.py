"""What is measured while a run goes on: how many records there are, how much memory is used, that nothing goes back."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import psutil
from confluent_kafka import KafkaException

from services.notifications.rules.delivery import HELD, DeliveryState
from tests.chaos.log import HEARTBEAT, count
from tests.chaos.nemesis.faults import Stage
from tests.chaos.readers import Reader, readers_of
from tests.chaos.traffic.crowd import Crowd
from tests.chaos.traffic.town import Town

PAUSE = 1.0
# Jobs look every five seconds, and a request that its user has given up may still be under way.
CALM = 7
UNDERWAY = HELD | {DeliveryState.PENDING}


class Watch:
    """Looks at a run from outside, about once per second."""

    def __init__(self, stage: Stage, crowd: Crowd, topics: Sequence[str], *, goal: int, give_up: float) -> None:
        self.messages = 0
        self.heartbeats = 0
        self.peaks_mb: dict[str, int] = {}
        self.went_back: list[str] = []
        self._stage = stage
        self._crowd = crowd
        self._topics = topics
        self._goal = goal
        self._give_up = give_up
        self._began = time.monotonic()
        self._seen: dict[tuple[str, str, str], int] = {}
        self._readers: list[Reader] = readers_of([place.siren for place in stage.fleet.places])

    @property
    def seconds(self) -> float:
        """How long the run has lasted."""
        return time.monotonic() - self._began

    def progress(self) -> float:
        """Return how far the run has come, from 0 to 1: by messages, or by time if they do not come."""
        return max(self.messages / self._goal, self.seconds / self._give_up)

    async def run(self) -> None:
        """Look until cancelled."""
        chance = random.Random(0)  # noqa: S311 - no secret
        while True:
            self._weigh()
            with suppress(KafkaException, TimeoutError):
                await self.count()
            await self._look_at_versions(chance.choice(self._crowd.towns))
            self._crowd.failed()
            await asyncio.sleep(PAUSE)

    async def count(self) -> None:
        """Count the records there are."""
        ends = await asyncio.to_thread(self._stage.log.ends, self._topics)
        self.messages = count(ends)
        self.heartbeats = sum(end for name, end in ends.items() if HEARTBEAT in name)

    async def lag(self) -> int:
        """Return how many rows wait to be published, records to be handled, mails to be sent; -1 if nobody can say."""
        waiting = [await _backlog(town) for town in self._crowd.towns]
        try:
            behind = await asyncio.to_thread(self._behind)
        except (KafkaException, TimeoutError):
            return -1
        return -1 if min(waiting) < 0 else sum(waiting) + behind

    async def converge(self, *, within: float) -> tuple[float, int]:
        """Wait until nothing is left to handle, and stays so; return the seconds it took and what is left."""
        began = calm_since = time.monotonic()
        calm, lag = 0, -1
        while calm < CALM and time.monotonic() - began < within:
            lag = await self.lag()
            calm_since = calm_since if lag == 0 else time.monotonic()
            calm = calm + 1 if lag == 0 else 0
            await asyncio.sleep(0.2 if lag else PAUSE)
        return calm_since - began, lag

    def _behind(self) -> int:
        ends = {name: end for name, end in self._stage.log.ends(self._topics).items() if HEARTBEAT not in name}
        behind = 0
        for reader in self._readers:
            done = self._stage.log.committed(reader.group)
            behind += sum(max(end - done.get(name, 0), 0) for name, end in ends.items() if reader.hears(name))
        return behind

    def _weigh(self) -> None:
        now = {**self._stage.fleet.resident_mb()}
        with suppress(psutil.NoSuchProcess):
            now |= self._stage.cluster.resident_mb()
        for name, megabytes in now.items():
            self.peaks_mb[name] = max(self.peaks_mb.get(name, 0), megabytes)

    async def _look_at_versions(self, town: Town) -> None:
        """Read the projects of the territory at one EPCI: none may be older than it was."""
        listed = await town.door.look("/api/v1/projects", limit=200)
        for one in (listed or {"items": []})["items"]:
            key = town.code, one["home_epci"], one["id"]
            if one["version"] < self._seen.get(key, 0):
                self.went_back.append(f"{key}: shown at version {one['version']} after {self._seen[key]}")
            self._seen[key] = one["version"]


async def _backlog(town: Town) -> int:
    status = await town.door.look("/api/v1/status", role="admin")
    mails = await town.door.look("/api/v1/deliveries/summary")
    if status is None or mails is None:
        return -1
    underway: Counter[str] = Counter(mails["states"])
    backlog: int = sum(one["backlog"] for one in status["services"])
    return backlog + sum(underway[state.value] for state in UNDERWAY)
