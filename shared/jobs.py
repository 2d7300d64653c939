"""Things done on a tick: short transactions, run again at once while there is work, woken by commits."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field

import structlog

from shared.db.engine import Database
from shared.db.leading import Leadership
from shared.db.session import Session
from shared.db.trouble import is_transient
from shared.figures import step_of
from shared.settings import InstanceSettings
from shared.signing import Signer
from shared.territory.members import Territory

GRACE_SECONDS = 10.0
BREATH_SECONDS = 1.0
"""Between two looks of a job that commits keep waking: what many commits bring is seen to together."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Work:
    """What a job is given: transactions of its service, and who this instance is."""

    database: Database
    settings: InstanceSettings
    territory: Territory
    signer: Signer
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the instance stops: a job of many steps ends after the one under way."""

    def transaction(self) -> AbstractAsyncContextManager[Session]:
        """Open a short writing transaction; none stays open over a call to another machine."""
        return self.database.transaction(quiet=True)

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """Open a session that only reads."""
        return self.database.reading()


Job = Callable[[Work], Awaitable[int]]


@dataclass(frozen=True)
class Ticking:
    """One job, how often it looks for work in seconds, and whether commits wake it."""

    job: Job
    seconds: float
    woken: bool


@dataclass
class Jobs:
    """The jobs of one service."""

    ticking: list[Ticking] = field(default_factory=list)

    def every(self, *, seconds: float, woken: bool = True) -> Callable[[Job], Job]:
        """Register a job; it returns how much it did, and is called again at once until that is 0.

        Args:
            seconds: how often it looks for work by itself.
            woken: whether it also looks after each commit of the service that is not a job’s own.
        """

        def register(job: Job) -> Job:
            self.ticking.append(Ticking(job, seconds, woken))
            return job

        return register


class Runner:
    """Runs the jobs of one service while this process leads its database; one failing job delays no other."""

    def __init__(self, jobs: Jobs, work: Work, *, leader: Leadership) -> None:
        self._jobs = jobs
        self._leader = leader
        self._work = work
        self._wakes: list[asyncio.Event] = []
        self._woken: list[asyncio.Event] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start one task per job."""
        for ticking in self._jobs.ticking:
            wake = asyncio.Event()
            self._wakes.append(wake)
            if ticking.woken:
                self._woken.append(wake)
            self._tasks.append(asyncio.create_task(self._run(ticking, wake), name=_name(ticking.job)))

    def wake(self) -> None:
        """Look for work now: something was committed."""
        for wake in self._woken:
            wake.set()

    async def stop(self) -> None:
        """Let each job end the step under way, within bounds; then each transaction is committed or rolled back."""
        self._work.stopping.set()
        for wake in self._wakes:
            wake.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, ticking: Ticking, wake: asyncio.Event) -> None:
        pause, stopping = ticking.seconds, self._work.stopping
        while not stopping.is_set():
            if not await self._leader.led(unless=stopping):
                continue
            wake.clear()
            rested = time.monotonic() + BREATH_SECONDS
            try:
                while not stopping.is_set() and await self._step(ticking.job):
                    pass
                pause = ticking.seconds
            except Exception as error:  # the edge of every job: logged, tried again later
                pause = min(max(pause * 2, 1), 60)
                log.error(
                    "job_failed", job=_name(ticking.job), error=type(error).__name__, transient=is_transient(error)
                )
                await _until(stopping, at_most=min(pause, 5))
            await _until(wake, at_most=pause)
            # The first commit is seen to at once; of those that follow closely, several together.
            await _until(stopping, at_most=max(rested - time.monotonic(), 0))

    async def _step(self, job: Job) -> int:
        origin = self._work.database.origin
        epci, service = (origin.epci, origin.service) if origin else ("", "")
        with step_of(_name(job), epci=epci, service=service):
            return await job(self._work)


async def _until(event: asyncio.Event, *, at_most: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), at_most)


def _name(job: Job) -> str:
    return str(getattr(job, "__name__", "job"))
