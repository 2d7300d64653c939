"""Routes of services, and one transaction per request to one of them, committed before the answer leaves."""

from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request

from shared.db.engine import Database
from shared.db.session import Session
from shared.http.bodies import Arrived


def mount(app: FastAPI, routers: Iterable[APIRouter], service: object = None) -> None:
    """Serve routes as they were declared, on behalf of a service, if they are of one.

    ``include_router`` would build each of them a second time, at the first request of every process: a second of work
    for an instance, half of all work of the tests.
    """
    for route in (route for router in routers for route in router.routes):
        app.router.routes.append(route)
        if service is not None:
            served_by(app)[getattr(route, "endpoint", None)] = service


def served_by(app: FastAPI) -> dict[Any, Any]:
    """Return which service each route of an application is of, by its handler."""
    if not hasattr(app.state, "served_by"):
        app.state.served_by = {}
    known: dict[Any, Any] = app.state.served_by
    return known


def service_of(request: Request) -> Any:  # noqa: ANN401 - the running service, which this room does not know
    """Return the service that this request entered."""
    return served_by(request.app)[request.scope["endpoint"]]


def database_of(request: Request) -> Database:
    """Return the database of the service that this request entered."""
    database = service_of(request).database
    assert isinstance(database, Database)  # noqa: S101 - narrows what this room does not know
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
