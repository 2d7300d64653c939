"""From the answer 201 of one instance until six others can read the row."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import psutil

from services.demo.places import Grounds
from tests.bench.child import Child, Result
from tests.bench.figures import Bar, Figure, percentile
from tests.bench.territory import ROLE, Forked, grounds, instances, make_topics, settled, used
from tests.bench.world import Taken, World
from tests.support.territory import random_siren

PACES = {"idle": 2.0, "at 50/s": 50.0}
MORE_SECONDS = 20.0
BARS = {("idle", "p50"): (Bar(most=2, of="floor"),), ("at 50/s", "p99"): (Bar(most=300),)}

Making = Callable[[], Awaitable[Child]]


@dataclass
class Bare:
    """The floor: bare processes that read, each with a SQLite file of its own, and where one writes."""

    siren: str
    writer: str
    files: list[str]


async def visible(world: World) -> list[Figure]:
    """Measure real instances beside bare processes, idle and at fifty writes a second."""
    many = world.size.instances
    ground = await grounds(world.place(), epci=many, running=many)
    async with instances(ground, world.bootstrap) as running, _bare(world, readers=many - 1) as bare:
        counts = {"idle": world.size.idle_writes, "at 50/s": int(world.size.busy_seconds * PACES["at 50/s"])}
        figures = []
        for name, count in counts.items():
            product = partial(_product, world, ground, running, name, count)
            taken = await world.rounds({"product": product, "floor": partial(_floor, world, bare, name, count)})
            figures += _told(name, taken)
    return figures


def _told(name: str, taken: Taken) -> list[Figure]:
    figures = []
    for label, share in (("p50", 0.5), ("p99", 0.99)):
        ours, bare = (
            [percentile(one["after_ms"], share) for one in taken.results[which]] for which in ("product", "floor")
        )
        figure = Figure("visible", f"visible elsewhere {name}, {label}", "ms", ours, {"floor": bare}, busy=taken.busy)
        figure.bars = BARS.get((name, label), ())
        product = taken.results["product"]
        unseen = sum(one["unseen"] for one in product)
        figure.note = f"{len(product[0]['after_ms'])} writes a round; processor a write: " + ", ".join(
            f"{who} {min(one['cost_ms'][who] for one in product):.0f} ms" for who in product[0]["cost_ms"]
        )
        figure.note += f"; {unseen} not everywhere within {MORE_SECONDS:.0f} s" if unseen else ""
        figures.append(figure)
    return figures


async def _product(world: World, ground: Grounds, running: Forked, name: str, count: int) -> Result:
    first, *others = ground.places
    await settled([running.process(place) for place in ground.places])
    files = [str(place.folder.resolve() / "projects.sqlite") for place in others]
    pace, token = PACES[name], first.tokens[ROLE.value]
    making = partial(Child.start, "writing", "paced", port=first.port, token=token, per_second=pace, count=count)
    sampling = [
        asyncio.create_task(
            world.sample(running.process(place).pid, told=f"visible {name}, {who}", seconds=count / pace)
        )
        for who, place in zip(("writer", "reader"), ground.places, strict=False)
    ]
    parts = {"writer": [running.process(first)], "Kafka": [psutil.Process(world.kafka.pid)]}
    parts["each reader"] = [running.process(place) for place in others]
    before = {who: used(processes) for who, processes in parts.items()}
    try:
        found = await seen(making, files, table="known_project", count=count, seconds=count / pace)
    finally:
        await asyncio.gather(*sampling)
    await settled(parts["each reader"])
    spent = {who: (used(processes) - before[who]) / len(processes) for who, processes in parts.items()}
    return {**found, "cost_ms": {who: seconds / count * 1000 for who, seconds in spent.items()}}


async def _floor(world: World, bare: Bare, name: str, count: int) -> Result:
    where = {"url": bare.writer, "bootstrap": world.bootstrap, "siren": bare.siren}
    making = partial(Child.start, "watching", "write", per_second=PACES[name], count=count, **where)
    return await seen(making, bare.files, table="plain", count=count, seconds=count / PACES[name])


async def seen(making: Making, files: list[str], *, table: str, count: int, seconds: float) -> Result:
    """Return for each write how long it took, from its acceptance until the last of the others could read it."""
    most = seconds + MORE_SECONDS
    watch = await Child.start("watching", "watch", files=files, table=table, expected=count, most_seconds=most)
    await watch.begun()
    made = (await (await making()).result())["made"]
    seen = [dict(rows) for rows in (await watch.result())["seen"]]
    nowhere = {id for id, _, _ in made if any(id not in rows for rows in seen)}
    after = [
        most * 1000 if id in nowhere else (max(rows[id] for rows in seen) - accepted) / 1e6 for id, _, accepted in made
    ]
    return {"after_ms": after, "unseen": len(nowhere)}


@asynccontextmanager
async def _bare(world: World, *, readers: int) -> AsyncIterator[Bare]:
    siren = random_siren()
    await asyncio.to_thread(make_topics, world.bootstrap, [siren])
    files = [str(world.place() / "bare.sqlite") for _ in range(readers)]
    async with AsyncExitStack() as stack:
        for file in files:
            url = f"sqlite+aiosqlite:///{file}"
            child = await Child.start("watching", "read", url=url, bootstrap=world.bootstrap, siren=siren)
            stack.push_async_callback(child.end)
            await child.begun()
        yield Bare(siren, await world.store("SQLite"), files)
