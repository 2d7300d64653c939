"""One running instance: databases first, HTTP at once, Kafka in the background for as long as it takes."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from importlib.metadata import version
from math import nan
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Gauge
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, func, select

from shared.contracts import CATALOGUE
from shared.contracts.base import State
from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.db.session import Origin
from shared.errors import Unavailable
from shared.instance.upkeep import with_upkeep
from shared.jobs import Runner, Work
from shared.messaging.delivery import Delivery, group_of
from shared.messaging.embedded.errors import AlreadyRunning, LocalKafkaError
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.heartbeat import incarnate
from shared.messaging.kafka import DeadLetters, Publisher, Subscribers, Subscription, acknowledges, answers
from shared.messaging.recorder import WAKE_RELAY
from shared.messaging.registry import Record, dead_letter_topic, pattern_of
from shared.messaging.relay import Relay
from shared.messaging.topology import Topology
from shared.service import RunningService, Service
from shared.settings import InstanceSettings
from shared.signing import Signer
from shared.territory.members import Territory

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 5
# A thread waits for the answer, and a stop waits for the thread.
TOPICS_SECONDS = 4.0
LONGEST_PAUSE = 15.0
ASKED_SECONDS = 5.0
SOFTWARE = f"estuaire {version('estuaire')}"
BACKLOG = Gauge("estuaire_outbox_backlog", "Rows not yet published", ["epci", "service"])
Told = Callable[[Sequence[Record[State]]], None]


class Instance:
    """The services of one EPCI in one process, and all that runs beside their doors."""

    def __init__(
        self, services: Sequence[Service], *, settings: InstanceSettings, territory: Territory, told: Told
    ) -> None:
        self.settings = settings
        self.territory = territory
        self.signer = Signer(settings.secret())
        self.identity = Database(settings.database_url("identity"))
        self.services = [RunningService(one, Database(settings.database_url(one.name))) for one in services]
        self.relays: dict[str, Relay] = {}
        self.subscribers: Subscribers | None = None
        self.kafka: LocalKafka | None = None
        self.bootstrap = settings.territory_bootstrap
        self._told = told
        self._runners: list[Runner] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._dead_letters: list[DeadLetters] = []
        self._asked_at, self._answered = 0.0, False

    async def start(self) -> None:
        """Bring the databases up to date and start everything; Kafka may come later, or never."""
        self.settings.prepare_data_dir()
        await upgrade(self.identity, package="shared.identity")
        for service in self.services:
            await self._prepare(service)
        self._spawn("backbone", self._connect())

    async def stop(self) -> None:
        """Stop in order, each within bounds: jobs, relays, consumers, databases, then a Kafka of ours."""
        await asyncio.gather(*(runner.stop() for runner in self._runners))
        await self._finish_relays()
        for task in reversed(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for letters in self._dead_letters:
            await letters.close()
        for database in (self.identity, *(one.database for one in self.services)):
            await database.close()
        if self.kafka is not None:
            await self.kafka.stop()

    async def _finish_relays(self) -> None:
        """Let each relay end its window, within bounds: what is not marked is sent again at the next start."""
        for relay in self.relays.values():
            relay.ask_to_stop()
        ending = [self._tasks[f"relay.{name}"] for name in self.relays]
        if ending:
            await asyncio.wait(ending, timeout=WINDOW_SECONDS)

    def dead_tasks(self) -> list[str]:
        """Return the tasks that should run and have ended."""
        ended = [name for name, task in self._tasks.items() if task.done()]
        return ended + (self.subscribers.dead() if self.subscribers else [])

    async def hears_kafka(self) -> bool:
        """Tell whether the consumers run and Kafka answers now; Kafka is asked at most every five seconds."""
        if self.subscribers is None or not self.subscribers.connected:
            return False
        instant = time.monotonic()
        if instant > self._asked_at + ASKED_SECONDS:
            self._asked_at = instant  # first, so that who asks meanwhile is told what was known
            self._answered = await answers(self.bootstrap)
        return self._answered

    async def measure(self) -> None:
        """Bring the figures up to date that are read from databases; one that is away has no figure."""
        for service in self.services:
            outbox = service.manifest.tables.outbox
            waiting = select(func.count()).select_from(outbox).where(col(outbox.published_at).is_(None))
            gauge = BACKLOG.labels(self.settings.siren, service.manifest.name)
            try:
                async with service.database.reading() as session:
                    gauge.set((await session.exec(waiting)).one())
            except DBAPIError:
                gauge.set(nan)

    async def readiness(self) -> tuple[dict[str, Any], int]:
        """Return what a supervisor asks for, and its HTTP status: only a database that is away makes it 503."""
        away = [one.manifest.name for one in self.services if not await one.database.answers()]
        connected = await self.hears_kafka()
        body = {"databases_away": away, "kafka": "connected" if connected else "away"}
        status = "unavailable" if away else "ready" if connected else "degraded"
        return {"status": status, **body}, 503 if away else 200

    async def _prepare(self, service: RunningService) -> None:
        manifest, database = service.manifest, service.database
        await upgrade(database, package=manifest.package)
        async with database.transaction() as session:
            instance = await incarnate(session, manifest.tables)
        database.origin = Origin(
            epci=self.settings.siren,
            service=manifest.name,
            instance=UUID(instance),
            base_url=self.settings.base_url,
            name=self.territory.member(self.settings.siren).name,
        )
        self._start_jobs(service)

    def _start_jobs(self, service: RunningService) -> None:
        work = Work(service.database, self.settings, self.territory, self.signer)
        beats = self.settings.heartbeat_seconds
        runner = Runner(with_upkeep(service.manifest, heartbeat_seconds=beats, software=SOFTWARE), work)
        service.database.on_commit = runner.wake
        self._runners.append(runner)
        runner.start()

    def _start_relay(self, service: RunningService) -> None:
        name = service.manifest.name
        relay = Relay(
            service.database,
            service.manifest.tables.outbox,
            Publisher(self.bootstrap, client_id=f"{self.settings.siren}.{name}.relay"),
            lock=self.settings.data_dir / f"{name}.relay.lock",
        )
        self.relays[name] = relay
        service.database.info[WAKE_RELAY] = relay.wake
        self._spawn(f"relay.{name}", relay.run())

    async def _connect(self) -> None:
        """Find or start Kafka, then publish and consume for ever."""
        if not self.bootstrap:
            self.bootstrap = await self._own_kafka()
        await self._own_topics()
        for service in self.services:
            self._start_relay(service)
        self.subscribers = Subscribers(
            bootstrap=self.bootstrap,
            client_id=self.settings.siren,
            subscriptions=[one for service in self.services for one in self._subscriptions(service)],
        )
        await self.subscribers.run()

    async def _own_kafka(self) -> str:
        kafka = LocalKafka(self.settings.data_dir / "kafka")
        try:
            await kafka.start(probe=acknowledges)
        except AlreadyRunning:
            log.info("kafka_found_running", bootstrap=kafka.bootstrap)  # not ours to keep alive, nor to stop
        else:
            self.kafka = kafka
            self._spawn("kafka", kafka.keep_alive(probe=acknowledges))
        return kafka.bootstrap

    async def _own_topics(self) -> None:
        """Create our own missing topics where we may; elsewhere an operator’s ``topology apply`` has done so."""
        pause = 0.5
        while True:
            try:
                topology = await asyncio.to_thread(Topology, self.bootstrap, patience=TOPICS_SECONDS)
                plan = await asyncio.to_thread(topology.plan, [self.settings.siren])
                await asyncio.to_thread(topology.apply, plan)
            except Unavailable as refused:
                log.warning("topics_not_checked", reason=refused.slug, detail=refused.detail, pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                return

    def _subscriptions(self, service: RunningService) -> list[Subscription]:
        manifest, own = service.manifest, self.settings.siren
        topic = str(dead_letter_topic(manifest.name, epci=own))
        letters = DeadLetters(self.bootstrap, topic=topic, software=SOFTWARE)
        self._dead_letters.append(letters)
        delivery = Delivery(
            epci=own,
            database=service.database,
            tables=manifest.tables,
            consumers=manifest.consumers,
            members=frozenset(self.territory.sirens),
            bury=letters.bury,
            told=self._told,
        )
        return [
            Subscription(group_of(own, manifest.name, kind), pattern, handle)
            for kind, heard, handle in (
                ("projector", set(manifest.consumers.kept), delivery.project),
                ("reactor", set(manifest.consumers.reactions), delivery.react),
            )
            if (pattern := pattern_of([CATALOGUE[one] for one in heard], own=own, members=self.territory.sirens))
        ]

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_note_end)
        self._tasks[name] = task


def _note_end(task: asyncio.Task[None]) -> None:
    """Say why a task that should run for ever has ended; ``/healthz`` says that it has."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        told = str(error) if isinstance(error, LocalKafkaError) else ""
        log.critical("task_ended", task=task.get_name(), error=type(error).__name__, told=told)
