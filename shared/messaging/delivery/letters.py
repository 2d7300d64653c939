"""What is set aside, why, and the words for how handling can fail."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.clock import now
from shared.messaging.envelope import RawRecord


class Failure(StrEnum):
    """Why a record is set aside; trouble of the infrastructure is no reason, it is waited out."""

    POISON = "poison"  # not what its contract says, or somebody speaks for another
    BUG = "bug"  # our code fails on it
    OVERDUE = "overdue"  # what it refers to never came
    UNCLEAN = "unclean"  # our process ended at it, start after start


class Transient(Exception):
    """Infrastructure is away: keep the position, try again."""


@dataclass(frozen=True)
class DeadLetter:
    """A record that cannot be handled, whole, with why."""

    raw: RawRecord
    group: str
    reason: str
    tries: int
    failure: Failure = Failure.POISON
    first_at: datetime = field(default_factory=now)


Bury = Callable[[DeadLetter], Awaitable[None]]


def group_of(epci: str, service: str, kind: str) -> str:
    """Return the consumer group of one kind of consumer of a service; a rebuild raises the number."""
    return f"{epci}.{service}.{kind}.p1"


def is_reactor(group: str) -> bool:
    """Tell whether a group acts, rather than keeps."""
    return group.split(".")[2:3] == ["reactor"]
