"""What an instance does by itself so that nothing stays wrong: copies made anew, states said again, doubles found."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlmodel import col, func, select

from shared.clock import now
from shared.contracts.base import State, Visibility
from shared.contracts.common import Heartbeat
from shared.db.leading import Leadership
from shared.db.trouble import AWAY
from shared.errors import Conflict, Unavailable
from shared.figures import WENT_BACK
from shared.instance.backbone import Backbone
from shared.instance.gate import LOOK_SECONDS, Gate, keep_looking
from shared.messaging.delivery import group_of
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.registry import Record, parse_topic
from shared.messaging.replay.checking import Speaker
from shared.messaging.replay.exchange import Subject
from shared.messaging.replay.own import SETTLED_SECONDS, Key, OwnTopics
from shared.messaging.replay.rebuild import rebuild
from shared.messaging.restating import Aggregates, Numbered, republish, restate
from shared.service import RunningService
from shared.settings import InstanceSettings, KafkaAccess
from shared.territory.members import Territory

log = structlog.get_logger(__name__)

# Deletions can be seen for 30 days: who was away longer must read everything again.
TOO_OLD = timedelta(days=25)
LAST_SENDS = timedelta(hours=1)


def subject_of(service: RunningService, settings: InstanceSettings, territory: Territory) -> Subject:
    """Return what a rebuild needs to know of a service."""
    manifest = service.manifest
    return Subject(
        epci=settings.siren,
        service=manifest.name,
        database=service.database,
        metadata=manifest.metadata,
        tables=manifest.tables,
        consumers=manifest.consumers,
        projections=manifest.projections,
        members=frozenset(territory.sirens),
    )


def speaker_of(service: RunningService, epci: str) -> Speaker:
    """Return what a comparison with our own topics needs to know of a service."""
    manifest = service.manifest
    return Speaker(epci, manifest.name, service.database, manifest.tables, aggregates_of(service))


async def is_too_old(service: RunningService, epci: str) -> bool:
    """Tell whether the projector of a service last moved so long ago that it may have missed deletions."""
    positions = service.manifest.tables.positions
    group = group_of(epci, service.manifest.name, "projector")
    moved = select(func.max(col(positions.moved_at))).where(col(positions.group) == group)
    async with service.database.reading() as session:
        last = (await session.exec(moved)).one()
    return last is not None and last < now() - TOO_OLD


def aggregates_of(service: RunningService) -> Aggregates:
    """Return where a service counts the versions of everything it tells, its sign of life included."""
    beats = Numbered(service.manifest.tables.incarnation, key="heartbeat_id", version="heartbeat_version", derived=True)
    return {**service.manifest.aggregates, Heartbeat.aggregate: beats}


class Recovery:
    """Watches over the services of one instance, in the background and for as long as it runs."""

    def __init__(
        self,
        services: Sequence[RunningService],
        leaders: Mapping[str, Leadership],
        *,
        settings: InstanceSettings,
        territory: Territory,
        settled_seconds: float = SETTLED_SECONDS,
    ) -> None:
        self._services = services
        self._leaders = leaders
        self._settings = settings
        self._territory = territory
        self._settled_seconds = settled_seconds
        self._gates = {service.manifest.name: Gate(service) for service in services}
        self._too_old: list[RunningService] = []

    def may_publish(self, service: str) -> bool:
        """Tell whether the relay of a service may publish."""
        return self._gates[service].is_open

    def held(self) -> dict[str, str]:
        """Return why the relays that must not publish are held, as operators read it."""
        return {name: gate.held.value for name, gate in self._gates.items() if not gate.is_open}

    async def prepare(self) -> None:
        """Find out which copies are too old, before anything moves their positions."""
        self._too_old = [one for one in self._services if await is_too_old(one, self._settings.siren)]

    async def run(self, backbones: Sequence[Backbone], kafka: LocalKafka | None) -> None:
        """Watch until cancelled."""
        own, patience = self._settings.siren, self._settled_seconds
        watches = [OwnTopics(own, backbone.access, self._heard, patience) for backbone in backbones]
        shared = next(
            watch for watch, backbone in zip(watches, backbones, strict=True) if Visibility.TERRITORY in backbone.reach
        )
        await asyncio.gather(
            *(watch.run() for watch in watches),
            keep_looking(list(self._gates.values()), shared.caught_up),
            self._rebuild_too_old([backbone.access for backbone in backbones]),
            self._keep_repairing(watches, kafka),
        )

    def _heard(self, record: Record[State]) -> None:
        for gate in self._gates.values():
            gate.hear(record)

    async def _rebuild_too_old(self, clusters: Sequence[KafkaAccess]) -> None:
        for service in self._too_old:
            log.warning("projections_too_old", service=service.called, days=TOO_OLD.days)
            while True:
                try:
                    await rebuild(subject_of(service, self._settings, self._territory), clusters)
                except Conflict:
                    log.info("rebuild_left_to_another", service=service.called)
                except (Unavailable, *AWAY) as error:
                    log.warning("rebuild_put_off", service=service.called, error=type(error).__name__)
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                break

    async def _keep_repairing(self, watches: Sequence[OwnTopics], kafka: LocalKafka | None) -> None:
        repaired = 0
        while True:
            try:
                if kafka is not None and kafka.cut_short > repaired:
                    await self._send_last_hour()
                    repaired = kafka.cut_short
                for watch in watches:
                    watch.forget(await self._restate_what_went_back(watch.settled()))
            except AWAY as error:
                log.warning("repair_put_off", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def _send_last_hour(self) -> None:
        """Send again what a node that was cut short may have lost: it does not write every record through."""
        for service in self._services:
            async with service.database.transaction() as session:
                count = await republish(session, service.manifest.tables.outbox, since=now() - LAST_SENDS)
            log.warning("last_hour_sent_again", service=service.called, count=count)

    async def _restate_what_went_back(self, settled: Mapping[Key, int]) -> Mapping[Key, int]:
        """Say our state again where the log ends on less than what we have published; return what was looked at."""
        unheld = {key: version for key, version in settled.items() if not self._is_held(key[0])}
        for service in self._services:
            name = service.manifest.name
            mine = {(topic, key): version for (sender, topic, key), version in unheld.items() if sender == name}
            if mine and self._leaders[name].leading:
                await self._compare(service, mine)
        return unheld

    def _is_held(self, name: str) -> bool:
        return name in self._gates and not self.may_publish(name)

    async def _compare(self, service: RunningService, last: Mapping[tuple[str, str], int]) -> None:
        outbox, kinds = service.manifest.tables.outbox, aggregates_of(service)
        said = (
            select(outbox.topic, outbox.key, func.max(outbox.aggregate_version))
            .where(col(outbox.key).in_({key for _, key in last}), col(outbox.published_at).is_not(None))
            .group_by(col(outbox.topic), col(outbox.key))
        )
        async with service.database.reading() as session:
            rows = (await session.exec(said)).all()
        for topic, key, version in rows:
            parsed = parse_topic(topic)
            if parsed is None or last.get((topic, key), version) >= version:
                continue
            async with service.database.transaction() as session:
                await restate(
                    session, outbox, kinds[parsed.aggregate], aggregate=parsed.aggregate, id=UUID(key), above=version
                )
            WENT_BACK.labels(self._settings.siren, service.manifest.name).inc()
            log.error("log_went_back", service=service.called, topic=topic, key=key, version=version)
