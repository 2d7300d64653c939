"""The end of a client: aiokafka ends one as if cancelled, and half of it only, when Kafka went away under it."""

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer

log = structlog.get_logger(__name__)

STOP_SECONDS = 2.0


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
