"""The state of an instance, computed in one way for ``/api/v1/status``, ``/metrics`` and ``estuaire status``.

It reads the databases and asks Kafka where topics end; it needs no running instance.
"""

from asyncio import to_thread
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel
from sqlmodel import col, func, select

from shared.clock import now, today
from shared.db.engine import Database
from shared.db.leading import is_led
from shared.db.migrate import head, revision
from shared.db.session import Session
from shared.db.trouble import AWAY
from shared.messaging.delivery import group_of
from shared.messaging.inbox import MessageTables
from shared.messaging.kafka import Bounds, bounds
from shared.messaging.known import state_of
from shared.messaging.registry import KINDS, Consumers, dead_letter_topic, parse_topic
from shared.service import RunningService
from shared.settings import KafkaAccess
from shared.territory.members import Territory

Away = Literal["missing", "silent", "outdated"]
By = Mapping[str, Mapping[str, int]]
"""By consumer group and topic."""


class Figures(BaseModel):
    """What one service’s database says of its messages; counts of rows, seconds."""

    recorded: int = 0
    backlog: int = 0
    oldest_age_seconds: float = 0
    blocked: int = 0
    blocked_keys: int = 0
    parked: int = 0
    oldest_parked_seconds: float = 0
    positions: By = {}
    paused: dict[str, list[str]] = {}
    """By group, the topics that the breaker holds."""


class ServiceState(Figures):
    """One service; ``away`` says why its database gives no figure, and figures are then 0."""

    service: str
    database: Literal["sqlite", "postgresql"]
    away: Away | None = None
    revision: str | None = None
    newest_revision: str | None = None
    restored: bool = False
    """Whether it was put back from a backup and not compared with its topics since: it publishes nothing."""
    led: bool = False
    """Whether some process publishes its outbox and does its jobs now."""
    lag: By | None = None
    """By group and topic, the records not yet applied; unknown without Kafka."""
    dead_letters: int | None = None
    """Records set aside that nobody has judged; unknown without Kafka."""


class PeerState(BaseModel):
    """One EPCI of the territory, as seen from here; what was never heard is unknown."""

    siren: str
    name: str
    last_heard: datetime | None = None
    silent_seconds: float | None = None
    behind: int | None = None
    """Its records not yet applied here, counted once per reader; unknown without Kafka."""
    software: str = ""
    backlog: int | None = None
    """Its rows not yet published, as it last told."""
    oldest_age_seconds: int | None = None


class Examined(BaseModel):
    """One instance."""

    kafka_answers: bool
    services: list[ServiceState]
    peers: list[PeerState]


async def examine(
    services: Sequence[RunningService], *, epci: str, territory: Territory, clusters: Sequence[KafkaAccess]
) -> Examined:
    """Return the state of an instance; what cannot be asked is unknown, and nothing raises for it."""
    heard = {one.manifest.name: topics_heard(one.manifest.consumers, epci, territory) for one in services}
    letters = {one.manifest.name: str(dead_letter_topic(one.manifest.name, epci=epci)) for one in services}
    wanted = {topic for groups in heard.values() for topics in groups.values() for topic in topics}
    ends = await _bounds(clusters, wanted | set(letters.values()))
    states = []
    for service in services:
        state = await _state(service, letters[service.manifest.name], ends)
        if ends is not None and state.away is None:
            state.lag = lag_of(state.positions, heard[service.manifest.name], ends)
        states.append(state)
    return Examined(kafka_answers=ends is not None, services=states, peers=await _peers(services, territory, states))


def topics_heard(consumers: Consumers, epci: str, territory: Territory) -> Mapping[str, Sequence[str]]:
    """Return what each consumer group of a service reads."""
    heard = {kind: consumers.heard(kind).topics(own=epci, members=territory.sirens) for kind in KINDS}
    return {group_of(epci, consumers.service, kind): topics for kind, topics in heard.items() if topics}


def lag_of(positions: By, heard: Mapping[str, Sequence[str]], ends: Bounds) -> By:
    """Return by group and topic how many records are not applied; a topic never read is behind from its beginning."""
    return {
        group: {
            topic: max(ends[topic][1] - positions.get(group, {}).get(topic, ends[topic][0]), 0)
            for topic in topics
            if topic in ends
        }
        for group, topics in heard.items()
    }


async def _bounds(clusters: Sequence[KafkaAccess], topics: set[str]) -> Bounds | None:
    found = [await bounds(cluster, topics) for cluster in clusters]
    answers = [one for one in found if one is not None]
    if not found or len(answers) < len(found):
        return None
    return {topic: span for one in answers for topic, span in one.items()}


