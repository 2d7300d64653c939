"""Migrated databases of projects, people who ask, and a client of the routes."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request

from services.projects.manifest import SERVICE
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
from shared.territory.members import Territory
from tests.support.projects import Epci, people
from tests.support.territory import make_territory, random_siren

PACKAGES = {"projects": "services.projects", "identity": "shared.identity"}


async def _migrate(path: Path, package: str) -> None:
    database = Database(f"sqlite+aiosqlite:///{path}")
    await upgrade(database, package=package)
    await database.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return empty databases brought to the newest revision, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    for name, package in PACKAGES.items():
        asyncio.run(_migrate(folder / f"{name}.sqlite", package))
    return {name: folder / f"{name}.sqlite" for name in PACKAGES}


@pytest.fixture
def territory() -> Territory:
    """Return a territory of three EPCI; the first is the one under test."""
    return make_territory([random_siren() for _ in range(3)])


@pytest.fixture
async def open_epci(migrated: dict[str, Path], tmp_path: Path) -> AsyncIterator[Callable[[str], Epci]]:
    """Return what opens the database of an EPCI."""
    opened: list[Database] = []

    def open_one(siren: str) -> Epci:
        path = shutil.copy(migrated["projects"], tmp_path / f"{siren}.sqlite")
        origin = Origin(epci=siren, service="projects", instance=uuid7(), base_url="http://127.0.0.1:1")
        opened.append(Database(f"sqlite+aiosqlite:///{path}", origin))
        return Epci(siren, opened[-1])

    yield open_one
    for database in opened:
        await database.close()


@pytest.fixture
def home(open_epci: Callable[[str], Epci], territory: Territory) -> Epci:
    """Return the EPCI under test."""
    return open_epci(territory.members[0].siren)


@pytest.fixture
def partner(open_epci: Callable[[str], Epci], territory: Territory) -> Epci:
    """Return its neighbour."""
    return open_epci(territory.members[1].siren)


@pytest.fixture
def coordinator(home: Epci) -> Scope:
    return people(home.siren)


@pytest.fixture
def agent(home: Epci) -> Scope:
    return people(home.siren, Role.AGENT)


class Client:
    """Asks the routes of projects, as the bearer of a token of each role."""

    def __init__(self, app: FastAPI, secrets: dict[Role, str]) -> None:
        self._http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:1")
        self._secrets = secrets

    async def ask(
        self,
        method: str,
        path: str,
        *,
        role: Role = Role.COORDINATOR,
        body: object = None,
        seen: int | None = None,
        key: str = "",
    ) -> httpx2.Response:
        """Send a request; ``seen`` is the version for ``If-Match``, ``key`` the Idempotency-Key."""
        sent = {"idempotency-key": key} if key else {}
        if seen is not None:
            sent["if-match"] = f'"{seen}"'
        if role in self._secrets:
            sent["authorization"] = f"Bearer {self._secrets[role]}"
        return await self._http.request(method, f"/api/v1{path}", json=body, headers=sent)

    async def close(self) -> None:
        """End."""
        await self._http.aclose()


@pytest.fixture
async def client(home: Epci, territory: Territory, migrated: dict[str, Path], tmp_path: Path) -> AsyncIterator[Client]:
    identity = Database(f"sqlite+aiosqlite:///{shutil.copy(migrated['identity'], tmp_path / 'identity.sqlite')}")
    secrets: dict[Role, str] = {}
    async with identity.transaction() as session:
        for role in (Role.AGENT, Role.COORDINATOR, Role.INTEGRATOR):
            secrets[role] = (await add_token(session, name=role.value, epci=home.siren, role=role))[1]
    client = Client(_app(home, identity, territory), secrets)
    yield client
    await client.close()
    await identity.close()


def _app(home: Epci, identity: Database, territory: Territory) -> FastAPI:
    app = FastAPI()
    app.state.settings, app.state.identity = SimpleNamespace(siren=home.siren), identity
    app.state.territory, app.state.windows, app.state.limits = territory, Windows(), dict(LIMITS)
    running = RunningService(SERVICE, home.database)

    async def enter(request: Request) -> None:
        request.state.service, request.state.database = running, home.database

    for router in SERVICE.routers:
        app.include_router(router, dependencies=[Depends(enter)])
    install_refusals(app, page_of=lambda _request, _refusal: pytest.fail("no pages here"))
    app.add_middleware(RequestContext, epci=home.siren)
    return app
