"""How large a run is."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Profile:
    """How many EPCI, users, messages and faults; how long things may take, in seconds."""

    name: str
    epcis: int
    writers: int
    """Users of each EPCI who act at the same time."""
    messages: int
    """Records to be appended to topics before the users stop, signs of life left out."""
    faults: int
    longest_fault: float
    converge: float
    """From the end of the last fault to equal copies everywhere."""
    give_up: float
    """The messages must be there by then."""

    def sized(self, *, messages: int, faults: int, epcis: int) -> Self:
        """Return it with other figures, where they are not 0."""
        return replace(
            self,
            messages=messages or self.messages,
            faults=self.faults if faults < 0 else faults,
            epcis=epcis or self.epcis,
        )


PROFILES = {
    one.name: one
    for one in (
        Profile("quick", 3, 3, messages=1_500, faults=40, longest_fault=5, converge=180, give_up=400),
        Profile("smoke", 7, 3, messages=20_000, faults=40, longest_fault=12, converge=300, give_up=3_600),
        # One of three legs, each on another layout of Kafka: 200,000 messages and 300 faults together.
        Profile("full", 7, 4, messages=67_000, faults=100, longest_fault=20, converge=900, give_up=10_800),
        Profile("planted", 2, 2, messages=150, faults=0, longest_fault=3, converge=20, give_up=90),
    )
}
