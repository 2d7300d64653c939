"""Consumers that come and go, and records that come twice: nothing is skipped, nothing acts twice."""

import asyncio
import random
from collections.abc import Sequence

from shared.territory.members import Territory
from tests.support.backbone import Bench, Effect, KnownProject, make_project
from tests.support.peer import Written, send, written
from tests.support.reading import caught_up, consuming, letters, topic_at
from tests.support.waiting import eventually

WAVES, PER_WAVE = 6, 20


async def test_f08_invariant_8_a_rebalance_storm_skips_nothing(bench: Bench, territory: Territory) -> None:
    buried = [bench.letters() for _ in range(3)]
    deliveries = [bench.delivery(one) for one in buried]

    async def produce() -> None:
        for _ in range(WAVES):
            for peer in territory.sirens:
                records = [written(make_project(peer)) for _ in range(PER_WAVE)]
                await send(bench.bootstrap, topic_at(peer), records)
            await asyncio.sleep(0.5)

    async def come_and_go(number: int) -> None:
        for _ in range(2):
            async with consuming(bench.subscribers(deliveries[number])):
                await asyncio.sleep(1.5 + number)

    async def all_read() -> bool:
        ends = [await caught_up(bench, topic_at(peer), to=WAVES * PER_WAVE) for peer in territory.sirens]
        return all(ends)

    async with consuming(bench.subscribers(deliveries[0])) as stays:
        await asyncio.gather(produce(), come_and_go(1), come_and_go(2))
        await eventually(all_read, within=60)
        assert stays.dead() == []

    sent = WAVES * PER_WAVE * len(territory.sirens)
    assert len(await bench.rows(KnownProject)) == len(await bench.rows(Effect)) == sent
    assert await letters(bench) == await letters(bench, kind="reactor") == {}
    for one in buried:
        await one.close()


async def test_f09_a_record_written_several_times_acts_once(bench: Bench, territory: Territory) -> None:
    peer, seed = territory.sirens[1], random.Random(9)  # noqa: S311 - repeats a test, keeps no secret
    projects = [written(make_project(peer)) for _ in range(40)]
    sent: Sequence[Written] = [one for one in projects for _ in range(seed.randint(1, 5))]
    await send(bench.bootstrap, topic_at(peer), sent)
    buried = bench.letters()

    async with consuming(bench.subscribers(bench.delivery(buried))):
        await eventually(lambda: caught_up(bench, topic_at(peer), to=len(sent)), within=60)

    await buried.close()
    assert len(await bench.rows(KnownProject)) == len(await bench.rows(Effect)) == len(projects)
    assert await letters(bench) == {}
