"""Programs of ours in processes of their own, forked from one that has imported everything: imports take seconds each.

A test of how a program starts runs it as its users do instead.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from services.cli import main
from tests.support.code import ROOT

RUN_SECONDS = 120
CHILDREN = ["crashing", "notifications_child", "parking_child"]
IMPORTED = ["tests.support.imported", *(f"tests.support.{child}" for child in CHILDREN)]


class Process(Protocol):
    """What tests ask of a process, forked or started: as ``subprocess.Popen`` has it."""

    @property
    def pid(self) -> int:
        """Its number for the system."""

    @property
    def returncode(self) -> int | None:
        """How it ended, a signal as a negative number; ``None`` while it runs, or while nobody has asked."""

    def poll(self) -> int | None:
        """Return how it ended, or ``None``."""

    def send_signal(self, sig: int, /) -> None:
        """Send a signal to it, unless it has ended."""

    def kill(self) -> None:
        """End it at once."""

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended, once it has.

        Raises:
            TimeoutExpired: it has not, within ``timeout`` seconds.
        """


class Fork:
    """A program in a process of its own, with what tests ask of a ``Process``."""

    def __init__(
        self, program: Callable[[], None], *, arguments: Sequence[str], env: Mapping[str, str], out: Path, err: Path
    ) -> None:
        self.arguments = list(arguments)
        task = (program, self.arguments, dict(env), str(out), str(err))
        self._process = _server().Process(target=_become, args=task, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number for the system."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, a signal as a negative number; ``None`` while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return how it ended, or ``None``."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to it, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended, once it has.

        Raises:
            TimeoutExpired: it has not, within ``timeout`` seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.arguments, timeout or 0)
        return self.returncode


def run(program: Callable[[], None], *arguments: str, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        fork = Fork(program, arguments=arguments, env=env, out=out, err=err)
        try:
            code = fork.wait(RUN_SECONDS)
        finally:
            fork.kill()  # one that hangs would go on beside the tests that follow
        return subprocess.CompletedProcess(list(arguments), code, *(file.read_text() for file in (out, err)))


@cache
def _server() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


def estuaire() -> None:
    """Be the command line."""
    main()


def _become(program: Callable[[], None], arguments: list[str], env: dict[str, str], out: str, err: str) -> None:
    """Turn the fork into what a shell would have started: environment, arguments, output, folder."""
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [program.__name__, *arguments]
    os.chdir(ROOT)
    for name, number in ((out, 1), (err, 2)):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, number)
        os.close(file)
    program()
