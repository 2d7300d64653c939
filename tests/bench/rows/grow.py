"""How start, memory, pages and lag grow with projects and with members."""

import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from time import monotonic, perf_counter

import psutil

from services.demo.places import Place
from shared.outbound import plain_client
from tests.bench.child import Child
from tests.bench.figures import Figure, percentile
from tests.bench.rows.visible import seen
from tests.bench.territory import ROLE, Forked, grounds, instances, make_topics, settled
from tests.bench.world import World

PAGES = {"list of 50 over the API": "/api/v1/projects?limit=50", "public page": "/"}
TIMES = 10
WRITES, PER_SECOND = 20, 5.0
KNOWN = "known_project"


async def grow(world: World) -> list[Figure]:
    """Measure an instance that joins ever more projects, then one among ever more members."""
    figures = []
    for count in world.size.grow_projects:
        figures += await _projects(world, count)
    for members in world.size.grow_epci:
        figures += await _members(world, members)
    return figures


async def _projects(world: World, count: int) -> list[Figure]:
    ground = await grounds(world.place(), epci=2, running=1)
    place, neighbour = ground.places[0], ground.territory.sirens[1]
    await asyncio.to_thread(make_topics, world.bootstrap, list(ground.territory.sirens))
    await world.run("filling", "fill", bootstrap=world.bootstrap, sirens=[neighbour], each=count)
    name, began = f"{count:,} projects".replace(",", "\u202f"), monotonic()
    async with instances(ground, world.bootstrap) as running:
        started = monotonic() - began
        held = await _read_all(place, count, within_s=world.size.grow_seconds)
        took = monotonic() - began
        await settled([running.process(place)], within_s=world.size.grow_seconds)
        quiet = monotonic() - began
        figures = [
            _one(f"{name}, instance ready", "s", started),
            _one(
                f"{name}, copies read since start",
                "1/s",
                held / took,
                note="" if held == count else f"{held} in {took:.0f} s, cut off",
            ),
            _one(f"{name}, all services at rest again", "s", quiet),
            *[_one(f"{name}, {label}", "ms", await _asked(place, path)) for label, path in PAGES.items()],
            *_held(running, place, name),
        ]
    return figures


async def _members(world: World, count: int) -> list[Figure]:
    ground = await grounds(world.place(), epci=count, running=1)
    place, neighbours = ground.places[0], ground.territory.sirens[1:]
    began = monotonic()
    topics = await asyncio.to_thread(make_topics, world.bootstrap, list(ground.territory.sirens))
    made, began = monotonic() - began, monotonic()
    name = f"{count} EPCI"
    async with instances(ground, world.bootstrap) as running:
        started = monotonic() - began
        await settled([running.process(place)])
        where = {"url": await world.store("SQLite"), "bootstrap": world.bootstrap, "siren": neighbours[-1]}
        making = partial(Child.start, "watching", "write", per_second=PER_SECOND, count=WRITES, **where)
        files = [str(place.folder / "projects.sqlite")]
        lag = await seen(making, files, table=KNOWN, count=WRITES, seconds=WRITES / PER_SECOND)
        kafka = psutil.Process(world.kafka.pid)
        return [
            _one(f"{name}, topics made", "s", made, note=f"{topics} topics"),
            _one(f"{name}, instance ready", "s", started),
            _one(f"{name}, visible here after a commit there, p50", "ms", percentile(lag["after_ms"], 0.5)),
            _one(f"{name}, Kafka, resident memory", "MiB", kafka.memory_info().rss / 2**20),
            *_held(running, place, name),
        ]


def _one(what: str, unit: str, value: float, *, note: str = "") -> Figure:
    return Figure("grow", what, unit, [value], note=note)


async def _read_all(place: Place, count: int, *, within_s: float) -> int:
    """Return how many copies there are once all are, or time is over."""
    deadline = monotonic() + within_s
    while (held := await asyncio.to_thread(_copies, place.folder / "projects.sqlite")) < count:
        if monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    return held


def _copies(file: Path) -> int:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as view:
        return int(view.execute(f"SELECT count(*) FROM {KNOWN}").fetchone()[0])  # noqa: S608 - a name of ours


async def _asked(place: Place, path: str) -> float:
    """Return the middle time of an answer, in milliseconds."""
    took = []
    async with plain_client(place.url, token=place.tokens[ROLE.value]) as client:
        for _ in range(TIMES):
            began = perf_counter()
            answer = await client.get(path)
            took.append((perf_counter() - began) * 1000)
            assert answer.status_code == 200, answer.text
    return percentile(took, 0.5)


def _held(running: Forked, place: Place, name: str) -> list[Figure]:
    files = sum(file.stat().st_size for file in place.folder.glob("*.sqlite*"))
    memory = running.process(place).memory_info().rss
    return [
        _one(f"{name}, instance, resident memory", "MiB", memory / 2**20),
        _one(f"{name}, databases", "MiB", files / 2**20),
    ]
