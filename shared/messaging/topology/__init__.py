"""What a cluster should hold for a territory: topics, users, rights, quotas; planned, made, compared."""

from shared.messaging.topology.file import TopologyFile, read_topology
from shared.messaging.topology.guests import GuestPlan, Guests
from shared.messaging.topology.rights import Principal, Right, principals_of
from shared.messaging.topology.strimzi import resources
from shared.messaging.topology.topics import Plan, TopicPlan, Topology, topics_of

__all__ = [
    "GuestPlan",
    "Guests",
    "Plan",
    "Principal",
    "Right",
    "TopicPlan",
    "Topology",
    "TopologyFile",
    "principals_of",
    "read_topology",
    "resources",
    "topics_of",
]
