"""Real instances: ``estuaire serve`` in a process of its own, settings from the environment; and commands beside it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from shared.outbound import Answer, HttpError, plain_client
from shared.territory.members import Territory
from tests.support import forks
from tests.support.forks import Fork, Process
from tests.support.postgres import path_with_tools

READY_SECONDS = 60


@dataclass
class Served:
    """One instance that answers, and the secret of a token with every right."""

    url: str
    token: str
    process: Process
    folder: Path
    settings: dict[str, str]
    """What it was started with, for commands beside it."""

    async def get(self, path: str) -> Answer:
        """Read something as an administrator."""
        async with plain_client(self.url, token=self.token) as client:
            return await client.get(path)

    async def post(self, path: str, body: dict[str, object]) -> Answer:
        """Do something as an administrator."""
        async with plain_client(self.url, token=self.token) as client:
            return await client.post(path, json=body)

    async def answers(self) -> bool:
        """Tell whether the instance serves, Kafka or not."""
        try:
            return (await self.get("/readyz")).status_code == 200
        except HttpError:
            return False

    def stop(self) -> float:
        """Ask the instance to stop; return the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(40)
        return time.monotonic() - began


def environment(territory: Territory, folder: Path, *, bootstrap: str, port: int) -> dict[str, str]:
    """Return the settings of the first EPCI of a territory."""
    file = folder / "territory.yaml"
    file.write_text(yaml.safe_dump(territory.model_dump(mode="json")), encoding="utf-8")
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ESTUAIRE_")}
    return {
        **plain,
        "PATH": path_with_tools(),
        "ESTUAIRE_SIREN": territory.sirens[0],
        "ESTUAIRE_TERRITORY_FILE": str(file),
        "ESTUAIRE_DATA_DIR": str(folder / "data"),
        "ESTUAIRE_PORT": str(port),
        "ESTUAIRE_BASE_URL": f"http://127.0.0.1:{port}",
        "ESTUAIRE_TERRITORY_BOOTSTRAP": bootstrap,
    }


@contextmanager
def serving(
    settings: dict[str, str], folder: Path, *services: str, token: str = "", forked: bool = True
) -> Iterator[Served]:
    """Run ``estuaire serve`` while the block runs, forked or as an operator starts it.

    With a token of its own unless one is given.
    """
    if not token:
        added = estuaire(settings, "tokens", "add", "essai", "--role", "admin")
        added.check_returncode()
        token = added.stdout.strip()
    log = folder / "serve.log"
    log.unlink(missing_ok=True)
    process = _forked(settings, services, log) if forked else _started(settings, services, log)
    try:
        yield Served(settings["ESTUAIRE_BASE_URL"], token, process, folder, settings)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def _forked(settings: dict[str, str], services: Sequence[str], log: Path) -> Process:
    return Fork(forks.estuaire, arguments=["serve", *services], env=settings, out=log, err=log)


def _started(settings: dict[str, str], services: Sequence[str], log: Path) -> Process:
    command = [sys.executable, "-m", "services", "serve", *services]
    with log.open("wb") as said:
        return subprocess.Popen(command, env=settings, stdout=said, stderr=said)  # noqa: S603 - our own command


def estuaire(settings: dict[str, str], *arguments: str, crash_at: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command, to its end or to a crash point."""
    wide = settings | {"COLUMNS": "200"}
    return forks.run(forks.estuaire, *arguments, env=wide | crashing(crash_at))


def crashing(point: str) -> dict[str, str]:
    """Return the settings with which a program ends at a crash point; none for none."""
    return {"ESTUAIRE_TESTING": "1", "ESTUAIRE_CRASH_AT": point} if point else {}
