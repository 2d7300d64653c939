"""Pages of lists, at most 200 rows: by cursor on the id; in lists of the territory, on EPCI and id."""

from collections.abc import Sequence
from typing import Annotated, Generic, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from shared.ids import TerritoryKey

T = TypeVar("T")
MOST = 200
_KEY = r"^[0-9]{9}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class PageQuery(BaseModel):
    """Which part of a list is asked for."""

    after: UUID | None = None
    limit: int = Field(default=50, ge=1, le=MOST)


def page_query(
    after: Annotated[UUID | None, Query()] = None, limit: Annotated[int, Query(ge=1, le=MOST)] = 50
) -> PageQuery:
    """Read the page asked for from the address."""
    return PageQuery(after=after, limit=limit)


Page = Annotated[PageQuery, Depends(page_query)]


class TerritoryPageQuery(BaseModel):
    """Which part of a list of the territory is asked for; it goes on behind one aggregate of one EPCI."""

    after: TerritoryKey | None = None
    limit: int = Field(default=50, ge=1, le=MOST)


def territory_page_query(
    after: Annotated[str | None, Query(pattern=_KEY)] = None, limit: Annotated[int, Query(ge=1, le=MOST)] = 50
) -> TerritoryPageQuery:
    """Read the page asked for from the address."""
    return TerritoryPageQuery(after=TerritoryKey.read(after) if after else None, limit=limit)


TerritoryPage = Annotated[TerritoryPageQuery, Depends(territory_page_query)]


class Listing(BaseModel, Generic[T]):
    """One page; ``next_after`` is the cursor of the next one, absent on the last."""

    items: Sequence[T]
    next_after: UUID | None = None


class Identified(Protocol):
    """What a list is made of."""

    @property
    def id(self) -> UUID:
        """Cursor of the list."""


L = TypeVar("L", bound=Identified)


def listing(found: Sequence[L], *, limit: int) -> "Listing[L]":  # evaluated, it would ask Pydantic for L
    """Return one page of what was asked for with one line more, which tells whether another page follows."""
    shown = found[:limit]
    return Listing(items=shown, next_after=shown[-1].id if len(found) > limit else None)


class TerritoryListing(BaseModel, Generic[T]):
    """One page of a list of the territory; ``next_after`` is the cursor of the next one, absent on the last."""

    items: Sequence[T]
    next_after: str | None = None


class Homed(Identified, Protocol):
    """What a list of the territory is made of."""

    @property
    def home_epci(self) -> str:
        """EPCI that tells of it."""


H = TypeVar("H", bound=Homed)


def territory_listing(found: Sequence[H], *, limit: int) -> "TerritoryListing[H]":
    """Return one page of what was asked for with one line more, which tells whether another page follows."""
    shown = found[:limit]
    more = str(TerritoryKey(shown[-1].home_epci, shown[-1].id)) if len(found) > limit else None
    return TerritoryListing(items=shown, next_after=more)
