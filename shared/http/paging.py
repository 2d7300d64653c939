"""Pages of lists, at most 200 rows: by cursor on the id; in lists of the territory, on EPCI and id."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from shared.fields import Cursor
from shared.ids import TerritoryKey

T = TypeVar("T")
C = TypeVar("C")
MOST = 200
Limit = Annotated[int, Query(ge=1, le=MOST)]


class PageQuery(BaseModel, Generic[C]):
    """Which part of a list is asked for: what follows one row."""

    after: C | None = None
    limit: int = Field(default=50, ge=1, le=MOST)


async def page_query(after: Annotated[UUID | None, Query()] = None, limit: Limit = 50) -> PageQuery[UUID]:
    """Read the page asked for from the address."""
    return PageQuery(after=after, limit=limit)


async def territory_page_query(
    after: Annotated[Cursor | None, Query()] = None, limit: Limit = 50
) -> PageQuery[TerritoryKey]:
    """Read the same of a list in which an id alone names nothing."""
    return PageQuery(after=TerritoryKey.read(after) if after else None, limit=limit)


Page = Annotated[PageQuery[UUID], Depends(page_query)]
TerritoryPage = Annotated[PageQuery[TerritoryKey], Depends(territory_page_query)]


class Listing(BaseModel, Generic[T]):
    """One page; ``next_after`` is the cursor of the next one, absent on the last."""

    items: Sequence[T]
    next_after: str | None = None


class Identified(Protocol):
    """What a list is made of."""

    @property
    def id(self) -> UUID:
        """Cursor of the list."""


class Homed(Identified, Protocol):
    """What a list of the territory is made of."""

    @property
    def home_epci(self) -> str:
        """EPCI that tells of it."""


def of_id(row: Identified) -> object:
    """Return the cursor behind a row of a list of our own."""
    return row.id


def of_territory(row: Homed) -> object:
    """Return the cursor behind a row of a list of the territory."""
    return TerritoryKey(row.home_epci, row.id)


def listing(found: Sequence[T], *, limit: int, by: Callable[[T], object]) -> Listing[T]:
    """Return one page of what was asked for with one line more, which tells whether another page follows."""
    shown = found[:limit]
    return Listing(items=shown, next_after=str(by(shown[-1])) if len(found) > limit else None)
