"""What every service sends: its heartbeat."""

from typing import Annotated, ClassVar

from shared.contracts.base import State, Visibility
from shared.fields import Code, Count, ShortLine

T = Visibility.TERRITORY


class Heartbeat(State):
    """A sign of life of one service of one EPCI, every 60 s at most."""

    aggregate: ClassVar[str] = "heartbeat"
    service: ClassVar[str] = "*"
    facts: ClassVar[frozenset[str]] = frozenset({"beat"})
    scopes: ClassVar[tuple[Visibility, ...]] = (T,)
    # Ten days away are 14,400 beats.
    max_jump: ClassVar[int] = 1_000_000

    sender: Annotated[Code, T] = "unknown"
    software: Annotated[ShortLine, T] = ""
    backlog: Annotated[Count, T] = 0
    oldest_age_seconds: Annotated[Count, T] = 0
