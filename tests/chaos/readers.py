"""Who reads what: the consumer groups of each EPCI, and the topics in which each hears something."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.host import SERVICES
from shared.messaging.delivery import group_of
from shared.messaging.registry import KINDS


@dataclass(frozen=True)
class Reader:
    """One consumer group of one service of one EPCI."""

    epci: str
    service: str
    kind: str
    pattern: str

    @property
    def group(self) -> str:
        """Its name."""
        return group_of(self.epci, self.service, self.kind)

    def hears(self, topic: str) -> bool:
        """Tell whether it reads a topic."""
        return re.fullmatch(self.pattern, topic) is not None


def readers_of(sirens: Sequence[str]) -> list[Reader]:
    """Return every group of these EPCI, as their instances make them."""
    found = []
    for siren in sirens:
        for name, service in SERVICES.items():
            for kind in KINDS:
                pattern = service.consumers.heard(kind).pattern(own=siren, members=sirens)
                if pattern:
                    found.append(Reader(siren, name, kind, pattern))
    return found
