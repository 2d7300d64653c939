"""When rows appear in databases of others, seen from outside; and seven bare processes that pass rows to each other."""

import asyncio
import sqlite3
from time import monotonic_ns, sleep
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.bench.child import Result, answer, begin
from tests.bench.material import head, records, topic
from tests.bench.stores import plain

LOOK_EVERY_S = 0.001


async def watch(*, files: list[str], table: str, expected: int, most_seconds: float) -> Result:
    """Return when each new row of ``table`` was first read in each SQLite file (monotonic ns).

    One statement on the row number looks at a file; six files looked at every millisecond take 5 % of a core.
    """
    views = [sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None) for file in files]
    last = [view.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0] for view in views]  # noqa: S608
    newer = f"SELECT rowid, id FROM {table} WHERE rowid > ?"  # noqa: S608 - the name is one of two of ours
    seen: list[list[tuple[str, int]]] = [[] for _ in views]
    begin()
    until = monotonic_ns() + int(most_seconds * 1e9)
    while any(len(rows) < expected for rows in seen) and monotonic_ns() < until:
        for number, view in enumerate(views):
            for rowid, id in view.execute(newer, (last[number],)):
                seen[number].append((str(UUID(id)), monotonic_ns()))
                last[number] = rowid
        sleep(LOOK_EVERY_S)  # noqa: ASYNC251 - nothing else runs here
    return {"seen": seen}


async def write(*, url: str, bootstrap: str, siren: str, per_second: float, count: int) -> Result:
    """Commit rows of the usual size at a pace and send each; return id and time of each commit (monotonic ns)."""
    store = await plain(url)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    wires = list(records(siren, count))
    made: list[tuple[str, int, int]] = []
    sent = []
    begin()
    began = monotonic_ns()
    for number, wire in enumerate(wires):
        await asyncio.sleep(max(0.0, (began - monotonic_ns()) / 1e9 + number / per_second))
        asked = monotonic_ns()
        await store.upsert([(wire.key, 1, wire.value)])
        made.append((wire.key, asked, monotonic_ns()))
        sent.append(await producer.send(topic(siren), value=wire.value, key=wire.key.encode(), headers=head(wire)))
    await asyncio.gather(*sent)
    await producer.stop()
    await store.close()
    return {"made": made}


async def read(*, url: str, bootstrap: str, siren: str) -> Result:
    """Read until killed, each batch in one transaction, its position committed after it."""
    store = await plain(url)
    partition = TopicPartition(topic(siren), 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=f"bare.{uuid4()}", auto_offset_reset="latest", enable_auto_commit=False
    )
    await consumer.start()
    consumer.assign([partition])
    await consumer.seek_to_end(partition)
    await consumer.position(partition)
    begin()
    while True:
        for batch in (await consumer.getmany(timeout_ms=1000)).values():
            await store.upsert([((record.key or b"").decode(), 1, record.value or b"") for record in batch])
            await consumer.commit()


if __name__ == "__main__":
    answer(watch, write, read)
