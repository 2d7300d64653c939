"""From Kafka to projections and effects: every record is applied, counted as not for us, or in the DLQ."""

import asyncio
from collections.abc import Awaitable, Callable, Container, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog
from structlog.contextvars import bound_contextvars

from shared import crash
from shared.clock import now
from shared.contracts.base import State
from shared.db.engine import Database
from shared.db.session import Session
from shared.db.trouble import is_transient
from shared.db.upsert import insert_missing
from shared.figures import APPLIED, DEAD, FORGED, RETRIES, UNKNOWN
from shared.messaging.envelope import RawRecord, Refused, read
from shared.messaging.inbox import MessageTables
from shared.messaging.registry import Consumers, Reacting, Record
from shared.messaging.stages import handling

log = structlog.get_logger(__name__)

CUT_OFF = timedelta(days=7)
TRIES = 5
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 20.0


class Transient(Exception):
    """Infrastructure is away: keep the position, try again."""


@dataclass(frozen=True)
class DeadLetter:
    """A record that cannot be handled, whole, with why."""

    raw: RawRecord
    group: str
    reason: str
    tries: int


Bury = Callable[[DeadLetter], Awaitable[None]]
Refusals = Sequence[tuple[RawRecord, Refused]]
Told = Callable[[Sequence[Record[State]]], None]


