"""Rows per second from an outbox to Kafka."""

import asyncio
from functools import partial

from tests.bench.child import Result
from tests.bench.figures import Bar, Figure
from tests.bench.material import records
from tests.bench.sky import producer_performance
from tests.bench.territory import make_topics
from tests.bench.world import DATABASES, Measure, World
from tests.support.peer import make_topics as make_plain_topics
from tests.support.territory import random_siren

HALF = Bar(least=0.5, of="floor")
SKY = "ProducerPerformance"


async def relay(world: World) -> list[Figure]:
    """Measure our relay on each database beside the client alone, and Kafka’s own tool above both."""
    siren = random_siren()
    await asyncio.to_thread(make_topics, world.bootstrap, [siren])
    await make_plain_topics(world.bootstrap, f"bench.{siren}")
    run = partial(world.run, "relaying", bootstrap=world.bootstrap, siren=siren, rows=world.size.relay_rows)

    async def product(database: str) -> Result:
        return await run("product", told=f"relay, {database}", url=await world.store(database))

    async def sky() -> Result:
        size = len(next(records(siren, 1)).value)
        return await producer_performance(world.bootstrap, to=f"bench.{siren}", rows=world.size.sky_rows, size=size)

    measures: dict[str, Measure] = {database: partial(product, database) for database in DATABASES}
    taken = await world.rounds(measures | {"floor": partial(run, "floor"), SKY: sky})
    beside = {name: taken.values(name) for name in ("floor", SKY)}
    return [
        Figure("relay", f"relay, {one}", "rows/s", taken.values(one), beside, (HALF,), taken.busy, taken.cost(one))
        for one in DATABASES
    ]
