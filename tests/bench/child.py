"""Processes of their own for what is measured: arguments in, one line when measuring begins, a result out."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any

from shared.messaging.embedded.node import GUARD
from tests.support.code import ROOT

BEGUN = "begun"
LONGEST_SECONDS = 600
_OUT = 9  # a number that no library asks for
Result = dict[str, Any]
Probe = Callable[..., Awaitable[Result]]


class ProbeFailed(Exception):
    """A process ended without a result; the message has the end of what it wrote."""


def answer(*probes: Probe) -> None:
    """Be the process of a probe: run the one named on the command line and write its result."""
    by_name = {str(getattr(one, "__name__", "")): one for one in probes}
    os.dup2(1, _OUT)
    os.dup2(2, 1)  # what libraries and logs write is no result
    _write(asyncio.run(_run(by_name[sys.argv[1]], json.loads(sys.stdin.readline()))))


async def _run(probe: Probe, arguments: Result) -> Result:
    return await probe(**arguments)


def begin() -> None:
    """Say that what follows is what is measured."""
    _write({BEGUN: True})


def _write(what: Result) -> None:
    os.write(_OUT, json.dumps(what).encode() + b"\n")


class Pace:
    """How fast something goes from now on, on the clock and in processor time of this process."""

    def __init__(self) -> None:
        self._began, self._cpu = perf_counter(), process_time()

    def result(self, rows: float) -> Result:
        """Return rows per second, and the processor microseconds which each took."""
        seconds, cpu = perf_counter() - self._began, process_time() - self._cpu
        return {"per_second": rows / seconds, "cpu_us": cpu / rows * 1e6, "rows": rows, "seconds": seconds}


@dataclass
class Child:
    """One probe that runs."""

    process: asyncio.subprocess.Process
    name: str
    errors: asyncio.Task[bytes] = field(init=False)

    def __post_init__(self) -> None:
        assert self.process.stderr is not None
        self.errors = asyncio.create_task(self.process.stderr.read())

    @classmethod
    async def start(cls, module: str, probe: str, **arguments: object) -> "Child":
        """Start a probe of ``tests.bench.probes``."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(GUARD), str(os.getpid())),  # it dies with us whatever happens
            *(sys.executable, "-m", f"tests.bench.probes.{module}", probe),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(arguments).encode() + b"\n")
        await process.stdin.drain()
        return cls(process, f"{module}.{probe}")

    async def begun(self) -> None:
        """Wait until it measures.

        Raises:
            ProbeFailed: it ended before.
        """
        await self._line()

    async def result(self) -> Result:
        """Wait for the end and return what was measured.

        Raises:
            ProbeFailed: it gave no result.
        """
        found = await self._line()
        while BEGUN in found:
            found = await self._line()
        await self.process.wait()
        return found

    def tell(self, line: str) -> None:
        """Write a line to the standard input of the probe."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")

    async def end(self) -> None:
        """End a probe that would run on."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def _line(self) -> Result:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), LONGEST_SECONDS)
        if not line:
            raise ProbeFailed(f"{self.name}: {(await self.errors).decode()[-2000:]}")
        found: Result = json.loads(line)
        return found
