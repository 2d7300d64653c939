"""Topics from the territory file and the contracts: planned, created, compared; never silently changed."""

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic, sleep

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
)

from shared.contracts import CATALOGUE, SERVICES
from shared.contracts.base import Visibility
from shared.errors import Unavailable
from shared.messaging.registry import dead_letter_topic, topic_of
from shared.messaging.topology.client import admin_client
from shared.messaging.topology.refusing import FORBIDDEN, name_of, refused_by_kafka
from shared.settings import KafkaAccess

DAY_MS = 24 * 3600 * 1000
PATIENCE_SECONDS = 20.0

_STATE = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.1",
    "segment.ms": str(DAY_MS),
    "max.compaction.lag.ms": str(7 * DAY_MS),
    "delete.retention.ms": str(30 * DAY_MS),
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "uncompressed",
    "max.message.bytes": "1048588",
}
_DEAD = {
    "cleanup.policy": "delete",
    "retention.ms": str(30 * DAY_MS),
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "uncompressed",
    # Twice that of the topics: a record at their limit must still fit, with why it is here.
    "max.message.bytes": "2097152",
}


@dataclass(frozen=True)
class TopicPlan:
    """One topic as it should be."""

    name: str
    visibility: Visibility
    config: dict[str, str]
    partitions: int = 1


@dataclass
class Plan:
    """What stands between the cluster and the territory file."""

    missing: list[TopicPlan] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """Topics that are there and whose settings this user may not see: an instance is not their operator."""
    different: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    right: int = 0

    def compare(self, topic: TopicPlan, found: dict[str, str]) -> None:
        """Note whether a topic is as it should be."""
        differing = {key: (found.get(key, ""), value) for key, value in topic.config.items() if found.get(key) != value}
        if differing:
            self.different[topic.name] = differing
        else:
            self.right += 1


def topics_of(epci: str, *, replicas: int = 1) -> list[TopicPlan]:
    """Return the topics of one EPCI: one per aggregate and visibility, and a DLQ per service."""
    durable = {"min.insync.replicas": "2" if replicas >= 3 else "1", "unclean.leader.election.enable": "false"}
    planned = []
    for state in CATALOGUE.values():
        for scope in state.scopes:
            config = _STATE | durable
            if scope is Visibility.PRIVATE:
                config = config | {"max.compaction.lag.ms": str(DAY_MS)}
            planned.append(TopicPlan(str(topic_of(state, visibility=scope, epci=epci)), scope, config))
    dead = [str(dead_letter_topic(service, epci=epci)) for service in SERVICES]
    return [*planned, *(TopicPlan(name, Visibility.PRIVATE, _DEAD | durable) for name in dead)]


