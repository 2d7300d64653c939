"""Pages of lists: by cursor on the identifier, at most 200 rows."""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar
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
