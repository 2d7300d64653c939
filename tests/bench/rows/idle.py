"""What an instance and Kafka cost when nothing happens: start, memory, processor."""

import asyncio
from time import monotonic

import psutil

from tests.bench.figures import Bar, Figure
from tests.bench.machine import Others, quiet
from tests.bench.territory import grounds, instances, settled, used
from tests.bench.world import World
from tests.support.broker import free_port
from tests.support.instances import environment, serving
from tests.support.territory import make_territory, random_siren
from tests.support.waiting import eventually

ONE_PERCENT = Bar(most=1)


async def idle(world: World) -> list[Figure]:
    """Measure one instance as an operator starts it, then all of a territory at rest on one Kafka."""
    return [*await _one(world), *await _together(world)]


async def _one(world: World) -> list[Figure]:
    territory, folder = make_territory([random_siren()]), world.place()
    settings = await asyncio.to_thread(environment, territory, folder, bootstrap=world.bootstrap, port=free_port())
    first: list[float] = []
    again: list[float] = []
    memory: list[float] = []
    for took in (first, again):
        await quiet(at_most_s=world.size.patience_s)
        with serving(settings, folder, forked=False) as served:
            began = monotonic()

            async def ready() -> bool:
                return '"ready"' in (await served.get("/readyz")).text

            await eventually(served.answers, within=60)
            await eventually(ready, within=60)
            took.append(monotonic() - began)
            await asyncio.sleep(2)
            memory.append(psutil.Process(served.process.pid).memory_info().rss / 2**20)
            await asyncio.to_thread(served.stop)
    return [
        Figure("idle", "instance, first start until ready", "s", first, note="databases and topics are made"),
        Figure("idle", "instance, later start until ready", "s", again),
        Figure("idle", "instance, resident memory", "MiB", memory),
    ]


async def _together(world: World) -> list[Figure]:
    many = world.size.instances
    ground = await grounds(world.place(), epci=many, running=many)
    assert world.kafka.pid is not None
    kafka = psutil.Process(world.kafka.pid)
    began = monotonic()
    async with instances(ground, world.bootstrap) as running:
        started = monotonic() - began
        ours = [running.process(place) for place in ground.places]
        await settled(ours)
        shares, kafkas, busy = [], [], 0.0
        for _ in range(world.size.rounds):
            await quiet(at_most_s=world.size.patience_s)
            sampling = asyncio.create_task(
                world.sample(ours[0].pid, told="idle instance", seconds=world.size.rest_seconds)
            )
            with Others() as others:
                before, kafka_before, instant = used(ours), used([kafka]), monotonic()
                await asyncio.sleep(world.size.rest_seconds)
                took = monotonic() - instant
                shares.append((used(ours) - before) / took / many * 100)
                kafkas.append((used([kafka]) - kafka_before) / took * 100)
            busy = max(busy, others.share)
            await sampling
        shared = [process.memory_full_info().pss / 2**20 for process in ours]
    return [
        Figure("idle", "instance at rest, processor", "% of a core", shares, bars=(ONE_PERCENT,), busy=busy),
        Figure("idle", f"{many} instances, start until all ready", "s", [started], note="forked, as the demo does"),
        Figure("idle", f"{many} instances, memory of each", "MiB", [sum(shared) / many], note="shared part divided"),
        Figure("idle", f"Kafka at rest under {many} instances, processor", "% of a core", kafkas, busy=busy),
        Figure("idle", f"Kafka under {many} instances, resident memory", "MiB", [kafka.memory_info().rss / 2**20]),
        Figure("idle", "Kafka, start until it acknowledges", "s", [world.kafka_started_s], note="format included"),
    ]
