"""The way of an instance to one Kafka cluster: topics checked, outboxes published, records read."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from shared.contracts.base import State, Visibility
from shared.db.leading import Leadership
from shared.errors import Forbidden, Unavailable
from shared.messaging.delivery import Delivery, group_of
from shared.messaging.kafka import DeadLetters, Publisher, Subscribers, Subscription, Welcome, answers, knock
from shared.messaging.registry import Record, dead_letter_topic
from shared.messaging.relay import Relay
from shared.messaging.topology import Topology
from shared.service import RunningService
from shared.settings import InstanceSettings, KafkaAccess
from shared.territory.members import Territory

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 5
# A thread waits for the answer, and a stop waits for the thread.
TOPICS_SECONDS = 4.0
LONGEST_PAUSE = 15.0
ASKED_SECONDS = 5.0

Spawn = Callable[[str, Coroutine[Any, Any, None]], asyncio.Task[None]]


@dataclass
class Backbone:
    """One cluster, as far as its topics ``reach``; an instance has one, or a second one for what is private."""

    access: KafkaAccess
    reach: tuple[Visibility, ...]
    services: Sequence[RunningService]
    settings: InstanceSettings
    territory: Territory
    letters: Mapping[str, DeadLetters]
    told: Callable[[str, Sequence[Record[State]]], None]
    may_publish: Callable[[str], bool] = lambda _service: True
    relays: dict[str, Relay] = field(default_factory=dict, init=False)
    deliveries: dict[str, Delivery] = field(default_factory=dict, init=False)
    subscribers: Subscribers = field(init=False)
    welcome: Welcome = field(default=Welcome.ANSWERS, init=False)
    """What became of the last attempt to reach the cluster."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list, init=False)
    _asked_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        heard = [one for service in self.services for one in self.subscriptions(service)]
        self.subscribers = Subscribers(self.access, self.settings.siren, heard)

    async def run(self, leaders: Mapping[str, Leadership], spawn: Spawn) -> None:
        """Wait for our topics, then publish and consume for ever."""
        await self._own_topics()
        for service in self.services:
            name = service.manifest.name
            publisher = Publisher(self.access, client_id=f"{self.settings.siren}.{name}.relay")
            outbox = service.manifest.tables.outbox
            allowed = partial(self.may_publish, name)
            relay = Relay(service.database, outbox, publisher, leader=leaders[name], reach=self.reach, allowed=allowed)
            self.relays[name] = relay
            self._tasks.append(spawn(f"relay.{name}.{self.reach[0].value}", relay.run()))
        await self.subscribers.run()

    async def finish_relays(self) -> None:
        """Let each relay end its window, within bounds: what is not marked is sent again at the next start."""
        for relay in self.relays.values():
            relay.ask_to_stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=WINDOW_SECONDS)

    async def hears(self) -> bool:
        """Tell whether the consumers run, may read, and Kafka answers now; it is asked every five seconds at most."""
        instant = time.monotonic()
        if instant > self._asked_at + ASKED_SECONDS:
            self._asked_at = instant  # first, so that who asks meanwhile is told what was known
            self.welcome = Welcome.ANSWERS if await answers(self.access) else await knock(self.access)
        return not self.trouble

    @property
    def trouble(self) -> str:
        """Why nothing is heard, as one word; empty when all is well."""
        if self.subscribers.refused:
            return "forbidden"
        if self.welcome is not Welcome.ANSWERS:
            return str(self.welcome.value)
        return "" if self.subscribers.connected else "starting"

    def subscriptions(self, service: RunningService) -> list[Subscription]:
        """Return what one service reads here."""
        manifest, own = service.manifest, self.settings.siren
        delivery = Delivery(
            epci=own,
            database=service.database,
            tables=manifest.tables,
            consumers=manifest.consumers,
            members=frozenset(self.territory.sirens),
            bury=self.letters[manifest.name].bury,
            told=partial(self.told, manifest.name),
        )
        self.deliveries[manifest.name] = delivery
        found = []
        for kind, handle in (("projector", delivery.project), ("reactor", delivery.react)):
            heard = manifest.consumers.heard(kind)
            pattern = heard.pattern(own=own, members=self.territory.sirens, reach=self.reach)
            if pattern:
                found.append(Subscription(group_of(own, manifest.name, kind), pattern, handle, delivery.care))
        return found

    async def _own_topics(self) -> None:
        """Create our own missing topics where we may; elsewhere an operator’s ``topology apply`` has done so."""
        pause = 0.5
        while True:
            try:
                topology = await asyncio.to_thread(Topology, self.access, reach=self.reach, patience=TOPICS_SECONDS)
                plan = await asyncio.to_thread(topology.plan, [self.settings.siren])
                await asyncio.to_thread(topology.apply, plan)
            except (Unavailable, Forbidden) as refused:
                # Of a wrong password the administrator’s client says no more than of a broker that is away.
                self.welcome = await knock(self.access)
                log.warning("topics_not_checked", reason=self.welcome.value, detail=refused.detail, pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                return


def make_letters(
    services: Sequence[RunningService], *, access: KafkaAccess, epci: str, software: str
) -> dict[str, DeadLetters]:
    """Return the way to the DLQ of each service; they are private topics."""
    names = [service.manifest.name for service in services]
    return {
        name: DeadLetters(access, topic=str(dead_letter_topic(name, epci=epci)), software=software) for name in names
    }
