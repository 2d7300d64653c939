"""Where the topics of a whole territory end is known at once: whoever asks for the state of an instance waits."""

import time

from shared.messaging.kafka import bounds
from shared.messaging.topology import Topology, topics_of
from shared.settings import KafkaAccess
from tests.support.territory import make_territory, random_siren
from tests.support.topics import write

EPCI = 7
SECONDS = 8.0  # one after the other they take a minute on a busy machine


async def test_the_topics_of_seven_epci_are_looked_at_within_seconds(bootstrap: str) -> None:
    territory = make_territory([random_siren() for _ in range(EPCI)])
    access = KafkaAccess(bootstrap)
    topology = Topology(access)
    topology.apply(topology.plan(territory.sirens))
    names = [topic.name for siren in territory.sirens for topic in topics_of(siren)]
    await write(bootstrap, names[0], [(b"key", b"{}", ())] * 3)

    began = time.perf_counter()
    found = await bounds(access, [*names, "ti.territory.000000000.nowhere.v1"])
    seconds = time.perf_counter() - began

    assert found is not None, "taken for a Kafka that is away"
    assert found == {name: (0, 3 if name == names[0] else 0) for name in names}
    assert seconds < SECONDS


async def test_a_kafka_that_is_away_has_no_bounds() -> None:
    assert await bounds(KafkaAccess("127.0.0.1:9"), ["ti.territory.000000000.project.v1"]) is None
