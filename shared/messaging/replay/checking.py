"""Compare what a database says with what its topics say, after a restore: no state of ours may be behind the log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel import col, func, select

from shared.clock import now
from shared.contracts import CATALOGUE
from shared.db.engine import Database
from shared.db.session import Session
from shared.messaging.envelope import RawRecord, Refused, read
from shared.messaging.inbox import MessageTables
from shared.messaging.kafka import LogReader
from shared.messaging.registry import Record, parse_topic
from shared.messaging.restating import Aggregates, bury_stranger, newest_of, restate
from shared.settings import KafkaAccess

AT_ONCE = 200


@dataclass
class Logged:
    """One aggregate as our own topics tell it: the last record of each topic."""

    aggregate: str
    id: UUID
    version: int = 0
    instance: str = ""
    last: dict[str, tuple[RawRecord, Record]] = field(default_factory=dict)  # type: ignore[type-arg]

    @property
    def gone(self) -> bool:
        """Tell whether the newest record says that it is no more."""
        newest = max(self.last.values(), key=lambda pair: pair[1].version)[1]
        return newest.state is None or newest.fact in CATALOGUE[self.aggregate].last_facts


@dataclass(frozen=True)
class Speaker:
    """One service of this instance, as far as it tells."""

    epci: str
    service: str
    database: Database
    tables: MessageTables
    aggregates: Aggregates


@dataclass
class Differences:
    """What a check found and did in one service."""

    read: int = 0
    raised: list[Logged] = field(default_factory=list)
    ended: list[Logged] = field(default_factory=list)
    """Gone in the log, alive in the copy, and ended again."""
    revived: list[Logged] = field(default_factory=list)
    """Gone in the log, alive in the copy, and told again: the operator may end them again."""
    strangers: list[Logged] = field(default_factory=list)
    """Only the log knows them."""
    buried: list[Logged] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    """Databases that spoke in our name and are none of ours."""


async def read_own(speaker: Speaker, clusters: Sequence[KafkaAccess]) -> dict[tuple[str, UUID], Logged]:
    """Return every aggregate of a service that our own topics still tell of.

    Raises:
        Unavailable: Kafka does not answer.
    """
    found: dict[tuple[str, UUID], Logged] = {}
    async with LogReader(*clusters, client_id=f"{speaker.epci}.{speaker.service}.check") as reader:
        await reader.follow([name for name in await reader.topics() if _is_own(speaker, name)])
        async for raws in reader.up_to(await reader.ends()):
            for raw in raws:
                _note(speaker, raw, found)
    return found


def _is_own(speaker: Speaker, name: str) -> bool:
    topic = parse_topic(name)
    return topic is not None and topic.epci == speaker.epci and topic.aggregate in speaker.aggregates


def _note(speaker: Speaker, raw: RawRecord, found: dict[tuple[str, UUID], Logged]) -> None:
    try:
        record = read(raw, members={speaker.epci}, now=now())
    except Refused:
        return
    if record.source.rpartition("/")[2] != speaker.service:
        return
    logged = found.setdefault((record.aggregate, record.id), Logged(record.aggregate, record.id))
    if record.version >= logged.version:
        logged.version, logged.instance = record.version, record.instance
    logged.last[raw.topic] = (raw, record)


async def compare(
    speaker: Speaker, logged: Sequence[Logged], *, delete: bool = False, adopt: bool = False
) -> Differences:
    """Raise above the log what it is ahead of, end again what was ended, list or bury what only the log knows.

    At its end the service may publish again. Each step is a transaction; run again, it finds nothing more to do. While
    another database speaks in our name nothing is changed: which of the two is right is for the operator to say.

    Args:
        speaker: the service.
        logged: what ``read_own`` found.
        delete: bury what only the log knows.
        adopt: take every database that spoke in our name for a former life of this one.
    """
    async with speaker.database.transaction() as session:
        found = Differences(read=len(logged), others=await _others(session, speaker, logged, adopt=adopt))
    if found.others:
        return found
    for start in range(0, len(logged), AT_ONCE):
        async with speaker.database.transaction() as session:
            for one in logged[start : start + AT_ONCE]:
                await _settle(session, speaker, one, found, delete=delete)
    async with speaker.database.transaction() as session:
        me = (await session.exec(select(speaker.tables.incarnation))).one()
        me.restored_at = None
        session.add(me)
    return found


async def _settle(session: Session, speaker: Speaker, one: Logged, found: Differences, *, delete: bool) -> None:
    rows = await newest_of(session, speaker.tables.outbox, key=str(one.id))
    if not rows:
        await _meet_stranger(session, speaker, one, found, delete=delete)
        return
    ours = max(row.aggregate_version for row in rows)
    said = {str(row.message_id) for row in rows}
    known = one.version == ours and all(record.message_id in said for _, record in one.last.values())
    if one.version < ours or known:
        return  # ours is newer and goes by itself, or is the very same
    kind = speaker.aggregates[one.aggregate]
    alive = any(row.payload is not None for row in rows)
    if one.gone and alive and kind.bury is not None:
        await kind.bury(session, one.id)
        await session.flush()
        found.ended.append(one)
    elif one.gone and alive:
        found.revived.append(one)
    else:
        found.raised.append(one)
    outbox = speaker.tables.outbox
    await restate(session, outbox, kind, aggregate=one.aggregate, id=one.id, above=one.version)


async def _meet_stranger(session: Session, speaker: Speaker, one: Logged, found: Differences, *, delete: bool) -> None:
    alive = {topic: pair for topic, pair in one.last.items() if pair[1].state is not None}
    if not alive:
        return
    if not (delete or speaker.aggregates[one.aggregate].derived):
        found.strangers.append(one)
        return
    for topic, (raw, _) in alive.items():
        headers = {name: value.decode(errors="replace") for name, value in raw.headers if value is not None}
        outbox = speaker.tables.outbox
        await bury_stranger(session, outbox, topic=topic, headers=headers, version=one.version)
    found.buried.append(one)


async def _others(session: Session, speaker: Speaker, logged: Iterable[Logged], *, adopt: bool) -> set[str]:
    tables = speaker.tables
    me = (await session.exec(select(tables.incarnation))).one()
    former = (await session.exec(select(tables.former.id))).all()
    others = {one.instance for one in logged if one.instance} - {str(me.id), *map(str, former)}
    if not adopt:
        return others
    # Not the moment of adopting: nothing was mailed twice because of it.
    ended = (await session.exec(select(func.max(col(tables.former.ended_at))))).one()
    for instance in others:
        session.add(tables.former(id=UUID(instance), ended_at=ended or me.made_at))
    return set()
