"""The instances of the demo: one process each, started, killed and stopped; none is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from services.demo.places import Grounds, Place
from shared.errors import Unavailable
from shared.messaging.embedded.node import GUARD
from shared.outbound import HttpError, plain_client

READY_SECONDS = 90
STOP_SECONDS = 30


class Instances:
    """The processes of every EPCI."""

    def __init__(self, grounds: Grounds, *, bootstrap: str) -> None:
        self._grounds = grounds
        self._bootstrap = bootstrap
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, place: Place) -> None:
        """Start one instance; it dies with us whatever happens."""
        tied = [sys.executable, "-I", "-S", str(GUARD), str(os.getpid())]
        with (place.folder / "instance.log").open("ab") as log:
            self._children[place.code] = subprocess.Popen(  # noqa: S603 - our own command
                [*tied, sys.executable, "-m", "services", "serve"],
                env=self._environment(place),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_all(self) -> None:
        """Start every instance."""
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
                if self._children[place.code].poll() is not None:
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
        child = self._children[place.code]
        child.send_signal(signal.SIGKILL)
        child.wait(10)

    def resident_mb(self) -> dict[str, int]:
        """Return the memory each instance holds, in MiB."""
        found = {}
        for code, child in self._children.items():
            if child.poll() is None:
                found[code] = round(psutil.Process(child.pid).memory_info().rss / 2**20)
        return found

    async def stop(self) -> None:
        """Ask every instance to stop, then make sure that it has."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        await asyncio.gather(*(asyncio.to_thread(_end, child) for child in self._children.values()))

    def _environment(self, place: Place) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("ESTUAIRE_")},
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
            "ESTUAIRE_DEMO": "true",
            "MALLOC_ARENA_MAX": "2",
        }


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(10)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
