"""The same topology as resources of Strimzi, for clusters that Kubernetes runs."""

from collections.abc import Iterable, Sequence
from typing import Any

from shared.messaging.topology.rights import Principal, Right
from shared.messaging.topology.topics import TopicPlan

API = "kafka.strimzi.io/v1"
Resource = dict[str, Any]


def resources(
    cluster: str, topics: Iterable[TopicPlan], principals: Sequence[Principal], *, replicas: int
) -> list[Resource]:
    """Return one KafkaTopic per topic and one KafkaUser per user that comes by itself.

    The operator of topics is none of them: there, Strimzi’s own operators make topics and users.

    Args:
        cluster: name of the Kafka resource.
        topics: those of the territory.
        principals: its users.
        replicas: copies of each topic.
    """
    made = [_topic(cluster, topic, replicas) for topic in topics]
    comers = [one for one in principals if all(right.resource != "cluster" for right in one.rights)]
    return [*made, *(_user(cluster, one) for one in comers)]


def _topic(cluster: str, topic: TopicPlan, replicas: int) -> Resource:
    spec = {"partitions": topic.partitions, "replicas": replicas, "config": dict(topic.config)}
    return _resource("KafkaTopic", topic.name, cluster, spec)


def _user(cluster: str, principal: Principal) -> Resource:
    spec: dict[str, Any] = {
        "authentication": {"type": "scram-sha-512"},
        "authorization": {"type": "simple", "acls": _rules(principal.rights)},
    }
    if principal.quotas:
        spec["quotas"] = {
            "producerByteRate": int(principal.quotas["producer_byte_rate"]),
            "consumerByteRate": int(principal.quotas["consumer_byte_rate"]),
            "requestPercentage": int(principal.quotas["request_percentage"]),
        }
    return _resource("KafkaUser", principal.user, cluster, spec)


def _rules(rights: Iterable[Right]) -> list[Resource]:
    """Return one rule per resource, with all that may be done to it."""
    by_name: dict[tuple[str, str], list[str]] = {}
    for one in sorted(rights):
        by_name.setdefault((one.resource, one.name), []).append(one.operation)
    return [
        {
            "resource": {"type": resource, "name": name, "patternType": "prefix"},
            "operations": operations,
            "host": "*",
        }
        for (resource, name), operations in by_name.items()
    ]


def _resource(kind: str, name: str, cluster: str, spec: Resource) -> Resource:
    metadata = {"name": name, "labels": {"strimzi.io/cluster": cluster}}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}