@dataclass
class Delivery:
    """Handles what one service hears."""

    epci: str
    database: Database
    tables: MessageTables
    consumers: Consumers
    members: Container[str]
    bury: Bury
    told: Told = lambda records: None
    _pause: float = field(default=FIRST_PAUSE, init=False)

    @property
    def _labels(self) -> tuple[str, str]:
        return self.epci, self.consumers.service

    async def project(self, group: str, raws: Sequence[RawRecord]) -> None:
        """Apply a batch to the projections in one transaction, or record by record once something fails.

        Raises:
            Transient: the database is away; the caller keeps the position.
        """
        crash.point("projector.after_poll")
        pairs, refusals = self._sorted(raws)
        try:
            await self._apply(group, raws, [record for _, record in pairs])
        except Exception as error:
            await self._transient(error)
            log.warning("batch_replayed_one_by_one", group=group, error=type(error).__name__)
            for raw, record in pairs:
                with _named(record):
                    await self._until_dead(group, raw, partial(self._apply, group, [raw], [record]))
        await self._refuse(group, refusals)
        self._pause = FIRST_PAUSE
        self.told([record for _, record in pairs])

    async def react(self, group: str, raws: Sequence[RawRecord]) -> None:
        """Act once per record and reaction; effects are rows, so that a crash repeats none of them.

        Raises:
            Transient: the database is away; the caller keeps the position.
        """
        pairs, refusals = self._sorted(raws)
        for raw, record in pairs:
            with _named(record):
                await self._until_dead(group, raw, partial(self._act, group, raw, record))
        await self._refuse(group, refusals)
        self._pause = FIRST_PAUSE

    def _sorted(self, raws: Sequence[RawRecord]) -> tuple[list[tuple[RawRecord, Record[State]]], Refusals]:
        pairs, refusals = [], []
        for raw in raws:
            try:
                pairs.append((raw, read(raw, members=self.members, now=now())))
            except Refused as refused:
                refusals.append((raw, refused))
        return pairs, refusals

    async def _refuse(self, group: str, refusals: Refusals) -> None:
        """Set aside what no handler may see; after the others, so that a batch read again fills no DLQ meanwhile."""
        for raw, refused in refusals:
            if refused.security:
                FORGED.labels(*self._labels).inc()
            await self._bury(DeadLetter(raw, group, refused.reason, tries=1))

    async def _apply(self, group: str, raws: Sequence[RawRecord], records: Sequence[Record[State]]) -> None:
        by_aggregate: dict[str, list[Record[State]]] = {}
        for record in records:
            by_aggregate.setdefault(record.aggregate, []).append(record)
        async with handling(self._labels, raws, records), self.database.transaction() as session:
            for aggregate, batch in by_aggregate.items():
                for keeper in self.consumers.kept.get(aggregate, ()):
                    await keeper(session, batch)
            await self._moved(session, group, raws)
            crash.point("projector.before_commit")
        crash.point("projector.after_commit")
        APPLIED.labels(*self._labels, "projector").inc(len(records))

    async def _act(self, group: str, raw: RawRecord, record: Record[State]) -> None:
        async with handling(self._labels, [raw], [record]), self.database.transaction() as session:
            if record.state is not None and self._knows_fact(record.state, record.fact):
                for reacting in self.consumers.reactions.get(record.aggregate, ()):
                    if self._is_due(reacting, record) and await self._is_first(session, reacting, record):
                        await reacting.act(session, record)
            await self._moved(session, group, [raw])
            crash.point("reactor.before_commit")
        crash.point("reactor.after_commit")
        APPLIED.labels(*self._labels, "reactor").inc()

    def _knows_fact(self, state: State, fact: str) -> bool:
        """Tell whether a fact is of our contract: nobody can say what to do about one that is not."""
        if fact in state.facts:
            return True
        UNKNOWN.labels(*self._labels).inc()
        return False

    def _is_due(self, reacting: Reacting, record: Record[State]) -> bool:
        old = record.republished or record.time < now() - CUT_OFF
        return reacting.however_old or not old

    async def _is_first(self, session: Session, reacting: Reacting, record: Record[State]) -> bool:
        row = {
            "consumer": reacting.name,
            "source": record.source,
            "message_id": record.message_id,
            "received_at": now(),
        }
        return await insert_missing(session, self.tables.inbox, [row], key=("consumer", "source", "message_id")) == 1

    async def _moved(self, session: Session, group: str, raws: Sequence[RawRecord]) -> None:
        ends: dict[str, int] = {}
        for raw in raws:
            ends[raw.topic] = max(ends.get(raw.topic, 0), raw.offset + 1)
        for topic, end in ends.items():
            await session.merge(self.tables.positions(group=group, topic=topic, next_offset=end, moved_at=now()))

    async def _until_dead(self, group: str, raw: RawRecord, handle: Callable[[], Awaitable[None]]) -> None:
        """Try up to five times, counted in the database; then set the record aside and go on.

        What a handler refuses, since it knows what came before, is set aside at once.
        """
        tries = 0
        while tries < TRIES:
            try:
                await handle()
            except Refused as refused:
                await self._refuse(group, [(raw, refused)])
                return
            except Exception as error:
                await self._transient(error)
                tries = await self._failed(group, raw, error)
                RETRIES.labels(*self._labels).inc()
                log.warning(
                    "record_failed", topic=raw.topic, offset=raw.offset, tries=tries, error=type(error).__name__
                )
                if tries >= TRIES:
                    await self._bury(DeadLetter(raw, group, f"bug:{type(error).__name__}", tries=tries))
                    return
                await asyncio.sleep(FIRST_PAUSE * 2**tries)
            else:
                return

    async def _failed(self, group: str, raw: RawRecord, error: Exception) -> int:
        attempts = self.tables.attempts
        async with self.database.transaction() as session:
            row = await session.get(attempts, (group, raw.topic, raw.offset))
            if row is None:
                row = attempts(group=group, topic=raw.topic, offset=raw.offset, tries=0, first_at=now(), error="")
            row.tries += 1
            row.error = type(error).__name__
            session.add(row)
            return row.tries

    async def _transient(self, error: Exception) -> None:
        """Wait and raise when the failure is the infrastructure’s; it never counts against a record."""
        if not is_transient(error) and not isinstance(error, OSError):
            return
        log.warning("database_away", error=type(error).__name__, pause=self._pause)
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        raise Transient from error

    async def _bury(self, letter: DeadLetter) -> None:
        crash.point("dlq.before_publish")
        await self.bury(letter)
        crash.point("dlq.after_publish")
        DEAD.labels(*self._labels, letter.reason.partition(":")[0]).inc()
        log.error("record_set_aside", topic=letter.raw.topic, offset=letter.raw.offset, reason=letter.reason)


def _named(record: Record[State]) -> AbstractContextManager[object]:
    """Let every line written because of a message name it, as those of a request name the request."""
    traced = {"trace_id": record.trace.trace_id} if record.trace else {}
    return bound_contextvars(message_id=record.message_id, source=record.source, **traced)


def group_of(epci: str, service: str, kind: str) -> str:
    """Return the consumer group of one kind of consumer of a service; a rebuild raises the number."""
    return f"{epci}.{service}.{kind}.p1"
