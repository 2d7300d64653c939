"""A migrated database of contacts, people who ask, and a client of its routes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.contacts.manifest import SERVICE
from shared.db.engine import Database
from shared.db.session import Origin
from shared.identity.access import Role, Scope
from shared.ids import uuid7
from tests.support.databases import Store, opened
from tests.support.routes import Client, app_of, identified
from tests.support.territory import random_siren

BASE_URL = "http://127.0.0.1:1"
ROLES = [role for role in Role if role is not Role.VISITOR]


@pytest.fixture
def epci() -> str:
    return random_siren()


@pytest.fixture
async def database(store: Store, tmp_path: Path, epci: str) -> AsyncIterator[Database]:
    url = await store.url(SERVICE.package, folder=tmp_path, name="contacts")
    origin = Origin(epci=epci, service="contacts", instance=uuid7(), base_url=BASE_URL)
    async with opened(url, origin) as database:
        yield database


@pytest.fixture
def scope(epci: str) -> Scope:
    return Scope(epci=epci, role=Role.AGENT, actor=uuid7())


@pytest.fixture
async def client(database: Database, stores: dict[str, Store], tmp_path: Path, epci: str) -> AsyncIterator[Client]:
    async with identified(stores, tmp_path, epci=epci, roles=ROLES) as (identity, secrets):
        app = app_of(SERVICE, database, identity, epci=epci)
        client = Client(app, secrets, role=Role.AGENT, base_url=BASE_URL)
        yield client
        await client.http.aclose()
