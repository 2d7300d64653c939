"""One transaction per request, committed before the answer leaves."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from shared.db.engine import Database
from shared.db.session import Session
from shared.http.bodies import Arrived


def database_of(request: Request) -> Database:
    """Return the database of the service that this request entered."""
    database = request.state.database
    assert isinstance(database, Database)  # noqa: S101 - narrows the untyped state of Starlette
    return database


async def open_transaction(request: Request, _arrived: Arrived) -> AsyncIterator[Session]:
    """Open the request’s transaction, once its body is here; a failed commit becomes its answer."""
    async with database_of(request).transaction() as session:
        yield session


async def open_reading(request: Request) -> AsyncIterator[Session]:
    """Open the request’s read-only session."""
    async with database_of(request).reading() as session:
        yield session


# Without this scope the commit would happen after the answer left, and a failed one would still say 201.
Transaction = Annotated[Session, Depends(open_transaction, scope="function")]
Reading = Annotated[Session, Depends(open_reading, scope="function")]
