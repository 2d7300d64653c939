"""Rights and quotas of each user, from the territory and topology files: one table for every way of granting them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.contracts.base import Visibility
from shared.messaging.topology.file import Integrator, TopologyFile
from shared.territory.members import Member, Territory

Resource = Literal["topic", "group", "cluster"]
ALL_TOPICS = "ti."
CLUSTER = "kafka-cluster"


@dataclass(frozen=True, order=True)
class Right:
    """One thing that a user may do to the cluster, or to all topics or groups whose name begins with ``name``."""

    user: str
    resource: Resource
    name: str
    operation: str
    """As Kafka’s own tools write it: ``Read``, ``AlterConfigs``…"""

    @property
    def prefixed(self) -> bool:
        """Whether it holds for every name that begins so."""
        return self.resource != "cluster"


@dataclass(frozen=True)
class Principal:
    """A user as it should be."""

    user: str
    rights: frozenset[Right]
    quotas: dict[str, float]


def principals_of(territory: Territory, topology: TopologyFile, *, on: date) -> list[Principal]:
    """Return every user of the territory’s cluster as of a day: instances, integrators, the operator of topics."""
    instances = [_instance(member, topology, on=on) for member in territory]
    integrators = [
        Principal(one.user, frozenset(_reading(one)), (one.quotas or topology.integrator_quotas).entries)
        for one in topology.integrators
    ]
    return [*instances, *integrators, Principal(topology.operator, frozenset(_operating(topology.operator)), {})]


def _instance(member: Member, topology: TopologyFile, *, on: date) -> Principal:
    entry, user = topology.entry(member.siren), topology.user_of(member.siren)
    quotas = (entry.quotas or topology.instance_quotas).entries
    rights = frozenset(_speaking(user, member, active=member.is_active(on)))
    return Principal(user, rights, quotas)


def _speaking(user: str, member: Member, *, active: bool) -> Iterator[Right]:
    """An instance writes in its own name only; one that has left writes no more, and reads its own and the public."""
    own = [f"ti.{one.value}.{member.siren}." for one in Visibility]
    if active:
        for prefix in own:
            yield from (Right(user, "topic", prefix, operation) for operation in ("Write", "Describe"))
    read = ["ti.territory.", "ti.public.", f"ti.private.{member.siren}."] if active else [*own, "ti.public."]
    yield from (Right(user, "topic", prefix, "Read") for prefix in read)
    yield Right(user, "group", f"{member.siren}.", "Read")


def _reading(integrator: Integrator) -> Iterator[Right]:
    user = integrator.user
    yield Right(user, "topic", "ti.public.", "Read")
    if integrator.reads == "territory":
        yield Right(user, "topic", "ti.territory.", "Read")
    yield Right(user, "group", integrator.group_prefix, "Read")


def _operating(user: str) -> Iterator[Right]:
    """Whoever makes topics and grants rights reads no record."""
    for operation in ("Create", "Alter", "Delete", "AlterConfigs", "Describe", "DescribeConfigs"):
        yield Right(user, "topic", ALL_TOPICS, operation)
    yield Right(user, "cluster", CLUSTER, "Alter")
    yield Right(user, "cluster", CLUSTER, "AlterConfigs")
