"""Every subscriber and producer keeps the settings without which records are lost, leaked or published by strangers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from faststream import AckPolicy
from faststream.kafka.subscriber.usecase import BatchSubscriber

from services.host import SERVICES
from shared.instance.running import Instance
from shared.messaging.kafka import Subscribers, Subscription, keep_raw, parse_cleaned
from shared.messaging.kafka.polling import LongPoll
from shared.settings import InstanceSettings, KafkaAccess
from tests.support.code import PRODUCT, Source, calls, dotted, imports, sources, told
from tests.support.territory import make_territory, random_siren

KAFKA = "shared/messaging/kafka"
FASTSTREAM = {
    "faststream.AckPolicy",
    "faststream.kafka.KafkaBroker",
    "faststream.kafka.KafkaMessage",
    "faststream.kafka.subscriber.usecase.BatchSubscriber",
    "faststream.message.AckStatus",
    "faststream.security.BaseSecurity",
    "faststream.security.SASLScram512",
}
"""All that is used of FastStream: neither its pages, one of which publishes to any topic, nor its routers."""


@pytest.fixture(scope="module")
def subscriptions(tmp_path_factory: pytest.TempPathFactory) -> list[Subscription]:
    """Return what an instance of the four services reads; it is never started."""
    territory = make_territory([random_siren() for _ in range(7)])
    folder = tmp_path_factory.mktemp("rules")
    settings = InstanceSettings(
        siren=territory.sirens[0],
        territory_file=folder / "territory.yaml",
        data_dir=folder,
        territory_bootstrap="127.0.0.1:1",
        _env_file=None,
    )
    instance = Instance(
        list(SERVICES.values()),
        settings=settings,
        territory=territory,
        shows=lambda record: False,
        publish=lambda shown: None,
    )
    (backbone,) = instance.build_backbones()
    return [one for service in instance.services for one in backbone.subscriptions(service)]


@pytest.fixture
def subscribers(subscriptions: list[Subscription]) -> list[BatchSubscriber]:
    """Return the subscribers made of them."""
    broker = Subscribers(KafkaAccess("127.0.0.1:1"), "rules", subscriptions)._build()
    return [one for one in broker.subscribers if isinstance(one, BatchSubscriber)]


def test_all_subscribers_are_batch_subscribers(
    subscriptions: list[Subscription], subscribers: list[BatchSubscriber]
) -> None:
    assert len(subscriptions) >= len(SERVICES)
    assert {one.group_id for one in subscribers} == {one.group for one in subscriptions}


def test_invariant_20_every_subscriber_loses_leaks_and_decodes_nothing(subscribers: list[BatchSubscriber]) -> None:
    for one in subscribers:
        assert one.ack_policy is AckPolicy.NACK_ON_ERROR, one.group_id
        assert one._no_reply, one.group_id
        assert one._connection_args["auto_offset_reset"] == "earliest", one.group_id
        assert one._connection_args["enable_auto_commit"] is False, one.group_id
        assert (one._call_options.parser, one._call_options.decoder) == (parse_cleaned, keep_raw), one.group_id
        assert isinstance(one.get_msg, LongPoll), one.group_id
        assert len(one.calls) == 1, "one raw handler and a table of our own: no filter of FastStream’s"


def test_no_subscriber_can_publish(subscriptions: list[Subscription]) -> None:
    broker = Subscribers(KafkaAccess("127.0.0.1:1"), "rules", subscriptions)._build()

    assert broker.config.broker_config.consumer_only
    assert not broker.config.broker_config.allow_auto_create_topics


def test_patterns_name_members_and_have_no_braces(subscriptions: list[Subscription]) -> None:
    for one in subscriptions:
        assert not re.search(r"[{}]", one.pattern), "braces are FastStream’s own path parameters"
        assert one.pattern.startswith("^ti")
        assert one.pattern.endswith(r"\.v1$")


def test_private_topics_of_others_are_never_read(subscriptions: list[Subscription]) -> None:
    own = subscriptions[0].group.partition(".")[0]
    stranger = random_siren()
    for one in subscriptions:
        for aggregate in ("person-card", "registration", "mail-order", "delivery-report"):
            assert not re.match(one.pattern, f"ti.private.{stranger}.{aggregate}.v1"), (own, one.pattern)


def _producers() -> Iterator[tuple[Source, ast.Call]]:
    return (
        (source, call)
        for source in sources(*PRODUCT)
        for name, call in calls(source)
        if name.endswith("AIOKafkaProducer")
    )


def test_every_producer_waits_for_all_replicas_and_is_idempotent() -> None:
    found = []
    for source, call in _producers():
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if (given.get("acks"), given.get("enable_idempotence")) != ("'all'", "True"):
            found.append(source.at(call, way_out='acks="all", enable_idempotence=True: else records are lost'))
    assert not found, told(found)
    assert len(list(_producers())) >= 2


def test_subscribers_are_declared_in_one_place() -> None:
    found = [
        source.at(call, way_out="declare it with `subscribe`, which knows the rules")
        for source in sources(*PRODUCT)
        for name, call in calls(source)
        if name.endswith(".subscriber") and source.path != f"{KAFKA}/consuming.py"
    ]
    assert not found, told(found)


def test_of_faststream_only_the_broker_is_used() -> None:
    found = [
        source.at(node, way_out=f"{name}: its pages publish to any topic, its routers and replies are not ours")
        for source in sources(*PRODUCT)
        for name, node in imports(source)
        if name.split(".")[0] == "faststream" and name not in FASTSTREAM
    ]
    assert not found, told(found)


def test_the_relay_sends_in_order_of_the_outbox_and_skips_no_lock() -> None:
    (relay,) = (source for source in sources("shared") if source.path == "shared/messaging/relay.py")

    names = {dotted(node) for node in relay.nodes if isinstance(node, ast.Attribute)}
    ordered = [ast.unparse(call.args[0]) for name, call in calls(relay) if name.endswith("order_by")]
    assert ordered == ["col(outbox.seq)"]
    assert not any(name.endswith((".with_for_update", ".offset")) for name in names)
    assert "published_at" in relay.text


def test_the_room_of_kafka_was_found() -> None:
    assert {Path(source.path).name for source in sources(KAFKA)} >= {"publishing.py", "consuming.py", "polling.py"}
