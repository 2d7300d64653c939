"""What a run has: one broker, a folder, a size, and the rounds in which product and floor take turns."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from shared.messaging.embedded.node import LocalKafka
from tests.bench import profiling
from tests.bench.child import Child, Result
from tests.bench.machine import Others, quiet
from tests.bench.profiling import Profile
from tests.bench.stores import new_database

DATABASES = ("SQLite", "PostgreSQL")
Measure = Callable[[], Awaitable[Result]]


@dataclass(frozen=True)
class Size:
    """How much is measured: enough for a figure, or just enough to see that the bench works."""

    rounds: int = 2
    patience_s: int = 15
    instances: int = 7
    relay_rows: int = 20_000
    topic_rows: int = 100_000
    rebuild_seconds: float = 12
    peer_rows: int = 3_000
    load_seconds: float = 6
    idle_writes: int = 20
    busy_seconds: float = 8
    rest_seconds: float = 15
    sky_rows: int = 300_000
    grow_projects: tuple[int, ...] = (1_000, 10_000, 100_000)
    grow_epci: tuple[int, ...] = (7, 30, 100)
    grow_seconds: float = 300
    listed: int = 5_000
    list_requests: int = 150


USUAL = Size()
QUICK = Size(
    rounds=1,
    patience_s=0,
    instances=2,
    relay_rows=1_000,
    topic_rows=1_500,
    rebuild_seconds=3,
    peer_rows=100,
    load_seconds=1,
    idle_writes=3,
    busy_seconds=1,
    rest_seconds=2,
    sky_rows=5_000,
    grow_projects=(100,),
    grow_epci=(3,),
    grow_seconds=30,
    listed=70,
    list_requests=6,
)


@dataclass
class Taken:
    """What rounds gave: the results of each thing measured, and the largest share others took of the machine."""

    results: dict[str, list[Result]] = field(default_factory=dict)
    busy: float = 0.0

    def values(self, name: str, key: str = "per_second") -> list[float]:
        """Return one value per round."""
        return [float(one[key]) for one in self.results[name]]

    def cost(self, name: str, *, floor: str = "floor") -> str:
        """Say what one row took of a processor: this holds on a busy machine too."""
        ours, bare = (min(self.values(one, "cpu_us")) for one in (name, floor))
        return f"processor a row: {ours:.0f} µs, floor {bare:.0f} µs"


@dataclass
class World:
    """One run of the bench."""

    folder: Path
    kafka: LocalKafka
    console: Console
    size: Size = USUAL
    profile: bool = False
    postgres: str = ""
    kafka_started_s: float = 0.0
    profiles: dict[str, Profile] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        """Address of the Kafka of the run."""
        return self.kafka.bootstrap

    def place(self) -> Path:
        """Return a new folder."""
        folder = self.folder / uuid4().hex
        folder.mkdir()
        return folder

    async def store(self, database: str) -> str:
        """Return the address of a new empty database."""
        if database == "PostgreSQL":
            return await new_database(self.postgres)
        return f"sqlite+aiosqlite:///{self.place() / 'bench.sqlite'}"

    async def rounds(self, measures: Mapping[str, Measure], *, rounds: int = 0) -> Taken:
        """Let product and floor take turns, each time when the machine is quiet, and note what others took of it."""
        taken = Taken({name: [] for name in measures})
        for number in range(rounds or self.size.rounds):
            for name, measure in measures.items():
                self.console.print(f"  [dim]{name}, round {number + 1}[/]")
                await quiet(at_most_s=self.size.patience_s)
                with Others() as others:
                    taken.results[name].append(await measure())
                taken.busy = max(taken.busy, others.share)
        return taken

    async def run(self, module: str, probe: str, *, told: str = "", **arguments: object) -> Result:
        """Run a probe to its end; ``told`` names its profile, where one is wanted of it."""
        child = await Child.start(module, probe, **arguments)
        try:
            if not (self.profile and told):
                return await child.result()
            await child.begun()
            sampling = asyncio.create_task(profiling.sampled(child.process.pid))
            result = await child.result()
            self.profiles[told] = await sampling
            return result
        finally:
            await child.end()

    async def sample(self, pid: int, *, told: str, seconds: float) -> None:
        """Profile a process for a while, where profiles are wanted; what it did not do in time is not told."""
        if self.profile:
            with suppress(asyncio.CancelledError):
                self.profiles[told] = await profiling.sampled(pid, seconds=seconds)
