"""What a cluster should hold for a territory: planned, made, compared; never silently changed."""

from shared.messaging.topology.topics import Plan, TopicPlan, Topology, topics_of

__all__ = ["Plan", "TopicPlan", "Topology", "topics_of"]
