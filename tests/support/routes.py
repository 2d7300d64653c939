"""The routes of one service without its host: migrated databases, tokens of every role, a client."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from fastapi import FastAPI, Request, Response

from shared.db.engine import Database
from shared.errors import Refusal
from shared.http.context import RequestContext
from shared.http.guards import LIMITS, Windows
from shared.http.refusals import install_refusals
from shared.http.session import mount
from shared.identity.access import Role
from shared.identity.tokens import add_token
from shared.service import RunningService, Service
from tests.support.databases import Store, opened

FORM = "application/x-www-form-urlencoded"


class Client:
    """Asks routes as the bearer of a token of each role, or as a visitor."""

    def __init__(self, app: FastAPI, secrets: Mapping[Role, str], *, role: Role, base_url: str) -> None:
        self.app = app
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=base_url)
        self._secrets = secrets
        self._role = role

    async def ask(
        self,
        method: str,
        path: str,
        *,
        role: Role | None = None,
        body: object = None,
        file: bytes | None = None,
        seen: int | str | None = None,
        key: str = "",
    ) -> httpx2.Response:
        """Send JSON or a file; ``seen`` is the version or ETag for ``If-Match``, ``key`` the Idempotency-Key."""
        sent = {"idempotency-key": key} if key else {}
        if seen not in {None, ""}:
            sent["if-match"] = seen if isinstance(seen, str) else f'"{seen}"'
        secret = self._secrets.get(role or self._role)
        if secret is not None:
            sent["authorization"] = f"Bearer {secret}"
        return await self.http.request(method, f"/api/v1{path}", json=body, content=file, headers=sent)


@asynccontextmanager
async def identified(
    stores: Mapping[str, Store], folder: Path, *, epci: str, roles: Iterable[Role]
) -> AsyncIterator[tuple[Database, dict[Role, str]]]:
    """Open an identity database that knows a token of each of ``roles``, and return their secrets."""
    url = await stores["sqlite"].url("shared.identity", folder=folder, name="identity")
    async with opened(url) as identity:
        async with identity.transaction() as session:
            made = {role: await add_token(session, name=role.value, epci=epci, role=role) for role in roles}
        yield identity, {role: secret for role, (_, secret) in made.items()}


def no_pages(_request: Request, _refusal: Refusal) -> Response:
    """Fail: these routes show no pages."""
    pytest.fail("no pages here")


def app_of(
    service: Service,
    database: Database,
    identity: Database,
    *,
    epci: str,
    limits: Mapping[str, int] = LIMITS,
    page_of: Callable[[Request, Refusal], Response] = no_pages,
) -> FastAPI:
    """Return the routes of one service on its database, as the host would mount them."""
    app = FastAPI()
    app.state.settings, app.state.identity = SimpleNamespace(siren=epci), identity
    app.state.windows, app.state.limits = Windows(), dict(limits)
    mount(app, service.routers, RunningService(service, database))
    install_refusals(app, page_of=page_of)
    app.add_middleware(RequestContext, epci=epci, uploads=service.uploads)
    return app


class SlowBody:
    """A body whose second half is held back; ``begun`` tells that the other side waits for it."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        half = len(self._body) // 2
        yield self._body[:half]
        self.begun.set()
        await self.go_on.wait()
        yield self._body[half:]


async def write_during(
    http: httpx2.AsyncClient, path: str, body: bytes, *, database: Database, kind: str = FORM
) -> httpx2.Response:
    """Send a body slowly, write to the database before its end, and return the answer.

    Raises:
        TimeoutError: that write had to wait for more than two seconds.
    """
    slow = SlowBody(body)
    sent = asyncio.create_task(http.post(path, content=slow, headers={"accept": "text/html", "content-type": kind}))
    try:
        async with asyncio.timeout(2):
            await slow.begun.wait()
            async with held(database):
                pass
    finally:
        slow.go_on.set()
        answer = await sent
    return answer


@asynccontextmanager
async def held(database: Database) -> AsyncIterator[None]:
    """Hold a database as its one writer: before other tasks of this process, and before other connections."""
    async with database.transaction() as session:
        await session.connection()  # the lock of the file is taken with the first statement
        yield
