"""The faults of a run, drawn from its seed: the same seed breaks the same things in the same order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One way of breaking things, the row of the fault matrix it stands for, and how long it lasts in seconds."""

    name: str
    row: str
    shortest: float = 0
    longest: float = 0
    layouts: frozenset[str] = frozenset({"single", "trio", "secured"})
    databases: frozenset[str] = frozenset({"sqlite", "postgres"})
    weight: float = 1


ALONE, SEVERAL = frozenset({"single", "secured"}), frozenset({"trio"})
SQLITE, POSTGRES = frozenset({"sqlite"}), frozenset({"postgres"})

KINDS = (
    Kind("kafka.kill", "F01", 0.5, 5, weight=2),
    Kind("kafka.pause", "F01", 1, 8),
    Kind("kafka.stop", "F02", 3, 12, ALONE),
    Kind("kafka.gone", "F02", 3, 12, SEVERAL),
    Kind("kafka.two", "F03", 3, 12, SEVERAL),
    Kind("database.kill", "F04", 0.2, 3, databases=POSTGRES),
    Kind("instance.kill", "F04", 0.2, 4, weight=2),
    Kind("instance.crash", "F05-F07", 6, 12, weight=3),
    Kind("instance.pause", "F08", 2, 14),
    Kind("records.again", "F09", weight=2),
    Kind("groups.forgotten", "F10", 0.2, 2),
    Kind("records.poison", "F11-F12", weight=2),
    Kind("records.newer", "F17"),
    Kind("records.forged", "A03"),
    Kind("post.away", "F13", 2, 15),
    Kind("net.drop", "F20", 3, 20),
    Kind("net.drop_up", "F20", 3, 20),
    Kind("net.drop_down", "F20", 3, 20),
    Kind("net.reset", "F20", 0.5, 6),
    Kind("net.half_open", "F20", 3, 15),
    Kind("net.delay", "F20", 4, 12),
    Kind("net.rate", "F20", 4, 12),
    Kind("net.truncate", "F20", 2, 6),
    Kind("net.flip_up", "F20", 3, 8),
    Kind("net.flip_down", "F20", 3, 8),
    Kind("clock.wrong", "F25", 3, 8),
    Kind("disk.full", "F26", 2, 6, databases=SQLITE),
    Kind("instance.stop", "F28", 0.1, 3, weight=2),
)


@dataclass(frozen=True)
class Fault:
    """One thing to be broken."""

    number: int
    kind: str
    row: str
    at: float
    """How far the run has come when it happens, from 0 to 1."""
    seconds: float
    place: int
    node: int
    draw: int
    """A number from which the fault draws its details."""


def draw_schedule(
    seed: int, *, count: int, places: int, nodes: int, layout: str, database: str, longest: float = 20
) -> list[Fault]:
    """Return ``count`` faults in order of time; every kind this run allows comes once before any comes twice.

    Args:
        seed: of the run.
        count: how many.
        places: how many EPCI there are to be hurt.
        nodes: how many Kafka nodes.
        layout: of Kafka.
        database: of the instances.
        longest: the longest that a fault may last, in seconds.
    """
    chance = random.Random(f"{seed}.nemesis")  # noqa: S311 - no secret
    kinds = [kind for kind in KINDS if layout in kind.layouts and database in kind.databases]
    drawn = _drawn(chance, kinds, count)
    moments = sorted(chance.uniform(0.02, 0.98) for _ in drawn)
    return [
        Fault(
            number=number,
            kind=kind.name,
            row=kind.row,
            at=at,
            seconds=round(chance.uniform(kind.shortest, max(kind.shortest, min(kind.longest, longest))), 2),
            place=chance.randrange(places),
            node=chance.randrange(nodes),
            draw=chance.getrandbits(32),
        )
        for number, (kind, at) in enumerate(zip(drawn, moments, strict=True), start=1)
    ]


def _drawn(chance: random.Random, kinds: Sequence[Kind], count: int) -> list[Kind]:
    each = chance.sample(kinds, k=min(len(kinds), count))
    more = chance.choices(kinds, [kind.weight for kind in kinds], k=count - len(each))
    return chance.sample([*each, *more], k=count)
