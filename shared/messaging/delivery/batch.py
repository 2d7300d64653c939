"""Records that were read together: which of them may be handled, and what became of them."""

from dataclasses import dataclass, field

from shared.contracts.base import State
from shared.messaging.envelope import RawRecord, Refused
from shared.messaging.registry import Record

Pair = tuple[RawRecord, Record[State]]


@dataclass
class Batch:
    """Records handed over together: those that may be handled, those that no handler may see."""

    group: str
    pairs: list[Pair] = field(default_factory=list)
    refusals: list[tuple[RawRecord, Refused]] = field(default_factory=list)
    set_aside: set[tuple[str, int]] = field(default_factory=set)
    cuts: dict[str, int] = field(default_factory=dict)
    """Of topics that the breaker stops, the first offset that stays unhandled."""

    def lets(self, raw: RawRecord) -> bool:
        """Tell whether a record comes before the breaker."""
        return raw.topic not in self.cuts or raw.offset < self.cuts[raw.topic]

    def verdicts(self) -> dict[str, list[tuple[int, bool]]]:
        """Return by topic, in order, every offset before the breaker and whether its record is set aside."""
        bad = self.set_aside | {(raw.topic, raw.offset) for raw, _ in self.refusals}
        found: dict[str, list[tuple[int, bool]]] = {}
        for raw in self.raws():
            found.setdefault(raw.topic, []).append((raw.offset, (raw.topic, raw.offset) in bad))
        return {topic: sorted(mine) for topic, mine in found.items()}

    def raws(self) -> list[RawRecord]:
        """Return every record before the breaker."""
        return [raw for raw, _ in (*self.pairs, *self.refusals) if self.lets(raw)]
