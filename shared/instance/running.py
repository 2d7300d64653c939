"""One running instance: databases first, HTTP at once, Kafka in the background for as long as it takes."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any
from uuid import UUID

import structlog

from shared.contracts.base import State, Visibility
from shared.db.engine import Database
from shared.db.leading import COMMITTED, LIVE, Leadership
from shared.db.migrate import upgrade
from shared.db.session import Origin
from shared.figures import say_build
from shared.instance.backbone import Backbone, make_letters
from shared.instance.measuring import measure
from shared.instance.recovery import Recovery
from shared.instance.state import Examined, examine
from shared.instance.upkeep import with_upkeep
from shared.jobs import Runner, Work
from shared.messaging.embedded.errors import AlreadyRunning, LocalKafkaError
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.heartbeat import incarnate
from shared.messaging.kafka import DeadLetters, acknowledges
from shared.messaging.recorder import WAKE_RELAY
from shared.messaging.registry import Record
from shared.service import RunningService, Service
from shared.settings import InstanceSettings, KafkaAccess
from shared.signing import Signer
from shared.territory.members import Territory

log = structlog.get_logger(__name__)

SOFTWARE = f"estuaire {version('estuaire')}"
Shown = tuple[str, str, int]
"""What an open page is told of: aggregate, id, version."""


class Instance:
    """The services of one EPCI in one process, and all that runs beside their doors."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        settings: InstanceSettings,
        territory: Territory,
        shows: Callable[[Record[State]], bool],
        publish: Callable[[Shown], None],
    ) -> None:
        self.settings = settings
        self.territory = territory
        self.signer = Signer(settings.secret())
        self.identity = Database(settings.database_url("identity"))
        self.services = [RunningService(one, Database(settings.database_url(one.name))) for one in services]
        self.leaders = {one.manifest.name: Leadership(one.database) for one in self.services}
        self.recovery = Recovery(self.services, self.leaders, settings=settings, territory=territory)
        self.backbones: list[Backbone] = []
        self.kafka: LocalKafka | None = None
        self.bootstrap = settings.territory_bootstrap
        self._shows, self._publish = shows, publish
        self._runners: dict[str, Runner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._letters: dict[str, DeadLetters] = {}

    async def start(self) -> None:
        """Bring the databases up to date and start everything; Kafka may come later, or never."""
        self.settings.prepare_data_dir()
        await upgrade(self.identity, package="shared.identity")
        for service in self.services:
            await self._prepare(service)
        await self.recovery.prepare()
        self._spawn("backbone", self._connect())

    async def stop(self) -> None:
        """Stop in order, each within bounds: jobs, relays, consumers, databases, then a Kafka of ours."""
        await asyncio.gather(*(runner.stop() for runner in self._runners.values()))
        await asyncio.gather(*(backbone.finish_relays() for backbone in self.backbones))
        for task in reversed(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for letters in self._letters.values():
            await letters.close()
        await asyncio.gather(*(leader.stop() for leader in self.leaders.values()))
        for database in (self.identity, *(one.database for one in self.services)):
            await database.close()
        if self.kafka is not None:
            await self.kafka.stop()

    def dead_tasks(self) -> list[str]:
        """Return the tasks that should run and have ended."""
        ended = [name for name, task in self._tasks.items() if task.done()]
        return ended + [group for backbone in self.backbones for group in backbone.subscribers.dead()]

    async def hears_kafka(self) -> bool:
        """Tell whether the consumers run and Kafka answers now."""
        return bool(self.backbones) and all([await backbone.hears() for backbone in self.backbones])

    async def measure(self) -> None:
        """Bring the figures up to date that are read from databases and Kafka."""
        say_build(SOFTWARE)
        measure(await self.examine(), epci=self.settings.siren)

    async def examine(self) -> Examined:
        """Return the state of this instance, as anyone with its databases would find it."""
        clusters = [backbone.access for backbone in self.backbones]
        return await examine(self.services, epci=self.settings.siren, territory=self.territory, clusters=clusters)

    async def readiness(self) -> tuple[dict[str, Any], int]:
        """Return what a supervisor asks for, and its HTTP status: only a database that is away makes it 503."""
        away = [one.manifest.name for one in self.services if not await one.database.answers()]
        connected = await self.hears_kafka()
        troubles = sorted({one.trouble for one in self.backbones if one.trouble})
        body = {
            "databases_away": away,
            "kafka": "connected" if connected else "away",
            "kafka_troubles": troubles,
            "held": self.recovery.held(),
        }
        free = connected and not body["held"]
        status = "unavailable" if away else "ready" if free else "degraded"
        return {"status": status, **body}, 503 if away else 200

    async def _prepare(self, service: RunningService) -> None:
        manifest, database = service.manifest, service.database
        await upgrade(database, package=manifest.package)
        async with database.alone() as session:
            instance = await incarnate(session, manifest.tables)
        database.origin = Origin(
            epci=self.settings.siren,
            service=manifest.name,
            instance=UUID(instance),
            base_url=self.settings.base_url,
            name=self.territory.member(self.settings.siren).name,
        )
        self._listen(service)
        self._start_jobs(service)

    def _listen(self, service: RunningService) -> None:
        """Wake what a commit wakes, here or in whichever replica leads."""
        name, leader = service.manifest.name, self.leaders[service.manifest.name]

        def heard(channel: str, payload: str) -> None:
            if channel == LIVE:
                aggregate, _, rest = payload.partition(" ")
                id_, _, newest = rest.partition(" ")
                self._publish((aggregate, id_, int(newest)))
                return
            self._wake_relays(name)
            self._runners[name].wake()

        leader.heard = heard
        service.database.info[WAKE_RELAY] = lambda: self._wake_relays(name)
        service.database.announces = lambda: "" if leader.leading else COMMITTED
        leader.start()

    def _wake_relays(self, name: str) -> None:
        for backbone in self.backbones:
            if name in backbone.relays:
                backbone.relays[name].wake()

    def _told(self, name: str, records: Sequence[Record[State]]) -> None:
        """Tell the open pages of every replica what has changed."""
        for record in records:
            if self._shows(record):
                self.leaders[name].tell(LIVE, f"{record.aggregate} {record.id} {record.version}")

    def _start_jobs(self, service: RunningService) -> None:
        work = Work(service.database, self.settings, self.territory, self.signer)
        beats = self.settings.heartbeat_seconds
        name = service.manifest.name
        jobs = with_upkeep(
            service.manifest,
            heartbeat_seconds=beats,
            software=SOFTWARE,
            replay_parked=partial(self._replay_parked, name),
        )
        runner = Runner(jobs, work, leader=self.leaders[service.manifest.name])
        service.database.on_commit = runner.wake
        self._runners[name] = runner
        runner.start()

    async def _replay_parked(self, name: str) -> int:
        """Try again what a service has parked: in one table, whichever cluster it came from."""
        if not self.backbones:
            return 0  # Kafka was never reached: what waits may have to be set aside there
        return await self.backbones[0].deliveries[name].replay_parked()

    async def _connect(self) -> None:
        """Find or start Kafka, then publish and consume for ever."""
        if not self.bootstrap:
            self.bootstrap = await self._own_kafka()
        self.backbones = self.build_backbones()
        self._spawn("recovery", self.recovery.run(self.backbones, self.kafka))
        await asyncio.gather(*(backbone.run(self.leaders, self._spawn) for backbone in self.backbones))

    def build_backbones(self) -> list[Backbone]:
        """Return the ways to Kafka of this instance, not yet running: two when private topics have their own."""
        territory = self.settings.territory_access(self.bootstrap)
        local = self.settings.local_access()
        self._letters = make_letters(
            self.services, access=local or territory, epci=self.settings.siren, software=SOFTWARE
        )
        if local is None:
            return [self._backbone(territory, tuple(Visibility))]
        wider = tuple(one for one in Visibility if one is not Visibility.PRIVATE)
        return [self._backbone(territory, wider), self._backbone(local, (Visibility.PRIVATE,))]

    def _backbone(self, access: KafkaAccess, reach: tuple[Visibility, ...]) -> Backbone:
        return Backbone(
            access=access,
            reach=reach,
            services=self.services,
            settings=self.settings,
            territory=self.territory,
            letters=self._letters,
            told=self._told,
            may_publish=self.recovery.may_publish,
        )

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

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_note_end)
        self._tasks[name] = task
        return task


def _note_end(task: asyncio.Task[None]) -> None:
    """Say why a task that should run for ever has ended; ``/healthz`` says that it has."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        told = str(error) if isinstance(error, LocalKafkaError) else ""
        log.critical("task_ended", task=task.get_name(), error=type(error).__name__, told=told)
