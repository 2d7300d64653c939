"""The end of a client: aiokafka ends one as if cancelled, and half of it only, when Kafka went away under it."""

import asyncio
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

log = structlog.get_logger(__name__)

STOP_SECONDS = 2.0
FLUSH_SECONDS = 5.0


async def end(*consumers: AIOKafkaConsumer) -> None:
    """Stop consumers, each within 2 s; nothing is raised, and nothing of them is left open."""
    stops = [asyncio.wait_for(consumer.stop(), STOP_SECONDS) for consumer in consumers]
    for consumer, ended in zip(consumers, await asyncio.gather(*stops, return_exceptions=True), strict=True):
        if ended is not None:
            log.debug("client_cut_off", error=type(ended).__name__)
            await hang_up(consumer)


async def hang_up(*consumers: AIOKafkaConsumer) -> None:
    """Close every connection of consumers whose stop may have been cut short before it came to that."""
    await asyncio.gather(*(consumer._client.close() for consumer in consumers), return_exceptions=True)


async def let_go(producer: AIOKafkaProducer, *, within: float = FLUSH_SECONDS) -> None:
    """Stop a producer within so many seconds; what it still holds it sends to nobody any more.

    A stop of aiokafka that is cut short leaves its sender, which would go on for as long as the process lives: a record
    given up could still come, after a newer one of its key.
    """
    with suppress(Exception):
        await asyncio.wait_for(producer.stop(), within)
    sending = producer._sender.sender_task if producer._sender is not None else None
    if sending is not None and not sending.done():
        sending.cancel()
        with suppress(Exception):
            await asyncio.wait_for(producer.client.close(), within)
        await asyncio.wait([sending], timeout=within)
