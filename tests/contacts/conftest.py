"""A migrated database of contacts, people who ask, and a client of its routes."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.contacts.manifest import SERVICE
from shared.db.engine import Database
from shared.db.session import Origin
from shared.identity.access import Role, Scope
from shared.ids import uuid7
from tests.support.routes import Client, app_of, identified, migrate
from tests.support.territory import random_siren

BASE_URL = "http://127.0.0.1:1"
PACKAGES = {"contacts": "services.contacts", "identity": "shared.identity"}
ROLES = [role for role in Role if role is not Role.VISITOR]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return migrate(tmp_path_factory.mktemp("migrated"), PACKAGES)


@pytest.fixture
def epci() -> str:
    return random_siren()


@pytest.fixture
async def database(migrated: dict[str, Path], tmp_path: Path, epci: str) -> AsyncIterator[Database]:
    path = shutil.copy(migrated["contacts"], tmp_path / "contacts.sqlite")
    origin = Origin(epci=epci, service="contacts", instance=uuid7(), base_url=BASE_URL)
    database = Database(f"sqlite+aiosqlite:///{path}", origin)
    yield database
    await database.close()


@pytest.fixture
def scope(epci: str) -> Scope:
    return Scope(epci=epci, role=Role.AGENT, actor=uuid7())


@pytest.fixture
async def client(database: Database, migrated: dict[str, Path], tmp_path: Path, epci: str) -> AsyncIterator[Client]:
    async with identified(migrated["identity"], tmp_path, epci=epci, roles=ROLES) as (identity, secrets):
        app = app_of(SERVICE, database, identity, epci=epci)
        client = Client(app, secrets, role=Role.AGENT, base_url=BASE_URL)
        yield client
        await client.http.aclose()
