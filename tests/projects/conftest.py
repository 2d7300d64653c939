"""Migrated databases of projects, people who ask, and a client of the routes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from services.projects.manifest import SERVICE
from shared.db.session import Origin
from shared.identity.access import Role, Scope
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.support.databases import Store, opened
from tests.support.projects import Epci, people
from tests.support.routes import Client, app_of, identified
from tests.support.territory import make_territory, random_siren

BASE_URL = "http://127.0.0.1:1"
OpenEpci = Callable[[str], Awaitable[Epci]]
ROLES = (Role.AGENT, Role.COORDINATOR, Role.INTEGRATOR)


@pytest.fixture
def territory() -> Territory:
    """Return a territory of three EPCI; the first is the one under test."""
    return make_territory([random_siren() for _ in range(3)])


@pytest.fixture
async def open_epci(store: Store, tmp_path: Path) -> AsyncIterator[OpenEpci]:
    """Return what opens the database of an EPCI."""
    async with AsyncExitStack() as stack:

        async def open_one(siren: str) -> Epci:
            url = await store.url(SERVICE.package, folder=tmp_path, name=siren)
            origin = Origin(epci=siren, service="projects", instance=uuid7(), base_url=BASE_URL)
            return Epci(siren, await stack.enter_async_context(opened(url, origin)))

        yield open_one


@pytest.fixture
async def home(open_epci: OpenEpci, territory: Territory) -> Epci:
    """Return the EPCI under test."""
    return await open_epci(territory.members[0].siren)


@pytest.fixture
async def partner(open_epci: OpenEpci, territory: Territory) -> Epci:
    """Return its neighbour."""
    return await open_epci(territory.members[1].siren)


@pytest.fixture
def coordinator(home: Epci) -> Scope:
    return people(home.siren)


@pytest.fixture
def agent(home: Epci) -> Scope:
    return people(home.siren, Role.AGENT)


@pytest.fixture
async def client(home: Epci, territory: Territory, stores: dict[str, Store], tmp_path: Path) -> AsyncIterator[Client]:
    async with identified(stores, tmp_path, epci=home.siren, roles=ROLES) as (identity, secrets):
        app = app_of(SERVICE, home.database, identity, epci=home.siren)
        app.state.territory = territory
        client = Client(app, secrets, role=Role.COORDINATOR, base_url=BASE_URL)
        yield client
        await client.http.aclose()
