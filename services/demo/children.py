"""The instances of the demo: one process each, started, killed and stopped; none is left behind."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from services.demo.places import Grounds, Place
from shared.errors import Unavailable
from shared.messaging.embedded.node import GUARD
from shared.outbound import HttpError, plain_client

READY_SECONDS = 90
STOP_SECONDS = 30
NURSERY = ("-m", "services.cli.nursery")


class Instances:
    """The processes of every EPCI."""

    def __init__(self, grounds: Grounds, *, nursery: Sequence[str] = NURSERY) -> None:
        """Say where the instances live, and what Python runs to fork them."""
        self._grounds = grounds
        self._program = nursery
        self._bootstrap = ""
        self._nursery: subprocess.Popen[str] | None = None
        self._children: dict[str, psutil.Process] = {}

    def open(self) -> None:
        """Start the process that the instances are forked from; it dies with us whatever happens."""
        tied = [sys.executable, "-I", "-S", str(GUARD), str(os.getpid())]
        plain = {name: value for name, value in os.environ.items() if not name.startswith("ESTUAIRE_")}
        self._nursery = subprocess.Popen(  # noqa: S603 - our own command
            [*tied, sys.executable, *self._program],
            env={**plain, "MALLOC_ARENA_MAX": "2"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start(self, place: Place) -> None:
        """Start one instance."""
        if not self._children:
            self._answer()  # the nursery says that it is ready
        log = place.folder / "instance.log"
        self._ask({"environment": self.environment(place), "log": str(log.resolve())})
        self._children[place.code] = psutil.Process(int(self._answer()["pid"]))

    def start_all(self, bootstrap: str) -> None:
        """Start every instance on the Kafka at this address."""
        self._bootstrap = bootstrap
        for place in self._grounds.places:
            self.start(place)

    async def ready(self, place: Place) -> None:
        """Wait until an instance serves and hears Kafka.

        Raises:
            Unavailable: it died, or is not ready in time; says where its log is.
        """
        log = place.folder / "instance.log"
        async with plain_client(place.url) as client:
            for _ in range(READY_SECONDS * 10):
                if not _lives(self._children[place.code]):
                    raise Unavailable(f"L’instance {place.code} s’est arrêtée. Son journal : {log}\n{_tail(log)}")
                try:
                    answer = await client.get("/readyz")
                    if answer.status_code == 200 and answer.json()["status"] == "ready":
                        return
                except HttpError:
                    pass
                await asyncio.sleep(0.1)
        raise Unavailable(f"L’instance {place.code} n’est pas prête après {READY_SECONDS} s. Son journal : {log}")

    async def all_ready(self) -> None:
        """Wait until every instance serves."""
        await asyncio.gather(*(self.ready(place) for place in self._grounds.places))

    def kill(self, place: Place) -> None:
        """End one instance at once, as a power cut would."""
        self._children[place.code].kill()
        self._children[place.code].wait(10)

    def process(self, place: Place) -> psutil.Process:
        """Return the process an instance was last started as; it may have ended."""
        return self._children[place.code]

    def dead(self) -> list[Place]:
        """Return the places whose instance has ended."""
        return [place for place in self._grounds.places if not _lives(self._children[place.code])]

    def resident_mb(self) -> dict[str, int]:
        """Return the memory each instance holds, in MiB, what it shares with others included."""
        return {code: round(child.memory_info().rss / 2**20) for code, child in self._children.items() if _lives(child)}

    async def stop(self) -> None:
        """Ask every instance to stop, make sure that it has, and close the nursery."""
        for child in self._children.values():
            if _lives(child):
                child.terminate()
        await asyncio.to_thread(_end, list(self._children.values()))
        nursery, self._nursery = self._nursery, None
        if nursery is not None:
            nursery.kill()
            nursery.communicate()

    def _ask(self, wanted: dict[str, Any]) -> None:
        assert self._nursery is not None  # noqa: S101 - opened before any start
        assert self._nursery.stdin is not None  # noqa: S101 - a pipe
        self._nursery.stdin.write(json.dumps(wanted) + "\n")
        self._nursery.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._nursery is not None  # noqa: S101 - opened before any start
        assert self._nursery.stdout is not None  # noqa: S101 - a pipe
        line = self._nursery.stdout.readline()
        if not line:
            raise Unavailable("Les instances n’ont pas pu être lancées ; la cause est écrite plus haut.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def environment(self, place: Place) -> dict[str, str]:
        """Return the settings that an instance starts with."""
        return {
            "ESTUAIRE_SIREN": place.siren,
            "ESTUAIRE_TERRITORY_FILE": str(self._grounds.territory_file.resolve()),
            "ESTUAIRE_DATA_DIR": str(place.folder.resolve()),
            "ESTUAIRE_PORT": str(place.port),
            "ESTUAIRE_BASE_URL": place.url,
            "ESTUAIRE_TERRITORY_BOOTSTRAP": self._bootstrap,
            "ESTUAIRE_SMTP_PORT": str(self._grounds.smtp_port),
            "ESTUAIRE_MAIL_FROM": f"ne-pas-repondre@{place.code.lower()}.example.org",
            # The whole story is played from one address.
            "ESTUAIRE_LIMITS": '{"public": 100000, "form": 100000, "unsubscribe": 100000, "token": 100000}',
        }


def _lives(child: psutil.Process) -> bool:
    return child.is_running() and child.status() != psutil.STATUS_ZOMBIE


def _end(children: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(children, timeout=STOP_SECONDS)
    for child in alive:
        child.kill()
    psutil.wait_procs(alive, timeout=10)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
