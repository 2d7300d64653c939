"""Trouble of our own: a bug, a database away, a DLQ that refuses. What can wait waits, what cannot is set aside."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import event
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from shared.messaging.delivery import DeadLetter, Delivery
from shared.messaging.envelope import RawRecord
from shared.messaging.kafka import raw_of
from shared.messaging.registry import dead_letter_topic
from shared.territory.members import Territory
from tests.support.backbone import SERVICE, Attempt, Bench, Effect, KnownProject, make_project
from tests.support.cluster import change, operator
from tests.support.databases import nobody_writes
from tests.support.peer import Written, send, written
from tests.support.reading import caught_up, consuming, letters, reasons, topic_at
from tests.support.topics import dump
from tests.support.waiting import eventually


async def test_a_bug_of_ours_is_tried_five_times_and_holds_up_nobody_for_ever(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    titles = ["avant", "poison", "après"]
    sent = [written(make_project(peer, title=title)) for title in titles]
    await send(bench.bootstrap, topic_at(peer), sent)

    async with consuming(bench.subscribers(delivery)) as subscribers:
        await eventually(lambda: caught_up(bench, topic_at(peer), to=3), within=30)
        assert subscribers.dead() == []

    tries = {(row.offset, row.tries) for row in await bench.rows(Attempt)}
    titles_kept = {json.loads(row.state)["title"] for row in await bench.rows(KnownProject)}
    assert tries == {(1, 5)}
    assert titles_kept == {"avant", "après"}
    for kind in ("projector", "reactor"):
        found = await letters(bench, kind=kind)
        assert reasons(found) == {1: "bug:ZeroDivisionError"}
        assert (found[1].key, found[1].value) == (sent[1].key, sent[1].value)


async def test_lines_written_because_of_a_message_name_it(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    await send(bench.bootstrap, topic_at(peer), [written(make_project(peer, title="poison"))])
    raws = [raw_of(one) for one in await dump(bench.bootstrap, topic_at(peer))]

    with capture_logs(processors=[merge_contextvars]) as lines:
        await delivery.react("reactor", raws)

    [message_id] = [value.decode() for name, value in raws[0].headers if name == "ce_id" and value]
    failed = [line for line in lines if line["event"] == "record_failed"]
    assert {(line["message_id"], line["source"]) for line in failed} == {(message_id, f"/epci/{peer}/projects")}


async def test_a_database_away_sends_nothing_to_the_dlq(bench: Bench, territory: Territory, delivery: Delivery) -> None:
    peer = territory.sirens[1]
    await send(bench.bootstrap, topic_at(peer), _with_one_wrong(peer))
    await _wait_no_longer_than(bench, 0.2)

    async with consuming(bench.subscribers(delivery)) as subscribers:
        async with nobody_writes(bench.database):
            await asyncio.sleep(2.5)
            during = await letters(bench)
        await eventually(lambda: caught_up(bench, topic_at(peer), to=21), within=30)
        assert subscribers.dead() == []

    assert during == {}
    assert len(await bench.rows(KnownProject)) == len(await bench.rows(Effect)) == 20
    assert await bench.rows(Attempt) == []
    assert list(await letters(bench)) == list(await letters(bench, kind="reactor")) == [10]


async def test_a_letter_too_large_even_for_the_dlq_is_cut_and_holds_up_no_other(bench: Bench) -> None:
    dlq = str(dead_letter_topic(SERVICE, epci=bench.epci))
    await change(operator(bench.bootstrap), dlq, key="max.message.bytes", value="600000")
    letters = bench.letters()
    record = RawRecord(topic_at(bench.epci), 0, 7, 0, b"key", b"x" * 700_000, (("ce_id", b"1"),))

    await letters.bury(DeadLetter(record, "group", "oversize", tries=1))
    await letters.bury(DeadLetter(replace(record, offset=8, value=b"small"), "group", "bad_key", tries=1))
    await letters.close()

    first, second = await dump(bench.bootstrap, dlq)
    facts = dict(first.headers)
    assert (facts["dlq_cut"], facts["dlq_topic"], facts["dlq_offset"]) == (b"true", record.topic.encode(), b"7")
    assert len(first.value) == 256 * 1024
    assert (second.value, dict(second.headers)["ce_id"]) == (b"small", b"1")


def _with_one_wrong(peer: str) -> Sequence[Written]:
    right = [written(make_project(peer)) for _ in range(20)]
    return [*right[:10], written(make_project(peer)).raw(b"{"), *right[10:]]


async def _wait_no_longer_than(bench: Bench, seconds: float) -> None:
    """Let a locked database be told at once: production waits 5 s before it says so."""
    await bench.database.engine.dispose()
    shorter = f"PRAGMA busy_timeout={seconds * 1000:.0f}"
    if not bench.database.is_sqlite:
        shorter = f"SET lock_timeout = {seconds * 1000:.0f}"

    @event.listens_for(bench.database.engine.sync_engine, "connect")
    def hurry(connection: Any, _record: object) -> None:  # noqa: ANN401 - adapter of the driver
        cursor = connection.cursor()
        cursor.execute(shorter)
        cursor.close()
        connection.commit()
