"""A topic full of real states, written as fast as a client can: what others read while they are measured."""

import asyncio
from time import perf_counter

from confluent_kafka import Producer

from tests.bench.child import Result, answer
from tests.bench.material import head, records, topic

AT_ONCE = 10_000


async def fill(*, bootstrap: str, sirens: list[str], each: int) -> Result:
    """Write ``each`` projects of every EPCI into its own territory topic."""
    began = perf_counter()
    await asyncio.to_thread(_write, bootstrap, sirens, each)
    return {"rows": each * len(sirens), "seconds": perf_counter() - began}


def _write(bootstrap: str, sirens: list[str], each: int) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 20})
    for siren in sirens:
        for number, wire in enumerate(records(siren, each), start=1):
            producer.produce(topic(siren), wire.value, wire.key, headers=list(head(wire)))
            if number % AT_ONCE == 0:
                producer.flush()
    producer.flush()


if __name__ == "__main__":
    answer(fill)
