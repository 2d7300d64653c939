"""Records per second from a full topic into copies."""

import asyncio
from functools import partial

from tests.bench.child import Result
from tests.bench.figures import Bar, Figure
from tests.bench.territory import make_topics
from tests.bench.world import DATABASES, World
from tests.support.territory import random_siren

BARS = (Bar(least=0.4, of="floor"), Bar(least=15, of="peer"))


async def rebuild(world: World) -> list[Figure]:
    """Measure our projectors on each database beside the barest reader and FastStream’s usual handler."""
    siren = random_siren()
    await asyncio.to_thread(make_topics, world.bootstrap, [siren])
    await world.run("filling", "fill", bootstrap=world.bootstrap, sirens=[siren], each=world.size.topic_rows)

    async def read(probe: str, database: str) -> Result:
        rows = world.size.peer_rows if probe == "peer" else world.size.topic_rows
        told = f"rebuild, {database}" if probe == "product" else ""
        place = {"url": await world.store(database), "bootstrap": world.bootstrap, "siren": siren}
        return await world.run(
            "rebuilding", probe, told=told, rows=rows, most_seconds=world.size.rebuild_seconds, **place
        )

    figures = []
    for database in DATABASES:
        probes = ("product", "floor", "peer")
        taken = await world.rounds({probe: partial(read, probe, database) for probe in probes})
        beside = {name: taken.values(name) for name in probes[1:]}
        read_all = taken.results["product"][-1]["rows"] == world.size.topic_rows
        figure = Figure(
            "rebuild", f"rebuild, {database}", "records/s", taken.values("product"), beside, BARS, taken.busy
        )
        figure.note = taken.cost("product") + ("" if read_all else f"; cut off after {world.size.rebuild_seconds:g} s")
        figures.append(figure)
    return figures
