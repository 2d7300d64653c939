"""One leader per database: the only process that publishes its outbox and does its jobs, in place of any other."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import structlog
from sqlalchemy import text

from shared.db.engine import Database
from shared.db.line import LEADER, Line, LineLost
from shared.locks import is_taken, take

log = structlog.get_logger(__name__)

WATCH_SECONDS = 2.0
# What a lost leader may still have on its way is acknowledged within milliseconds, or its process ends.
LAST_SENDS_SECONDS = 1.0
EXIT_LOST = 75
COMMITTED = "estuaire_committed"
LIVE = "estuaire_live"
# A key of 64 bits is shown in two halves.
_HELD = text(
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND CAST(classid AS bigint) = :high AND CAST(objid AS bigint) = :low)"
).bindparams(high=LEADER >> 32, low=LEADER & 0xFFFFFFFF)


class Leadership:
    """Tries to lead one database until stopped, and says while it does.

    On SQLite a lock on a file beside the database, held by the life of the process. On PostgreSQL an advisory lock on a
    connection of its own, asked every two seconds whether it still stands: one that is lost steps down at once, and
    ends the process if it cannot take back what it has already handed to Kafka. The same connection carries the
    notifications of other replicas.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._led = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._line: Line | None = None
        self._sending = 0
        self.heard: Callable[[str, str], None] = _ignore

    @property
    def leading(self) -> bool:
        """Tell whether this process leads now."""
        return self._led.is_set()

    async def led(self, *, unless: asyncio.Event) -> bool:
        """Wait to lead; tell whether it does, or ``unless`` came first."""
        if self.leading or unless.is_set():
            return self.leading and not unless.is_set()
        waits = [asyncio.ensure_future(event.wait()) for event in (self._led, unless)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self.leading and not unless.is_set()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Say that records are on their way while the block runs: nobody may take over before they have arrived."""
        self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1

    def tell(self, channel: str, payload: str = "") -> None:
        """Tell every replica, this one too; alone on its database, this process hears itself at once."""
        if self._database.is_sqlite:
            self.heard(channel, payload)
        elif self._line is not None:
            self._line.tell(channel, payload)

    def start(self) -> None:
        """Begin to try."""
        self._task = asyncio.create_task(self._run(), name="leadership")

    async def stop(self) -> None:
        """Give the lead back."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def __aenter__(self) -> Self:
        """Begin to try, in a block."""
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give the lead back at its end."""
        await self.stop()

    async def _run(self) -> None:
        try:
            await (self._by_file() if self._database.is_sqlite else self._by_connection())
        finally:
            self._led.clear()

    async def _by_file(self) -> None:
        file = Path(self._database.url.database or "").with_suffix(".leader")
        with file.open("w") as held:
            while not take(held):  # noqa: ASYNC110 - the lock of another process sets no event of ours
                await asyncio.sleep(WATCH_SECONDS)
            self._lead()
            await asyncio.Event().wait()

    async def _by_connection(self) -> None:
        pause = 0.2
        while True:
            try:
                async with Line(self._database.url, hears=(COMMITTED, LIVE), heard=self._hear) as line:
                    self._line, pause = line, 0.2
                    while True:
                        if not self.leading and await line.lock():
                            self._lead()
                        await asyncio.sleep(WATCH_SECONDS)
                        await line.check()
            except LineLost as lost:
                log.warning("database_line_lost", error=str(lost), leading=self.leading)
                self._line = None
                await self._step_down()
            await asyncio.sleep(pause)
            pause = min(pause * 2, WATCH_SECONDS)

    def _lead(self) -> None:
        self._led.set()
        log.info("database_led", service=self._service)

    async def _step_down(self) -> None:
        if not self.leading:
            return
        self._led.clear()
        await asyncio.sleep(LAST_SENDS_SECONDS)
        if self._sending:
            # Another relay may lead by now, and what our producer holds would arrive behind what it sends.
            log.critical("lead_lost_while_sending", service=self._service)
            os._exit(EXIT_LOST)

    def _hear(self, channel: str, payload: str) -> None:
        self.heard(channel, payload)

    @property
    def _service(self) -> str:
        return self._database.origin.service if self._database.origin else ""


async def is_led(database: Database) -> bool:
    """Tell whether a process, this one or another, leads the database now; asked from outside, it takes no lead."""
    if not database.is_sqlite:
        async with database.engine.connect() as connection:
            return bool((await connection.execute(_HELD)).scalar_one())
    return is_taken(Path(database.url.database or "").with_suffix(".leader"))


def _ignore(_channel: str, _payload: str) -> None:
    """Hear nothing."""
