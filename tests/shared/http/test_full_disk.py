"""A database that cannot grow: writes wait outside, reads go on, and nothing needs a restart afterwards."""

from pathlib import Path

import pytest
from sqlalchemy import event

from services.projects.manifest import SERVICE
from shared.db.engine import Database
from shared.db.session import Origin
from shared.identity.access import Role
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.support.databases import Store
from tests.support.routes import Client, app_of, identified

BASE_URL = "http://127.0.0.1:1"
LONG = "Un projet dont le texte demande de nouvelles pages. " * 300


async def cap(database: Database, pages: int) -> None:
    """Let the file have so many pages at most, as a full volume would; for connections to come."""
    await database.engine.dispose()

    @event.listens_for(database.engine.sync_engine, "connect")
    def full(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.close()


@pytest.fixture
async def database(stores: dict[str, Store], tmp_path: Path, territory: Territory) -> Database:
    url = await stores["sqlite"].url(SERVICE.package, folder=tmp_path, name="projects")
    origin = Origin(epci=territory.sirens[0], service="projects", instance=uuid7(), base_url=BASE_URL)
    return Database(url, origin)


async def test_f26_a_full_disk_refuses_writes_serves_reads_and_heals(
    database: Database, stores: dict[str, Store], tmp_path: Path, territory: Territory
) -> None:
    epci = territory.sirens[0]
    async with identified(stores, tmp_path, epci=epci, roles=[Role.COORDINATOR]) as (identity, secrets):
        app = app_of(SERVICE, database, identity, epci=epci)
        app.state.territory = territory
        client = Client(app, secrets, role=Role.COORDINATOR, base_url=BASE_URL)
        wanted = {"title": "Chaufferie", "kind": "study", "summary": LONG}
        first = await client.ask("POST", "/projects", body=wanted)

        await cap(database, 1)
        answers = [await client.ask("POST", "/projects", body=wanted) for _ in range(20)]
        refused = [answer for answer in answers if answer.status_code != 201]
        kept = await client.ask("GET", f"/projects/{first.json()['id']}")

        await cap(database, 1_000_000)
        healed = await client.ask("POST", "/projects", body=wanted)
        listed = await client.ask("GET", "/projects?limit=200")
        await client.http.aclose()
    await database.close()

    assert refused
    assert {(one.status_code, one.headers["retry-after"]) for one in refused} == {(503, "2")}
    assert (kept.status_code, healed.status_code) == (200, 201)
    assert len(listed.json()["items"]) == 2 + len(answers) - len(refused), "half a write, or one that was lost"
