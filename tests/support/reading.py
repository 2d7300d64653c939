"""What a bench makes of the topics it reads: what it has handled, and what it has set aside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import ConsumerRecord

from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.figures import FORGED
from shared.messaging.delivery import group_of
from shared.messaging.kafka import FACTS, Subscribers
from shared.messaging.registry import dead_letter_topic, topic_of
from tests.support.backbone import SERVICE, Bench
from tests.support.peer import handled
from tests.support.topics import dump
from tests.support.waiting import doing


def topic_at(epci: str) -> str:
    """Return the topic in which an EPCI tells the territory of its projects."""
    return str(topic_of(Project, visibility=Visibility.TERRITORY, epci=epci))


def forged(bench: Bench) -> float:
    """Return how many records that speak for another this service has counted."""
    return sum(
        sample.value
        for metric in FORGED.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["epci"] == bench.epci
    )


async def letters(bench: Bench, *, kind: str = "projector") -> dict[int, "ConsumerRecord[bytes, bytes]"]:
    """Return what one group of the bench has set aside, by offset in its topic."""
    group = group_of(bench.epci, SERVICE, kind).encode()
    found = await dump(bench.bootstrap, str(dead_letter_topic(SERVICE, epci=bench.epci)))
    mine = [one for one in found if dict(one.headers[:FACTS])["dlq_group"] == group]
    by_offset = {int(dict(one.headers[:FACTS])["dlq_offset"]): one for one in mine}
    assert len(by_offset) == len(mine), "set aside twice"
    return by_offset


def reasons(found: dict[int, "ConsumerRecord[bytes, bytes]"]) -> dict[int, str]:
    """Return why each was set aside."""
    return {offset: dict(one.headers[:FACTS])["dlq_reason"].decode() for offset, one in found.items()}


@asynccontextmanager
async def consuming(subscribers: Subscribers) -> AsyncIterator[Subscribers]:
    """Run the consumers of a bench."""
    async with doing(subscribers.run()):
        yield subscribers


async def caught_up(bench: Bench, topic: str, *, to: int) -> bool:
    """Tell whether both groups of a bench have handled a topic up to an offset."""
    groups = [group_of(bench.epci, SERVICE, kind) for kind in ("projector", "reactor")]
    return await handled(bench.bootstrap, topic, groups=groups) == [to, to]
