"""From the outbox to Kafka: one active relay per database, order kept per key, nothing lost and nothing skipped."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import structlog
from sqlalchemy import exists, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from shared import crash
from shared.clock import now
from shared.contracts.base import Visibility
from shared.db.engine import Database
from shared.db.leading import Leadership
from shared.db.trouble import is_transient
from shared.figures import PUBLISHED, SEND_ERRORS
from shared.messaging.outbox import Due, OutboxColumns
from shared.messaging.stages import Leaving

log = structlog.get_logger(__name__)

WINDOW = 1000
IDLE_SECONDS = 2.0


class Verdict(Enum):
    """What a failed send says about its row."""

    TRANSIENT = "transient"  # the key waits, then goes again
    FORBIDDEN = "forbidden"  # a right on the topic is missing: all of it waits for an operator, nothing is lost
    REFUSED = "refused"  # this row can never be published
    CONSEQUENCE = "consequence"  # another row of its partition was refused; not its fault
    UNCLEAR = "unclear"  # the broker does not say which row of the batch it refused


@dataclass(frozen=True)
class Outgoing:
    """One record as it goes on the wire."""

    topic: str
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Channel(Protocol):
    """The way to Kafka that a relay is given."""

    async def ready(self, topics: Sequence[str]) -> set[str]:
        """Connect if need be and return those of ``topics`` that exist."""

    async def send(self, record: Outgoing) -> Awaitable[object]:
        """Hand a record over; await the result for its acknowledgement by all replicas in sync."""

    async def renew(self) -> None:
        """Replace the producer: after a refusal by the broker its sequence is broken for good."""

    def verdict(self, error: BaseException) -> Verdict:
        """Say what a failed send means."""

    def refused_by_broker(self, error: BaseException) -> bool:
        """Tell whether the broker, not the client, refused: the producer must then be replaced."""

    async def close(self) -> None:
        """Let go, within bounds."""


@dataclass
class _Waiting:
    """A key, or a topic that is not there, that backs off."""

    until: float
    pause: float


@dataclass
class _Outcome:
    """What became of one window."""

    confirmed: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    renew: bool = False


class Relay:
    """Publishes the outbox of one database to one cluster, as far as that cluster’s topics reach, until stopped."""

    def __init__(
        self,
        database: Database,
        outbox: type[OutboxColumns],
        channel: Channel,
        *,
        leader: Leadership,
        reach: Sequence[Visibility] = tuple(Visibility),
        allowed: Callable[[], bool] = lambda: True,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._channel = channel
        self._leader = leader
        self._allowed = allowed
        self._elsewhere = [f"ti.{one.value}." for one in Visibility if one not in reach]
        self._wake = asyncio.Event()
        self._waiting: dict[tuple[str, str], _Waiting] = {}
        self._one_by_one: set[str] = set()
        self._stop = asyncio.Event()
        origin = database.origin
        self._labels = (origin.epci, origin.service) if origin else ("", "")
        self._stages = Leaving(self._labels)

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wake.set()

    def ask_to_stop(self) -> None:
        """Let the window under way end, then end ``run``."""
        self._stop.set()
        self._wake.set()

    async def run(self) -> None:
        """Publish whenever this process leads the database, until asked to stop."""
        try:
            while not self._stop.is_set():
                if await self._leader.led(unless=self._stop):
                    await self._turn()
        finally:
            await self._channel.close()

    async def _turn(self) -> None:
        try:
            busy = await self.publish_window()
        except Exception as error:
            # Infrastructure is retried for ever with the position held; a bug must not end the relay in silence.
            log.error("relay_turn_failed", error=type(error).__name__, transient=is_transient(error))
            busy = False
        if not busy and not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), IDLE_SECONDS)
            self._wake.clear()

    async def publish_window(self) -> bool:
        """Publish the oldest rows that may go, while this process leads; tell whether there may be more."""
        found = await self._select() if self._allowed() else []
        rows = [row for row in found if not self._is_waiting(row.topic, row.key)]
        if not rows:
            return False
        crash.point("relay.after_select")
        known = await self._channel.ready(sorted({row.topic for row in rows}))
        absent = {row.topic for row in rows} - known
        for topic in absent:
            self._back_off(topic)
        rows = [row for row in rows if row.topic in known]
        with self._leader.sending():
            if not (self._leader.leading and self._allowed()):
                return False  # lost while we waited: another relay may be at these rows
            outcome = await self._send(rows)
        crash.point("relay.after_ack")
        await self._mark(outcome)
        crash.point("relay.after_mark")
        if outcome.renew:
            await self._channel.renew()
        # What waits for a topic is not selected the next time: others may be behind it. Whatever was written meanwhile
        # woke us: a window that was not full and went through whole is no reason to look at once.
        progress = outcome.confirmed or outcome.refused
        return bool(absent or (progress and (len(found) == WINDOW or len(outcome.confirmed) < len(rows))))

    async def _select(self) -> list[Due]:
        outbox = self._outbox
        blocked = aliased(outbox)
        same_key = (col(blocked.topic) == col(outbox.topic)) & (col(blocked.key) == col(outbox.key))
        stopped = exists().where(same_key, col(blocked.blocked_at).is_not(None), col(blocked.published_at).is_(None))
        loop_time = asyncio.get_running_loop().time()
        self._waiting = {key: kept for key, kept in self._waiting.items() if kept.until > loop_time - kept.pause}
        # Not read at all: a window full of rows of a topic that is not there would leave no room for the others.
        absent = [topic for (topic, key), kept in self._waiting.items() if not key and kept.until > loop_time]
        statement = (
            select(*(getattr(outbox, name) for name in Due._fields))
            .where(col(outbox.published_at).is_(None), ~stopped, col(outbox.topic).not_in(absent))
            .where(*(~col(outbox.topic).startswith(prefix) for prefix in self._elsewhere))
            .order_by(col(outbox.seq))
            .limit(WINDOW)
        )
        async with self._database.reading() as session:
            return list(map(Due._make, (await session.exec(statement)).all()))

    def _is_waiting(self, topic: str, key: str = "") -> bool:
        kept = self._waiting.get((topic, key))
        return kept is not None and kept.until > asyncio.get_running_loop().time()

    def _back_off(self, topic: str, key: str = "") -> None:
        """Let a key wait, or a whole topic."""
        before = self._waiting.get((topic, key))
        pause = min(before.pause * 2, 30) if before else 0.2
        self._waiting[topic, key] = _Waiting(asyncio.get_running_loop().time() + pause, pause)

    async def _send(self, rows: Sequence[Due]) -> _Outcome:
        """Send pipelined, await every future: an idempotent producer never gives up, and nothing is sent twice."""
        sent: list[tuple[Due, Awaitable[object] | BaseException]] = []
        held: set[tuple[str, str]] = set()
        for row in rows:
            if (row.topic, row.key) in held:
                continue  # Kafka may be back by now: what was told later would come first
            try:
                future: Awaitable[object] | BaseException = await self._channel.send(outgoing(row))
            except Exception as error:
                future = error
                held.add((row.topic, row.key))
            self._stages.leaves(row, future)
            if row.topic in self._one_by_one and not isinstance(future, BaseException):
                await asyncio.wait([asyncio.ensure_future(future)])
            sent.append((row, future))
            crash.point("relay.mid_window")
        results = [(row, error) for (row, _), error in zip(sent, await _settled(sent), strict=True)]
        outcome = self._judge(results)
        # A topic whose rows all went through, or whose guilty row was found, is sent in one go again.
        self._one_by_one -= {row.topic for row, _ in sent} - {row.topic for row, error in results if error}
        return outcome

    def _judge(self, results: Sequence[tuple[Due, BaseException | None]]) -> _Outcome:
        """Hold back every later row of a key whose earlier one failed, even if confirmed: the last one sent counts."""
        outcome, held = _Outcome(), set()
        for row, error in results:
            key = (row.topic, row.key)
            if error is None and key not in held:
                outcome.confirmed.append(row.seq)
                self._waiting.pop(key, None)
                continue
            held.add(key)
            if error is not None:
                self._blame(row, error, outcome)
        return outcome

    def _blame(self, row: Due, error: BaseException, outcome: _Outcome) -> None:
        verdict = self._channel.verdict(error)
        outcome.renew = outcome.renew or self._channel.refused_by_broker(error)
        SEND_ERRORS.labels(*self._labels, verdict.value).inc()
        alone = row.topic in self._one_by_one
        if verdict is Verdict.REFUSED or (verdict is Verdict.UNCLEAR and alone):
            outcome.refused.append((row.seq, type(error).__name__))
            log.error("outbox_row_blocked", seq=row.seq, topic=row.topic, error=type(error).__name__)
            return
        if verdict is Verdict.UNCLEAR:
            self._one_by_one.add(row.topic)
        if verdict is Verdict.TRANSIENT:
            self._back_off(row.topic, row.key)
        if verdict is Verdict.FORBIDDEN and not self._is_waiting(row.topic):
            log.error("topic_forbidden", topic=row.topic)
            self._back_off(row.topic)

    async def _mark(self, outcome: _Outcome) -> None:
        if not outcome.confirmed and not outcome.refused:
            return
        table = self._outbox
        async with self._database.transaction(quiet=True) as session:
            if outcome.confirmed:
                done = update(table).where(col(table.seq).in_(outcome.confirmed)).values(published_at=now())
                await session.exec(done)
            for seq, error in outcome.refused:
                stop = update(table).where(col(table.seq) == seq)
                await session.exec(stop.values(blocked_at=now(), last_error=error, attempts=table.attempts + 1))
        PUBLISHED.labels(*self._labels).inc(len(outcome.confirmed))


def outgoing(row: Due) -> Outgoing:
    """Return the record of a row; its bytes were fixed when the change was made."""
    headers = tuple((name, value.encode()) for name, value in json.loads(row.headers).items())
    return Outgoing(row.topic, row.key.encode(), row.payload, headers)


async def _settled(sent: Sequence[tuple[Due, Awaitable[object] | BaseException]]) -> list[BaseException | None]:
    """Wait until each row is acknowledged or refused; return why it was not, in their order."""
    waits = [future for _, future in sent if not isinstance(future, BaseException)]
    answers = iter(await asyncio.gather(*waits, return_exceptions=True))
    found = [future if isinstance(future, BaseException) else next(answers) for _, future in sent]
    return [one if isinstance(one, BaseException) else None for one in found]
