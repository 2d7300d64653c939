"""A migrated database of contacts, people who ask, and a client of its routes."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request

from services.contacts.manifest import SERVICE
from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.db.session import Origin
from shared.http.context import RequestContext
from shared.http.guards import LIMITS, Windows
from shared.http.refusals import install_refusals
from shared.identity.access import Role, Scope
from shared.identity.tokens import add_token
from shared.ids import uuid7
from shared.service import RunningService
from tests.support.territory import random_siren


async def _migrate(path: Path, package: str) -> None:
    database = Database(f"sqlite+aiosqlite:///{path}")
    await upgrade(database, package=package)
    await database.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return empty databases brought to the newest revision, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    packages = {"contacts": "services.contacts", "identity": "shared.identity"}
    for name, package in packages.items():
        asyncio.run(_migrate(folder / f"{name}.sqlite", package))
    return {name: folder / f"{name}.sqlite" for name in packages}


@pytest.fixture
def epci() -> str:
    return random_siren()


@pytest.fixture
async def database(migrated: dict[str, Path], tmp_path: Path, epci: str) -> AsyncIterator[Database]:
    path = shutil.copy(migrated["contacts"], tmp_path / "contacts.sqlite")
    origin = Origin(epci=epci, service="contacts", instance=uuid7(), base_url="http://127.0.0.1:1")
    database = Database(f"sqlite+aiosqlite:///{path}", origin)
    yield database
    await database.close()


@pytest.fixture
def scope(epci: str) -> Scope:
    return Scope(epci=epci, role=Role.AGENT, actor=uuid7())


class Client:
    """Asks the routes of contacts, as the bearer of a token of each role."""

    def __init__(self, app: FastAPI, secrets: dict[Role, str]) -> None:
        self._http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:1")
        self._secrets = secrets

    async def ask(
        self, method: str, path: str, *, role: Role = Role.AGENT, body: object = None, if_match: str = "", key: str = ""
    ) -> httpx2.Response:
        """Send a request; ``key`` is its Idempotency-Key."""
        named = {"if-match": if_match, "idempotency-key": key}
        sent = {name: value for name, value in named.items() if value}
        if role in self._secrets:
            sent["authorization"] = f"Bearer {self._secrets[role]}"
        return await self._http.request(method, f"/api/v1{path}", json=body, headers=sent)

    async def close(self) -> None:
        """End."""
        await self._http.aclose()


@pytest.fixture
async def client(database: Database, migrated: dict[str, Path], tmp_path: Path, epci: str) -> AsyncIterator[Client]:
    identity = Database(f"sqlite+aiosqlite:///{shutil.copy(migrated['identity'], tmp_path / 'identity.sqlite')}")
    roles: list[Role] = [role for role in Role if role is not Role.VISITOR]
    secrets: dict[Role, str] = {}
    async with identity.transaction() as session:
        secrets |= {role: (await add_token(session, name=role.value, epci=epci, role=role))[1] for role in roles}
    client = Client(_app(database, identity, epci), secrets)
    yield client
    await client.close()
    await identity.close()


def _app(database: Database, identity: Database, epci: str) -> FastAPI:
    app = FastAPI()
    app.state.settings, app.state.identity = SimpleNamespace(siren=epci), identity
    app.state.windows, app.state.limits = Windows(), dict(LIMITS)
    running = RunningService(SERVICE, database)

    async def enter(request: Request) -> None:
        request.state.service, request.state.database = running, database

    for router in SERVICE.routers:
        app.include_router(router, dependencies=[Depends(enter)])
    install_refusals(app, page_of=lambda _request, _refusal: pytest.fail("no pages here"))
    app.add_middleware(RequestContext, epci=epci)
    return app