class Topology:
    """Compares one cluster with the plan, and makes what is missing; waits ``patience`` seconds for each answer."""

    def __init__(
        self,
        access: KafkaAccess,
        *,
        replicas: int = 1,
        reach: Collection[Visibility] = tuple(Visibility),
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._replicas = replicas
        self._reach = reach
        self._patience = patience
        self._admin = admin_client(access)

    def plan(self, sirens: Iterable[str], *, private_elsewhere: Collection[str] = ()) -> Plan:
        """Return what is missing and what differs, changing nothing.

        Args:
            sirens: whose topics.
            private_elsewhere: those whose private topics are on another cluster.

        Raises:
            Unavailable: the cluster does not answer.
        """
        wanted = [
            topic
            for siren in sirens
            for topic in topics_of(siren, replicas=self._replicas)
            if topic.visibility in self._reach
            and not (topic.visibility is Visibility.PRIVATE and siren in private_elsewhere)
        ]
        try:
            existing = set(self._admin.list_topics(timeout=self._patience).topics)
            found = self._configs([topic.name for topic in wanted if topic.name in existing])
        except KafkaException as refused:
            raise refused_by_kafka(refused, doing="lire les sujets") from refused
        plan = Plan()
        for topic in wanted:
            if topic.name not in existing:
                plan.missing.append(topic)
            elif found[topic.name] is None:
                plan.unread.append(topic.name)
            else:
                plan.compare(topic, found[topic.name] or {})
        return plan

    def apply(self, plan: Plan) -> int:
        """Create the missing topics, return how many once they can be used; those that differ are left to an operator.

        Raises:
            Unavailable: the cluster refused or does not answer.
            Forbidden: this access may not make topics.
        """
        if not plan.missing:
            return 0
        wanted = [NewTopic(topic.name, topic.partitions, self._replicas, config=topic.config) for topic in plan.missing]
        for name, made in self._admin.create_topics(wanted, request_timeout=self._patience).items():
            try:
                made.result()
            except KafkaException as refused:
                if name_of(refused) != "TOPIC_ALREADY_EXISTS":
                    raise refused_by_kafka(refused, doing=f"créer le sujet {name}") from refused
        self._wait_for({topic.name for topic in plan.missing})
        return len(plan.missing)

    def _wait_for(self, names: set[str]) -> None:
        """Return once the brokers show these topics: they do so a moment after the controller has made them."""
        deadline = monotonic() + self._patience
        while not self._led() >= names:
            if monotonic() > deadline:
                raise Unavailable("Les sujets créés ne sont pas encore visibles.", retry_after=5)
            sleep(0.05)

    def _led(self) -> set[str]:
        """Return the topics whose partitions all have a leader."""
        try:
            topics = self._admin.list_topics(timeout=self._patience).topics
        except KafkaException as refused:
            raise Unavailable("Kafka ne répond pas à cette adresse.", retry_after=5) from refused
        return {name for name, topic in topics.items() if all(one.leader >= 0 for one in topic.partitions.values())}

    def allowed(self, names: Sequence[str]) -> dict[str, set[str]]:
        """Return what this access may do with topics that are there: ``write``, ``read``… by topic.

        Raises:
            Unavailable: the cluster does not answer.
        """
        asked = self._admin.describe_topics(
            TopicCollection(list(names)), include_authorized_operations=True, request_timeout=self._patience
        )
        try:
            return {
                name: {str(one).partition(".")[2].lower() for one in answer.result().authorized_operations or ()}
                for name, answer in asked.items()
            }
        except KafkaException as refused:
            raise refused_by_kafka(refused, doing="lire les sujets") from refused

    def lagging(self, names: Collection[str]) -> list[str]:
        """Return the topics of which a copy is late or lost.

        Raises:
            Unavailable: the cluster does not answer.
        """
        try:
            topics = self._admin.list_topics(timeout=self._patience).topics
        except KafkaException as refused:
            raise refused_by_kafka(refused, doing="lire les sujets") from refused
        return [
            name
            for name in names
            if name in topics and any(len(one.isrs) < len(one.replicas) for one in topics[name].partitions.values())
        ]

    def align(self, plan: Plan) -> int:
        """Give topics that differ the settings planned, leaving their other settings alone; return how many.

        Raises:
            Unavailable: the cluster refused or does not answer.
            Forbidden: this access may not change topics.
        """
        resources = [
            ConfigResource(
                ConfigResource.Type.TOPIC,
                name,
                incremental_configs=[
                    ConfigEntry(key, wanted, incremental_operation=AlterConfigOpType.SET)
                    for key, (_, wanted) in differences.items()
                ],
            )
            for name, differences in plan.different.items()
        ]
        if not resources:
            return 0
        try:
            for done in self._admin.incremental_alter_configs(resources, request_timeout=self._patience).values():
                done.result()
        except KafkaException as refused:
            raise refused_by_kafka(refused, doing="changer les réglages d’un sujet") from refused
        return len(resources)

    def _configs(self, names: list[str]) -> dict[str, dict[str, str] | None]:
        """Return the settings of topics, or nothing for one whose settings we may not see."""
        if not names:
            return {}
        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
        answers = self._admin.describe_configs(resources, request_timeout=self._patience)
        return {resource.name: _settings_in(answer) for resource, answer in answers.items()}


def _settings_in(answer: "Future[dict[str, ConfigEntry]]") -> dict[str, str] | None:
    try:
        return {key: entry.value or "" for key, entry in answer.result().items()}
    except KafkaException as refused:
        if name_of(refused) in FORBIDDEN:
            return None
        raise
