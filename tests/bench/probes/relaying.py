"""Rows of an outbox on their way to Kafka: our relay, and the client alone with the same records."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from prometheus_client import Counter
from sqlmodel import insert

from shared.clock import now
from shared.db.leading import Leadership
from shared.figures import PUBLISHED
from shared.ids import uuid7
from shared.messaging.kafka import Publisher
from shared.messaging.relay import WINDOW, Relay
from shared.settings import KafkaAccess
from tests.bench.child import Pace, Result, answer, begin
from tests.bench.material import Wire, head, records, topic, type_of_record
from tests.bench.stores import opened
from tests.support.backbone import SERVICE, Outbox

LINGER_MS = 2  # as our own producer


async def product(*, url: str, bootstrap: str, siren: str, rows: int) -> Result:
    """Publish an outbox full of rows with our relay; the first window warms up and does not count."""
    database = await opened(url, siren=siren, service=SERVICE)
    wires = list(records(siren, rows + WINDOW))
    async with database.transaction() as session:
        await session.exec(insert(Outbox), params=[_row(wire, topic(siren)) for wire in wires])
    published = PUBLISHED.labels(siren, SERVICE)
    publisher = Publisher(KafkaAccess(bootstrap), client_id=f"{siren}.relay")
    begin()
    async with Leadership(database) as leader:
        relay = Relay(database, Outbox, publisher, leader=leader)
        running = asyncio.create_task(relay.run())
        first = await _reached(published, WINDOW)
        pace = Pace()
        last = await _reached(published, len(wires))
        result = pace.result(last - first)
        relay.ask_to_stop()
        await running
    await database.close()
    return result


async def floor(*, bootstrap: str, siren: str, rows: int) -> Result:
    """Send the same records with the client alone: pipelined, idempotent, acknowledged by all replicas."""
    wires = list(records(siren, rows + WINDOW))
    heads = [head(wire) for wire in wires]
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=LINGER_MS, max_request_size=900_000
    )
    await producer.start()
    begin()
    await _sent(producer, wires[:WINDOW], heads[:WINDOW], to=topic(siren))
    pace = Pace()
    await _sent(producer, wires[WINDOW:], heads[WINDOW:], to=topic(siren))
    result = pace.result(rows)
    await producer.stop()
    return result


async def _sent(
    producer: AIOKafkaProducer, wires: Sequence[Wire], heads: Sequence[list[tuple[str, bytes]]], *, to: str
) -> None:
    futures = [
        await producer.send(to, value=wire.value, key=wire.key.encode(), headers=headers)
        for wire, headers in zip(wires, heads, strict=True)
    ]
    await asyncio.gather(*futures)


def _row(wire: Wire, to: str) -> dict[str, object]:
    return {
        "message_id": uuid7(),
        "topic": to,
        "key": wire.key,
        "aggregate_version": 1,
        "type": type_of_record(),
        "headers": wire.headers_as_json,
        "payload": wire.value,
        "occurred_at": now(),
        "attempts": 0,
    }


async def _reached(counter: Counter, count: int) -> float:
    """Return the counter once it says ``count`` or more; looking costs microseconds."""
    while (found := next(iter(counter.collect())).samples[0].value) < count:  # noqa: ASYNC110 - a counter sets no event
        await asyncio.sleep(0.002)
    return found


if __name__ == "__main__":
    answer(product, floor)
