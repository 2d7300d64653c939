"""Migrated databases of projects, people who ask, and a client of the routes."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.projects.manifest import SERVICE
from shared.db.engine import Database
from shared.db.session import Origin
from shared.identity.access import Role, Scope
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.support.projects import Epci, people
from tests.support.routes import Client, app_of, identified, migrate
from tests.support.territory import make_territory, random_siren

BASE_URL = "http://127.0.0.1:1"
ROLES = (Role.AGENT, Role.COORDINATOR, Role.INTEGRATOR)
PACKAGES = {"projects": "services.projects", "identity": "shared.identity"}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return migrate(tmp_path_factory.mktemp("migrated"), PACKAGES)


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
        origin = Origin(epci=siren, service="projects", instance=uuid7(), base_url=BASE_URL)
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


@pytest.fixture
async def client(home: Epci, territory: Territory, migrated: dict[str, Path], tmp_path: Path) -> AsyncIterator[Client]:
    async with identified(migrated["identity"], tmp_path, epci=home.siren, roles=ROLES) as (identity, secrets):
        app = app_of(SERVICE, home.database, identity, epci=home.siren)
        app.state.territory = territory
        client = Client(app, secrets, role=Role.COORDINATOR, base_url=BASE_URL)
        yield client
        await client.http.aclose()