async def _state(service: RunningService, letters: str, ends: Bounds | None) -> ServiceState:
    manifest, database = service.manifest, service.database
    kind: Literal["sqlite", "postgresql"] = "sqlite" if database.is_sqlite else "postgresql"
    state = ServiceState(service=manifest.name, database=kind, newest_revision=head(manifest.package))
    state.away = await _look(database, state)
    if state.away is None:
        try:
            async with database.reading() as session:
                figures = await _figures(session, manifest.tables)
                settled = await _settled(session, manifest.tables, letters, ends)
                restored = await _is_restored(session, manifest.tables)
            told = {"led": await is_led(database), "restored": restored}
            state = state.model_copy(update=figures.model_dump() | told)
        except AWAY:
            state.away = "silent"
        else:
            state.dead_letters = _unsettled(letters, settled, ends)
    return state


async def _look(database: Database, state: ServiceState) -> Away | None:
    """Note the revision of a database; say why nothing can be read of it. A file that is not there is not made."""
    if database.is_sqlite and not await to_thread(Path(database.url.database or "").exists):
        return "missing"
    try:
        state.revision = await revision(database)
    except AWAY:
        return "silent"
    return None if state.revision == state.newest_revision else "outdated"


async def _figures(session: Session, tables: MessageTables) -> Figures:
    outbox, parked = tables.outbox, tables.parked
    waiting, is_blocked = col(outbox.published_at).is_(None), col(outbox.blocked_at).is_not(None)
    unpublished = select(func.count(), func.min(outbox.occurred_at), func.count().filter(is_blocked)).where(waiting)
    backlog, oldest, blocked = (await session.exec(unpublished)).one()
    keys = select(outbox.topic, outbox.key).where(waiting, is_blocked).distinct().subquery()
    waits, since = (await session.exec(select(func.count(), func.min(parked.parked_at)))).one()
    positions: dict[str, dict[str, int]] = {}
    paused: dict[str, list[str]] = {}
    for row in (await session.exec(select(tables.positions))).all():
        positions.setdefault(row.group, {})[row.topic] = row.next_offset
        if row.paused_at is not None:
            paused.setdefault(row.group, []).append(row.topic)
    return Figures(
        recorded=(await session.exec(select(func.count()).select_from(outbox))).one(),
        backlog=backlog,
        oldest_age_seconds=_age(oldest),
        blocked=blocked,
        blocked_keys=(await session.exec(select(func.count()).select_from(keys))).one(),
        parked=waits,
        oldest_parked_seconds=_age(since),
        positions=positions,
        paused=paused,
    )


async def _is_restored(session: Session, tables: MessageTables) -> bool:
    restored = select(func.count()).where(col(tables.incarnation.restored_at).is_not(None))
    return bool((await session.exec(restored)).one())


def _age(instant: datetime | None) -> float:
    return max((now() - instant).total_seconds(), 0) if instant else 0


async def _settled(session: Session, tables: MessageTables, topic: str, ends: Bounds | None) -> int:
    """Return how many of the letters that Kafka still holds were judged."""
    first = (ends or {}).get(topic, (0, 0))[0]
    letters = tables.letters
    judged = select(func.count()).select_from(letters).where(letters.topic == topic, col(letters.offset) >= first)
    return (await session.exec(judged)).one()


def _unsettled(topic: str, settled: int, ends: Bounds | None) -> int | None:
    if ends is None:
        return None
    first, following = ends.get(topic, (0, 0))
    return max(following - first - settled, 0)


async def _peers(
    services: Sequence[RunningService], territory: Territory, states: Sequence[ServiceState]
) -> list[PeerState]:
    """Return the members of today, as their services last told of themselves."""
    members = [one for one in territory if one.is_active(today())]
    peers = {one.siren: PeerState(siren=one.siren, name=one.name) for one in members}
    for service, state in zip(services, states, strict=True):
        if state.away is None:
            await _hear(service, peers)
        for siren, records in _behind(state.lag).items():
            if siren in peers:
                peers[siren].behind = (peers[siren].behind or 0) + records
    return list(peers.values())


def _behind(lag: By | None) -> Mapping[str, int]:
    behind: dict[str, int] = {}
    for topics in (lag or {}).values():
        for topic, records in topics.items():
            parsed = parse_topic(topic)
            if parsed is not None:
                behind[parsed.epci] = behind.get(parsed.epci, 0) + records
    return behind


async def _hear(service: RunningService, peers: Mapping[str, PeerState]) -> None:
    table = service.manifest.heartbeats
    if table is None:
        return
    try:
        async with service.database.reading() as session:
            rows = (await session.exec(select(table).where(~col(table.deleted)).order_by(table.home_epci))).all()
    except AWAY:
        return
    for row in rows:
        peer, told = peers.get(row.home_epci), state_of(row)
        if peer is None:
            continue
        peer.backlog = (peer.backlog or 0) + told.get("backlog", 0)
        peer.oldest_age_seconds = max(peer.oldest_age_seconds or 0, told.get("oldest_age_seconds", 0))
        if peer.last_heard is None or row.occurred_at > peer.last_heard:
            peer.last_heard, peer.silent_seconds = row.occurred_at, _age(row.occurred_at)
            peer.software = told.get("software", "")
