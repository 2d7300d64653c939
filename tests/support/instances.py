"""Real instances as their operators start them: ``estuaire serve`` in a process, settings from the environment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from shared.outbound import Answer, HttpError, plain_client
from shared.territory.members import Territory
from tests.support.postgres import machine_binaries, packaged_binaries

READY_SECONDS = 60


@dataclass
class Served:
    """One instance that answers, and the secret of a token with every right."""

    url: str
    token: str
    process: subprocess.Popen[bytes]
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
    tools = machine_binaries() or packaged_binaries()  # of the version of the server, which they may not be newer than
    return {
        **plain,
        "PATH": os.pathsep.join([os.environ["PATH"], *([str(tools)] if tools else [])]),
        "ESTUAIRE_SIREN": territory.sirens[0],
        "ESTUAIRE_TERRITORY_FILE": str(file),
        "ESTUAIRE_DATA_DIR": str(folder / "data"),
        "ESTUAIRE_PORT": str(port),
        "ESTUAIRE_BASE_URL": f"http://127.0.0.1:{port}",
        "ESTUAIRE_TERRITORY_BOOTSTRAP": bootstrap,
    }


@contextmanager
def serving(settings: dict[str, str], folder: Path, *services: str, token: str = "") -> Iterator[Served]:
    """Run ``estuaire serve`` while the block runs; with a token of its own unless one is given."""
    estuaire = [sys.executable, "-m", "services"]
    if not token:
        adding = subprocess.run(  # noqa: S603 - our own command
            [*estuaire, "tokens", "add", "essai", "--role", "admin"], env=settings, capture_output=True, check=True
        )
        token = adding.stdout.decode().strip()
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen([*estuaire, "serve", *services], env=settings, stdout=log, stderr=log)  # noqa: S603
    try:
        yield Served(settings["ESTUAIRE_BASE_URL"], token, process, folder, settings)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def estuaire(settings: dict[str, str], *arguments: str, crash_at: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does, to its end or to a crash point."""
    wide = settings | {"COLUMNS": "200"}
    crashing = {"ESTUAIRE_TESTING": "1", "ESTUAIRE_CRASH_AT": crash_at} if crash_at else {}
    command = [sys.executable, "-m", "services", *arguments]
    return subprocess.run(command, env=wide | crashing, capture_output=True, text=True, check=False)  # noqa: S603 - ours
