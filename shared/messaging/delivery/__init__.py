"""From Kafka to projections and effects: every record is applied, counted as not for us, parked, or in the DLQ."""

from shared.messaging.delivery.acting import CUT_OFF
from shared.messaging.delivery.breaker import LIMIT
from shared.messaging.delivery.care import Care
from shared.messaging.delivery.handling import TRIES, Delivery
from shared.messaging.delivery.letters import DeadLetter, Failure, Transient, group_of
from shared.messaging.delivery.positions import UNCLEAN_STARTS, Bounds, Positions, Start

__all__ = [
    "CUT_OFF",
    "LIMIT",
    "TRIES",
    "UNCLEAN_STARTS",
    "Bounds",
    "Care",
    "DeadLetter",
    "Delivery",
    "Failure",
    "Positions",
    "Start",
    "Transient",
    "group_of",
]
