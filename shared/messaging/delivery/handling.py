"""Handling of what one service hears: in batches, one by one where something fails, failures by their class."""

import asyncio
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import structlog
from structlog.contextvars import bound_contextvars

from shared import crash, tracing
from shared.clock import now
from shared.contracts.base import State
from shared.db.engine import Database
from shared.figures import APPLIED
from shared.messaging.delivery.acting import Reactions
from shared.messaging.delivery.batch import Batch, Pair
from shared.messaging.delivery.breaker import Breakers
from shared.messaging.delivery.care import Care
from shared.messaging.delivery.failing import Failures
from shared.messaging.delivery.letters import Bury, DeadLetter, Failure
from shared.messaging.delivery.parking import BEHIND, PARKED_AT_MOST, Parking, key_of, raw_of_parked
from shared.messaging.delivery.patience import FIRST_PAUSE
from shared.messaging.delivery.positions import Positions
from shared.messaging.envelope import RawRecord, Refused, read
from shared.messaging.inbox import MessageTables, ParkedColumns
from shared.messaging.registry import Consumers, NotYet, Record
from shared.messaging.stages import handling

log = structlog.get_logger(__name__)

TRIES = 5
# Writers of requests wait meanwhile: SQLite has one at a time.
ACTS_AT_ONCE = 50

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
    anew: bool = False
    """Reads once more what a live one has read: no breaker trips, and nothing is counted or told as set aside again."""

    @property
    def _labels(self) -> tuple[str, str]:
        return self.epci, self.consumers.service

    def __post_init__(self) -> None:
        service = self.consumers.service
        self.positions = Positions(self.database, self.tables)
        self.breakers = Breakers(self.epci, service, self.positions, trips=not self.anew)
        self.care = Care(self.positions, self.breakers)
        self.parking = Parking(self.database, self.tables)
        self.reactions = Reactions(self.epci, self.tables, self.consumers)
        self.failures = Failures(self.epci, service, self.database, self.tables, self.bury, tells=not self.anew)

    async def project(self, group: str, raws: Sequence[RawRecord]) -> Mapping[str, int]:
        """Apply a batch to the projections in one transaction, or record by record once something fails.

        Returns the topics that the breaker holds, with the offset from which they wait.

        Raises:
            Transient: the database or Kafka is away; the caller keeps the position.
        """
        crash.point("projector.after_poll")
        batch = self._read(group, raws)
        records = [record for _, record in batch.pairs]
        try:
            await self._apply(group, batch.raws(), records)
        except Exception as error:
            await self.failures.wait_if_transient(group, error)
            log.warning("batch_replayed_one_by_one", group=group, error=type(error).__name__)
            for raw, record in batch.pairs:
                await self._until_dead(batch, raw, record, partial(self._apply, group, [raw], [record]))
        await self._close(batch)
        self.told([record for raw, record in batch.pairs if batch.lets(raw)])
        return self.breakers.held(group)

    async def react(self, group: str, raws: Sequence[RawRecord]) -> Mapping[str, int]:
        """Act once per record and reaction; effects are rows, so that a crash repeats none of them.

        Returns the topics that the breaker holds, with the offset from which they wait.

        Raises:
            Transient: the database or Kafka is away; the caller keeps the position.
        """
        batch = self._read(group, raws)
        for start in range(0, len(batch.pairs), ACTS_AT_ONCE):
            await self._react_to(batch, batch.pairs[start : start + ACTS_AT_ONCE])
        await self._close(batch)
        return self.breakers.held(group)

    async def replay_parked(self) -> int:
        """Try again what waits and is due, each key in its order; return how many records wait no more.

        Raises:
            Transient: the database or Kafka is away.
        """
        return sum([await self._retry(row) for row in await self.parking.due()])

    def _read(self, group: str, raws: Sequence[RawRecord]) -> Batch:
        """Sort records into those to be handled and those to be set aside, as far as the breaker lets them."""
        batch, held = Batch(group), self.breakers.held(group)
        for raw in raws:
            if raw.topic in held:
                continue
            try:
                batch.pairs.append((raw, read(raw, members=self.members, now=now())))
            except Refused as refused:
                batch.refusals.append((raw, refused))
        batch.cuts.update(self.breakers.cuts(group, batch.verdicts()))
        batch.pairs = [pair for pair in batch.pairs if batch.lets(pair[0])]
        return batch

    async def _close(self, batch: Batch) -> None:
        """Set aside what no handler may see; after the others, so that a batch read again fills no DLQ meanwhile."""
        for raw, refused in batch.refusals:
            if batch.lets(raw):
                await self.failures.refuse(batch.group, raw, refused)
        try:
            if batch.refusals or batch.set_aside:
                async with self.database.transaction() as session:
                    await self.positions.move(session, batch.group, batch.raws())
            await self.breakers.count(batch.group, batch.verdicts(), cuts=batch.cuts)
        except Exception as error:
            await self.failures.wait_if_transient(batch.group, error)
            raise
        self.failures.patience.is_over(batch.group)

    async def _apply(self, group: str, raws: Sequence[RawRecord], records: Sequence[Record[State]]) -> None:
        by_aggregate: dict[str, list[Record[State]]] = {}
        for record in records:
            by_aggregate.setdefault(record.aggregate, []).append(record)
        async with handling(self._labels, raws, records), self.database.transaction(quiet=True) as session:
            for aggregate, batch in by_aggregate.items():
                for keeper in self.consumers.kept.get(aggregate, ()):
                    await keeper(session, batch)
            for record in records:
                await self.parking.forget(session, record)
            await self.positions.move(session, group, raws)
            crash.point("projector.before_commit")
        crash.point("projector.after_commit")
        APPLIED.labels(*self._labels, "projector").inc(len(records))

    async def _react_to(self, batch: Batch, pairs: Sequence[Pair]) -> None:
        """Act upon records in one transaction, or upon one after the other once something fails."""
        due = [pair for pair in pairs if batch.lets(pair[0])]
        if len(due) > 1:
            try:
                await self._act(batch.group, due)
            except Exception as error:
                await self.failures.wait_if_transient(batch.group, error)
                log.debug("batch_acted_one_by_one", group=batch.group, error=type(error).__name__)
            else:
                return
        for raw, record in due:
            await self._until_dead(batch, raw, record, partial(self._act_or_park, batch.group, raw, record))

    async def _act(self, group: str, pairs: Sequence[Pair]) -> None:
        raws, records = [raw for raw, _ in pairs], [record for _, record in pairs]
        async with handling(self._labels, raws, records) as traces, self.database.transaction() as session:
            waiting = await self.parking.waiting(session, group, raws)
            for (raw, record), trace in zip(pairs, traces, strict=True):
                with _named(record), tracing.following(trace):
                    if await self.parking.forget(session, record):
                        waiting = await self.parking.waiting(session, group, raws)
                    if key_of(raw) in waiting:
                        await self.parking.park(session, group, raw, reason=BEHIND)
                    else:
                        await self.reactions.act(session, record, heard_at=now())
            await self.positions.move(session, group, raws)
            crash.point("reactor.before_commit")
        crash.point("reactor.after_commit")
        APPLIED.labels(*self._labels, "reactor").inc(len(records))

    async def _act_or_park(self, group: str, raw: RawRecord, record: Record[State]) -> None:
        try:
            await self._act(group, [(raw, record)])
        except NotYet as lacking:
            async with self.database.transaction() as session:
                await self.parking.park(session, group, raw, reason=lacking.reason)
                await self.positions.move(session, group, [raw])
            crash.point("parked.after_insert")
            log.info("record_parked", topic=raw.topic, offset=raw.offset, reason=lacking.reason)

    async def _retry(self, row: ParkedColumns) -> int:
        """Try one parked record; return 1 when it waits no more."""
        raw, seq = raw_of_parked(row), row.seq or 0
        try:
            await self._act_parked(seq, raw)
        except NotYet as lacking:
            if now() - row.parked_at <= PARKED_AT_MOST:
                await self.parking.postpone(seq, reason=lacking.reason)
                return 0
            letter = DeadLetter(raw, row.group, f"parked:{lacking.reason}", row.tries + 1, Failure.OVERDUE)
        except Refused as refused:
            letter = DeadLetter(raw, row.group, refused.reason, row.tries + 1)
        except Exception as error:
            await self.failures.wait_if_transient(row.group, error)
            tries = await self.failures.count(row.group, raw, error)
            if tries < TRIES:
                await self.parking.postpone(seq, reason=row.reason)
                return 0
            letter = DeadLetter(raw, row.group, f"bug:{type(error).__name__}", tries, Failure.BUG)
        else:
            return 1
        await self.failures.set_aside(letter)
        await self.parking.remove(seq)
        return 1

    async def _act_parked(self, seq: int, raw: RawRecord) -> None:
        async with self.database.transaction() as session:
            row = await self.parking.take(session, seq)
            if row is None:
                return
            record = read(raw, members=self.members, now=now())
            with _named(record):
                await self.reactions.act(session, record, heard_at=row.parked_at)
            await session.delete(row)
        crash.point("parked.after_replay")

    async def _until_dead(
        self, batch: Batch, raw: RawRecord, record: Record[State], handle: Callable[[], Awaitable[None]]
    ) -> None:
        """Try up to five times, counted in the database; then set the record aside and go on.

        What a handler refuses, since it knows what came before, is set aside at once. Where the breaker lets nothing
        more be set aside, the record and all behind it stay.
        """
        with _named(record):
            tries = 0
            while batch.lets(raw):
                try:
                    await handle()
                except Refused as refused:
                    if self._may_set_aside(batch, raw):
                        await self.failures.refuse(batch.group, raw, refused)
                    return
                except Exception as error:
                    await self.failures.wait_if_transient(batch.group, error)
                    tries = await self.failures.count(batch.group, raw, error)
                    if tries >= TRIES:
                        if self._may_set_aside(batch, raw):
                            await self.failures.bury_bug(batch.group, raw, error, tries)
                        return
                    await asyncio.sleep(FIRST_PAUSE * 2**tries)
                else:
                    return

    def _may_set_aside(self, batch: Batch, raw: RawRecord) -> bool:
        batch.set_aside.add((raw.topic, raw.offset))
        batch.cuts.update(self.breakers.cuts(batch.group, batch.verdicts()))
        return batch.lets(raw)


def _named(record: Record[State]) -> AbstractContextManager[object]:
    """Let every line written because of a message name it, as those of a request name the request."""
    traced = {"trace_id": record.trace.trace_id} if record.trace else {}
    return bound_contextvars(message_id=record.message_id, source=record.source, **traced)
