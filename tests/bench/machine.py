"""The machine of a run, and how much of it others took meanwhile."""

import asyncio
import platform
from contextlib import suppress
from typing import Any, Self

import psutil

from shared.messaging.embedded.java import find_java
from tests.support.broker import KAFKA

QUIET = 0.10


def described() -> dict[str, Any]:
    """Return what a reader must know of this machine to compare figures; it names nobody."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "java": find_java().version,
        "kafka": KAFKA,
        "load_before": round(psutil.getloadavg()[0], 2),
    }


class Others:
    """The share of the machine that processes which are not ours took while a block ran, between 0 and 1."""

    share = 0.0

    def __enter__(self) -> Self:
        self._total, self._idle = _machine()
        self._ours = _ours()
        return self

    def __exit__(self, *_: object) -> None:
        total, idle = _machine()
        took = total - self._total
        busy = took - (idle - self._idle)
        self.share = max(0.0, (busy - (_ours() - self._ours)) / took) if took else 0.0


async def quiet(*, at_most_s: int) -> None:
    """Wait, within bounds, for a second in which others leave the machine alone."""
    for _ in range(at_most_s):
        with Others() as others:
            await asyncio.sleep(1)
        if others.share < QUIET:
            return


def _machine() -> tuple[float, float]:
    times = psutil.cpu_times()
    # Of the guests’ time Linux tells twice.
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total, times.idle + getattr(times, "iowait", 0.0)


def _ours() -> float:
    """Return the processor seconds of this process and all below it, those that ended included."""
    seconds = 0.0
    me = psutil.Process()
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds
