"""Names of topics, and what a service does with what it hears."""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.contracts import CATALOGUE
from shared.contracts.base import State, Visibility
from shared.db.session import Session
from shared.tracing import Trace

S = TypeVar("S", bound=State)
S_co = TypeVar("S_co", bound=State, covariant=True)

KINDS = ("projector", "reactor")
"""The consumer groups of each service: what keeps copies, and what acts."""

_TOPIC = re.compile(r"ti\.(private|territory|public)\.(\d{9})\.([a-z0-9-]+)\.v(\d+)")


@dataclass(frozen=True)
class Topic:
    """One topic: how far it is read, who owns it, what it holds."""

    visibility: Visibility
    epci: str
    aggregate: str
    major: int = 1

    def __str__(self) -> str:
        return f"ti.{self.visibility.value}.{self.epci}.{self.aggregate}.v{self.major}"


def parse_topic(name: str) -> Topic | None:
    """Return the parts of a topic name, or ``None`` when it is not one of ours."""
    match = _TOPIC.fullmatch(name)
    if match is None:
        return None
    return Topic(Visibility(match[1]), match[2], match[3], int(match[4]))


def topic_of(state: type[State], *, visibility: Visibility, epci: str) -> Topic:
    """Return the topic of ``epci`` in which states of this type are published at ``visibility``."""
    return Topic(visibility, epci, state.aggregate, state.major)


def dead_letter_topic(service: str, *, epci: str) -> Topic:
    """Return the topic of records that ``service`` could not handle."""
    return Topic(Visibility.PRIVATE, epci, f"{service}-dlq")


@dataclass(frozen=True)
class Record(Generic[S_co]):
    """One record that passed every check of the envelope; ``state`` is ``None`` on a tombstone."""

    state: S_co | None
    aggregate: str
    id: UUID
    epci: str
    version: int
    fact: str
    time: datetime
    source: str
    message_id: str
    visibility: Visibility
    republished: bool = False
    trace: Trace | None = None
    instance: str = ""
    """The incarnation of the database that told it; empty when it does not say."""


class NotYet(Exception):
    """A reaction cannot act yet: what the record refers to is not known here. The record waits and is tried again.

    ``reason`` is a code: it goes into logs and headers, so it names no person.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Keeper = Callable[[Session, Sequence[Record[Any]]], Awaitable[None]]
Reaction = Callable[[Session, Record[Any]], Awaitable[None]]


@dataclass(frozen=True)
class Reacting:
    """One reaction: its name is its identity in the inbox and must not change."""

    name: str
    act: Reaction
    however_old: bool
    ours: bool


@dataclass(frozen=True)
class Heard:
    """What one consumer group hears: aggregates of every member, and some of our own EPCI only.

    Territory topics, or private ones of our own where an aggregate has no other.
    """

    of_all: frozenset[str]
    of_ours: frozenset[str] = frozenset()

    def topics(self, *, own: str, members: Iterable[str]) -> list[str]:
        """Return the names of the topics, of this version of ours, in order."""
        sirens = {*members, own}
        shared = [(siren, one) for one in _told(self.of_all) for siren in sirens]
        shared += [(own, one) for one in _told(self.of_ours)]
        found = [topic_of(CATALOGUE[one], visibility=Visibility.TERRITORY, epci=siren) for siren, one in shared]
        return sorted(map(str, found + [self._private(one, own) for one in self._kept_home()]))

    def pattern(
        self, *, own: str, members: Iterable[str], reach: Collection[Visibility] = tuple(Visibility)
    ) -> str | None:
        """Return the regular expression of the topics on a cluster that reaches so far; ``None`` when there is none.

        Without braces: FastStream reads them as parameters.
        """
        territory = (("|".join(sorted(set(members))), _told(self.of_all)), (own, _told(self.of_ours)))
        parts = [rf"territory\.({sirens})\.({'|'.join(told)})" for sirens, told in territory if told]
        parts = parts if Visibility.TERRITORY in reach else []
        if self._kept_home() and Visibility.PRIVATE in reach:
            parts.append(rf"private\.{own}\.({'|'.join(self._kept_home())})")
        return rf"^ti\.({'|'.join(parts)})\.v1$" if parts else None

    def _kept_home(self) -> list[str]:
        return sorted((self.of_all | self.of_ours) - {*_told(self.of_all), *_told(self.of_ours)})

    def _private(self, aggregate: str, own: str) -> Topic:
        return topic_of(CATALOGUE[aggregate], visibility=Visibility.PRIVATE, epci=own)


def _told(aggregates: Iterable[str]) -> list[str]:
    return sorted(one for one in aggregates if Visibility.TERRITORY in CATALOGUE[one].scopes)


@dataclass
class Consumers:
    """What one service hears, registered by what it does with it."""

    service: str
    kept: dict[str, list[Keeper]] = field(default_factory=dict)
    reactions: dict[str, list[Reacting]] = field(default_factory=dict)

    def heard(self, kind: str) -> Heard:
        """Return what one of its groups hears: the ``projector``, or the ``reactor``."""
        if kind == "projector":
            return Heard(frozenset(self.kept))
        ours = {name for name, reactions in self.reactions.items() if all(one.ours for one in reactions)}
        return Heard(frozenset(self.reactions.keys() - ours), frozenset(ours))

    def keeps(self, *states: type[S]) -> Callable[[Keeper], Keeper]:
        """Register a projector: it gets batches of the newest states, may be replayed, and neither commits nor acts.

        It is also called for tombstones, whose ``state`` is ``None``.
        """

        def register(keeper: Keeper) -> Keeper:
            for state in states:
                self.kept.setdefault(state.aggregate, []).append(keeper)
            return keeper

        return register

    def reacts_to(
        self, *states: type[S], however_old: bool = False, ours: bool = False
    ) -> Callable[[Reaction], Reaction]:
        """Register a reactor: once per message, never replayed; its effect is a row, the outside call a job’s.

        It raises ``NotYet`` when what the record refers to is not known here: the record is parked, later ones of its
        key wait behind it.

        Args:
            states: what it hears.
            however_old: also for records older than the cut-off or republished, for acts that carry their own guard.
            ours: only what our own EPCI tells; topics of others are then not even read for it.
        """

        def register(act: Reaction) -> Reaction:
            for state in states:
                name = f"{self.service}.{getattr(act, '__name__', 'reaction')}"
                self.reactions.setdefault(state.aggregate, []).append(Reacting(name, act, however_old, ours))
            return act

        return register
