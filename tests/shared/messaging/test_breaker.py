"""A hostile neighbour silences its own topic, and a bad deploy empties none into the DLQ."""

from prometheus_client import REGISTRY

from shared.messaging.delivery import LIMIT, Delivery, group_of
from shared.messaging.delivery.breaker import WINDOW, Breaker
from shared.territory.members import Territory
from tests.support.backbone import SERVICE, Bench, KnownProject, Position, make_project
from tests.support.peer import Written, handled, send, written
from tests.support.reading import caught_up, consuming, letters, topic_at
from tests.support.waiting import eventually


def wrong(peer: str) -> Written:
    return written(make_project(peer)).raw(b"{")


def group(bench: Bench, kind: str = "projector") -> str:
    return group_of(bench.epci, SERVICE, kind)


async def paused(bench: Bench, topic: str) -> bool:
    rows = [row for row in await bench.rows(Position) if row.topic == topic]
    return len(rows) == 2 and all(row.paused_at is not None for row in rows)


async def test_f12_a_hostile_neighbour_silences_its_own_topic_alone(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    hostile, good = territory.sirens[1], territory.sirens[2]
    await send(bench.bootstrap, topic_at(hostile), [wrong(hostile) for _ in range(3 * LIMIT)])

    async with consuming(bench.subscribers(delivery)) as subscribers:
        await eventually(lambda: caught_up(bench, topic_at(hostile), to=LIMIT), within=30)
        await eventually(lambda: paused(bench, topic_at(hostile)))
        await send(bench.bootstrap, topic_at(good), [written(make_project(good)) for _ in range(5)])
        await eventually(lambda: caught_up(bench, topic_at(good), to=5))
        await send(bench.bootstrap, topic_at(hostile), [written(make_project(hostile))])
        await send(bench.bootstrap, topic_at(good), [written(make_project(good))])
        await eventually(lambda: caught_up(bench, topic_at(good), to=6))
        groups = [group(bench), group(bench, "reactor")]
        assert await handled(bench.bootstrap, topic_at(hostile), groups=groups) == [LIMIT, LIMIT]
        assert subscribers.dead() == []

    assert sorted(await letters(bench)) == list(range(LIMIT))
    labels = {"epci": bench.epci, "service": SERVICE, "group": group(bench), "topic": topic_at(hostile)}
    assert REGISTRY.get_sample_value("estuaire_topic_paused", labels) == 1


async def test_a_restart_reads_on_where_the_breaker_stopped(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    sent = [wrong(peer) for _ in range(LIMIT + 20)] + [written(make_project(peer)) for _ in range(4)]
    await send(bench.bootstrap, topic_at(peer), sent)
    async with consuming(bench.subscribers(delivery)):
        await eventually(lambda: paused(bench, topic_at(peer)), within=30)

    again = bench.letters()
    async with consuming(bench.subscribers(bench.delivery(again))):
        await eventually(lambda: caught_up(bench, topic_at(peer), to=len(sent)), within=30)
    await again.close()

    assert sorted(await letters(bench)) == list(range(LIMIT + 20)), "each is set aside once"
    assert len(await bench.rows(KnownProject)) == 4
    assert not await paused(bench, topic_at(peer))


async def test_an_operator_lets_a_topic_go_while_the_instance_runs(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    sent = [wrong(peer) for _ in range(LIMIT + 1)] + [written(make_project(peer))]
    await send(bench.bootstrap, topic_at(peer), sent)

    async with consuming(bench.subscribers(delivery)):
        await eventually(lambda: paused(bench, topic_at(peer)), within=30)
        assert await delivery.positions.resume([topic_at(peer)]) == 2
        await eventually(lambda: caught_up(bench, topic_at(peer), to=len(sent)), within=30)

    assert sorted(await letters(bench)) == list(range(LIMIT + 1))


def test_single_invalid_records_among_valid_ones_never_trip() -> None:
    breaker = Breaker()

    verdicts = [(offset, offset % 3 == 0) for offset in range(10 * WINDOW)]

    assert breaker.first_refused(verdicts) is None


def test_more_than_half_of_the_last_ones_trip_though_never_in_a_row() -> None:
    verdicts = [(offset, offset % 3 != 0) for offset in range(2 * WINDOW)]

    assert Breaker().first_refused(verdicts) == WINDOW


def test_a_record_read_again_counts_once() -> None:
    breaker = Breaker()
    for _ in range(5):
        for offset in range(LIMIT - 1):
            breaker.count(offset, invalid=True)

    assert breaker.allows()
    breaker.count(LIMIT - 1, invalid=True)
    assert not breaker.allows()


async def test_f11_a_bad_deploy_stops_after_a_few_records_of_a_topic(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    sent = [wrong(peer) for _ in range(LIMIT - 1)]
    sent += [written(make_project(peer, title="poison")) for _ in range(3)]
    await send(bench.bootstrap, topic_at(peer), sent)

    async with consuming(bench.subscribers(delivery)):
        await eventually(lambda: paused(bench, topic_at(peer)), within=60)

    assert sorted(await letters(bench)) == list(range(LIMIT)), "one bug more is set aside, the next one stays"
    rows = [row for row in await bench.rows(Position) if row.topic == topic_at(peer)]
    assert {row.next_offset for row in rows} == {LIMIT}
