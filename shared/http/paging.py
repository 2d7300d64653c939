"""Pages of lists: by cursor on the identifier, at most 200 rows."""

from collections.abc import Sequence
from typing import Annotated, Generic, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

T = TypeVar("T")
MOST = 200


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
