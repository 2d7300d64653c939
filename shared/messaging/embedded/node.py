"""One Kafka node on a folder: started, stopped, killed, kept alive, found again; never left behind."""

import asyncio
import atexit
import contextlib
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import psutil

from shared.messaging.embedded import footprint, storage
from shared.messaging.embedded.errors import AlreadyRunning, DidNotStart, LocalKafkaError, NeverStarted
from shared.messaging.embedded.footprint import Footprint, Ports
from shared.messaging.embedded.jars import Progress
from shared.messaging.embedded.jvm import installation

Probe = Callable[[str], Awaitable[bool]]

GUARD = Path(__file__).with_name("guard.py")
STARTED = "Kafka Server started"
PAUSES_S = (1, 2, 4, 8, 16, 30)
STEADY_S = 60


def silent(_: str) -> None:
    """Tell nothing."""


class LocalKafka:
    """A single KRaft node on this machine, whose address and records live as long as its folder.

    The node dies with the process that started it, unless it was told to ``outlive`` it; the system ties it to the
    *thread* that called ``start``, which must therefore be one that lasts: the main thread, or the loop's.
    """

    def __init__(
        self, folder: Path, *, port: int | None = None, outlive: bool = False, shape: storage.Shape = storage.USUAL
    ) -> None:
        self.folder = folder.absolute()
        self._shape = shape
        self._port = port
        self._outlive = outlive
        self._child: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self.cut_short = 0
        """How often a start found that the node before had not ended by itself: the end of its log may be lost."""

    @property
    def bootstrap(self) -> str:
        """The address for clients, the same after each restart.

        Raises:
            NeverStarted: the folder has none yet.
        """
        ports = Ports.read(self.folder)
        if ports is None:
            raise NeverStarted(self.folder)
        return f"127.0.0.1:{ports.broker}"

    @property
    def pid(self) -> int | None:
        """The number of the node's process while it lives, whoever started it."""
        process = self._process()
        return process.pid if process else None

    @property
    def running(self) -> bool:
        """Whether the node's process lives, whoever started it."""
        return self._process() is not None

    def resident_mb(self) -> int:
        """Return the memory the node holds, in MiB; 0 when it does not run."""
        process = self._process()
        return round(process.memory_info().rss / 2**20) if process else 0

    @property
    def log(self) -> Path:
        """The file the node writes its log to."""
        return self.folder / "logs" / "kafka.log"

    async def start(
        self,
        *,
        probe: Probe | None = None,
        progress: Progress = silent,
        within_s: float = 60,
        recording: Path | None = None,
    ) -> None:
        """Start the node and return once it serves; what is already in its folder is served again.

        Args:
            probe: given the address, tells whether a produce was acknowledged; asked until it says so. Without one,
                the node's own word that it has started is taken.
            progress: told in French what takes time.
            within_s: limit for the start proper, not for fetching Kafka.
            recording: file in which a start cache is written when this node stops.

        Raises:
            AlreadyRunning: someone else runs a node on this folder.
            PortTaken: another program listens on its port.
            DidNotStart: it died, or was not ready in time; its logs are kept.
            LocalKafkaError: Java or Kafka cannot be had, see ``installation``.
        """
        await self._free_folder()
        kafka = await asyncio.to_thread(installation, progress)
        ports = Ports.settle(self.folder, broker=self._port, controller=self._shape.controller_port)
        await asyncio.to_thread(storage.make_ready, self.folder, ports, kafka, self._shape)
        self.cut_short += storage.was_cut_short(self.folder)
        broker = ("kafka.Kafka", storage.CONFIGURATION)
        self._launch(kafka.recording_command(recording, *broker) if recording else kafka.command(*broker))
        self._wanted = True
        try:
            await asyncio.wait_for(self._ready(probe), within_s)
        except TimeoutError:
            tail = self.tail()
            self.kill()
            raise DidNotStart(f"pas prêt après {within_s:.0f}\u00a0s", folder=self.log.parent, tail=tail) from None
        except BaseException:
            self.kill()
            raise

    async def stop(self, *, grace_s: float = 10) -> None:
        """Stop the node, whoever started it: asked first, killed if it has not ended after ``grace_s`` seconds."""
        self._wanted = False
        process = self._process()
        if process:
            process.terminate()
            ended = self._child.wait if self._child else process.wait
            with contextlib.suppress(subprocess.TimeoutExpired, psutil.TimeoutExpired):
                await asyncio.to_thread(ended, grace_s)
        self.kill()

    def kill(self) -> None:
        """End the node at once, as a power cut would for it; nothing happens if it does not run."""
        process = self._process()
        if process:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                if self._child is None:
                    process.wait(10)
        if self._child:
            self._child.wait(10)
            self._child = None
        footprint.erase(self.folder)
        atexit.unregister(self.kill)

    async def keep_alive(
        self, *, probe: Probe | None = None, progress: Progress = silent, pauses_s: Sequence[float] = PAUSES_S
    ) -> None:
        """Restart the node each time it dies, after pauses that grow while it keeps dying; return once it is stopped.

        Cancel the task that runs this before ``stop``, so that no start is under way.
        """
        deaths, since = 0, asyncio.get_running_loop().time()
        while self._wanted:
            await asyncio.sleep(0.5)
            if self.running or not self._wanted:
                continue
            now = asyncio.get_running_loop().time()
            deaths = 0 if now - since > STEADY_S else deaths
            pause_s = pauses_s[min(deaths, len(pauses_s) - 1)]
            progress(f"Kafka s’est arrêté\u202f; nouvel essai dans {pause_s:g}\u00a0s.")
            await asyncio.sleep(pause_s)
            deaths, since = deaths + 1, now
            try:
                await self.start(probe=probe, progress=progress)
                progress("Kafka a redémarré.")
            except LocalKafkaError as refusal:
                progress(str(refusal))

    def tail(self, lines: int = 20) -> str:
        """Return the end of what the node wrote, its console first."""
        written = [path.read_text(errors="replace").splitlines() for path in (self._console, self.log) if path.exists()]
        return "\n".join(line for text in written for line in text[-lines:])

    @property
    def _console(self) -> Path:
        return self.folder / "logs" / "console.log"

    def _process(self) -> psutil.Process | None:
        if self._child and self._child.poll() is not None:
            return None
        kept = Footprint.read(self.folder)
        return kept.process if kept else None

    async def _free_folder(self) -> None:
        """Stop the node that an owner now gone left on this folder."""
        kept = Footprint.read(self.folder)
        if kept is None or kept.process is None:
            return
        if not kept.is_stale:
            raise AlreadyRunning(self.folder, pid=kept.pid)
        await self.stop()

    def _launch(self, command: list[str]) -> None:
        logs = self.log.parent
        logs.mkdir(exist_ok=True)
        if self._console.exists():
            self._console.replace(logs / "console.previous.log")
        tied = [] if self._outlive else [sys.executable, "-I", "-S", str(GUARD), str(os.getpid())]
        with self._console.open("wb") as console:
            # Its own session: neither Ctrl-C nor the end of the terminal reaches the node before we stop it.
            self._child = subprocess.Popen(  # noqa: S603 -- the command is ours
                [*tied, *command],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        Footprint.of(self._child.pid, owner=None if self._outlive else os.getpid()).leave(self.folder)
        if not self._outlive:
            atexit.register(self.kill)  # for systems on which the guard can do nothing

    async def _ready(self, probe: Probe | None) -> None:
        while STARTED not in self._console.read_text(errors="replace"):
            self._check_alive()
            await asyncio.sleep(0.05)
        while probe and not await probe(self.bootstrap):
            self._check_alive()
            await asyncio.sleep(0.1)

    def _check_alive(self) -> None:
        status = self._child.poll() if self._child else None
        if status is not None:
            raise DidNotStart(f"terminé, code {status}", folder=self.log.parent, tail=self.tail())
