"""Topics are planned, created as planned, compared, and never changed in silence."""

import pytest

from shared.contracts import CATALOGUE, SERVICES
from shared.contracts.base import Visibility
from shared.messaging.registry import dead_letter_topic, parse_topic
from shared.messaging.topology import Topology, topics_of
from shared.settings import KafkaAccess
from tests.support.cluster import change, described, operator
from tests.support.territory import random_siren


@pytest.fixture
def sirens() -> list[str]:
    return [random_siren(), random_siren()]


def test_every_aggregate_has_a_topic_per_visibility_and_every_service_a_dlq() -> None:
    siren = random_siren()

    planned = {topic.name for topic in topics_of(siren)}

    wanted = {f"ti.{scope.value}.{siren}.{one.aggregate}.v1" for one in CATALOGUE.values() for scope in one.scopes}
    assert planned == wanted | {str(dead_letter_topic(service, epci=siren)) for service in SERVICES}
    assert all(parse_topic(name) for name in planned)


def test_state_topics_are_compacted_in_one_partition_and_replicated_where_there_are_three() -> None:
    for topic in topics_of(random_siren(), replicas=3):
        assert topic.partitions == 1
        assert topic.config["min.insync.replicas"] == "2"
        assert topic.config["unclean.leader.election.enable"] == "false"
        assert topic.config["cleanup.policy"] == ("delete" if "-dlq." in topic.name else "compact")


def test_personal_data_leaves_private_topics_within_a_day() -> None:
    lags = {
        parse_topic(topic.name).visibility: int(topic.config["max.compaction.lag.ms"])  # type: ignore[union-attr]
        for topic in topics_of(random_siren())
        if "max.compaction.lag.ms" in topic.config
    }

    assert lags[Visibility.PRIVATE] == 24 * 3600 * 1000 < lags[Visibility.TERRITORY] == lags[Visibility.PUBLIC]


def test_a_new_territory_misses_every_topic_and_after_apply_none(bootstrap: str, sirens: list[str]) -> None:
    topology = Topology(KafkaAccess(bootstrap))
    wanted = {topic.name: topic.config for siren in sirens for topic in topics_of(siren)}

    plan = topology.plan(sirens)
    assert ({topic.name for topic in plan.missing}, plan.different, plan.right) == (set(wanted), {}, 0)
    assert topology.apply(plan) == len(wanted)

    again = topology.plan(sirens)
    assert (again.missing, again.different, again.right) == ([], {}, len(wanted))
    assert topology.apply(again) == 0
    found = described(operator(bootstrap), list(wanted))
    assert {name: found[name] | config for name, config in wanted.items()} == found


def test_a_topic_made_meanwhile_is_no_error(bootstrap: str, sirens: list[str]) -> None:
    topology = Topology(KafkaAccess(bootstrap))
    plan = topology.plan(sirens[:1])

    topology.apply(plan)
    topology.apply(plan)

    assert topology.plan(sirens[:1]).missing == []


async def test_a_topic_that_differs_is_reported_and_left_as_it_is(bootstrap: str, sirens: list[str]) -> None:
    topology = Topology(KafkaAccess(bootstrap))
    topology.apply(topology.plan(sirens[:1]))
    topic = f"ti.territory.{sirens[0]}.project.v1"
    await change(operator(bootstrap), topic, key="cleanup.policy", value="delete")

    plan = topology.plan(sirens[:1])
    topology.apply(plan)

    assert plan.different == {topic: {"cleanup.policy": ("delete", "compact")}}
    assert described(operator(bootstrap), [topic])[topic]["cleanup.policy"] == "delete"
