"""Requests accepted per second by one whole instance, its relay and its readers at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from shared.ports import free_ports
from tests.bench.child import Child, Result
from tests.bench.figures import Bar, Figure, percentile
from tests.bench.territory import ROLE, grounds, instances
from tests.bench.world import World

CONNECTIONS = 8
HALF = Bar(least=0.5, of="floor")


async def writes(world: World) -> list[Figure]:
    """Measure new projects over HTTP beside a bare route that commits one row."""
    ground = await grounds(world.place(), epci=1, running=1)
    place = ground.places[0]
    async with instances(ground, world.bootstrap) as running, _bare(world.place()) as bare_port:
        pid = running.process(place).pid

        async def product() -> Result:
            sampling = asyncio.create_task(world.sample(pid, told="writes", seconds=world.size.load_seconds))
            took = await _load(world, place.port, place.tokens[ROLE.value])
            await sampling
            return took

        taken = await world.rounds({"product": product, "floor": partial(_load, world, bare_port, "none")})
    figures = [Figure("writes", "writes accepted", "1/s", taken.values("product"), bars=(HALF,), busy=taken.busy)]
    figures[0].beside = {"floor": taken.values("floor")}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        ours, bare = (_of(taken.results[one], share) for one in ("product", "floor"))
        figures.append(Figure("writes", f"writes, {name}", "ms", ours, beside={"floor": bare}, busy=taken.busy))
    return figures


def _of(results: list[Result], share: float) -> list[float]:
    return [percentile(one["took"], share) * 1000 for one in results]


async def _load(world: World, port: int, token: str) -> Result:
    seconds = world.size.load_seconds
    found = await world.run("writing", "load", port=port, token=token, connections=CONNECTIONS, seconds=seconds)
    assert not found["refused"], f"refused: {found['refused'][:3]}"
    return found


@asynccontextmanager
async def _bare(folder: Path) -> AsyncIterator[int]:
    [port] = free_ports(1)
    child = await Child.start("writing", "bare", port=port, url=f"sqlite+aiosqlite:///{folder / 'bare.sqlite'}")
    try:
        await child.begun()
        yield port
    finally:
        await child.end()
