"""What an operator is told of a fault: what is seen, what probably causes it, what to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at; without a remedy nothing is wrong with it."""

    about: str
    seen: str
    cause: str = ""
    remedy: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether somebody has to do something."""
        return bool(self.remedy)
