"""Identifiers: UUIDv7 everywhere, so that they sort by creation."""

from typing import NamedTuple, Self
from uuid import UUID

import uuid_utils


class TerritoryKey(NamedTuple):
    """What names one aggregate of the territory; an id alone does not, since nothing proves which EPCI made it."""

    epci: str
    id: UUID

    def __str__(self) -> str:
        """Write it for an address: SIREN, a dot, the id."""
        return f"{self.epci}.{self.id}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what was written for an address.

        Raises:
            ValueError: it is no such text.
        """
        epci, _, id = text.partition(".")
        return cls(epci, UUID(id))


def uuid7() -> UUID:
    """Return a new UUIDv7 (RFC 9562)."""
    return UUID(bytes=uuid_utils.uuid7().bytes)
