"""``estuaire status`` says what needs somebody, of an instance that runs or not, on both kinds of databases."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from services.cli import build
from services.cli.migrations import migrate
from services.host import SERVICES
from shared.clock import now
from shared.db.engine import Database
from shared.db.leading import Leadership, is_led
from shared.ids import uuid7
from shared.messaging.topology import Topology
from shared.territory.members import Territory
from tests.support.instances import environment
from tests.support.postgres import Server, find_postgres
from tests.support.topics import write
from tests.support.waiting import eventually

RUN = CliRunner()
NOBODY = "127.0.0.1:9"


@pytest.fixture
def settings(territory: Territory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the environment of the first EPCI, without Kafka; return its data folder."""
    for name, value in environment(territory, tmp_path, bootstrap=NOBODY, port=8000).items():
        monkeypatch.setenv(name, value)
    return (tmp_path / "data").resolve()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    """Run a PostgreSQL of this file."""
    server = find_postgres()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(
    request: pytest.FixtureRequest, settings: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """Address of the database of projects, on both kinds; it is not migrated yet."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{settings / 'projects.sqlite'}"
        return
    name = f"seen_{uuid7().hex}"
    connection = await asyncpg.connect(postgres.url)
    await connection.execute(f"CREATE DATABASE {name}")
    given = postgres.url.rpartition("/")[0] + f"/{name}"
    monkeypatch.setenv("ESTUAIRE_PROJECTS_DATABASE_URL", given)
    yield given.replace("postgresql://", "postgresql+asyncpg://")
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


def asked(*options: str) -> Result:
    """Run the command."""
    return RUN.invoke(build("status"), ["status", *options], catch_exceptions=False)


def told() -> dict[str, dict[str, object]]:
    """Return what the command tells a program, by service."""
    return {one["service"]: one for one in json.loads(asked("--json").output)["services"]}


def waiting(service: str, *, minutes: int, blocked: bool = False) -> object:
    """Return an outbox row that is not published yet."""
    return SERVICES[service].tables.outbox(
        message_id=uuid7(),
        topic="ti.territory.000000000.project.v1",
        key="k",
        aggregate_version=1,
        type="fr.ti.project.updated.v1",
        headers="{}",
        payload=b"{}",
        occurred_at=now() - timedelta(minutes=minutes),
        blocked_at=now() if blocked else None,
    )


def test_before_the_first_start_it_makes_nothing_and_says_what_to_do(settings: Path) -> None:
    answer = asked()

    assert answer.exit_code == 1
    assert "absente" in answer.output
    assert "estuaire" in answer.output
    assert "migrate" in answer.output
    assert not list(settings.glob("*.sqlite"))


def test_a_stopped_instance_without_kafka_is_told_in_french(settings: Path) -> None:
    migrate()

    answer = asked()

    assert answer.exit_code == 1
    assert "Kafka ne répond pas" in answer.output
    assert "projects\u00a0: aucun processus ne publie" in answer.output.replace("\n", " ")
    assert "jamais" in answer.output
    assert {one["away"] for one in told().values()} == {None}
    assert {one["dead_letters"] for one in told().values()} == {None}


@pytest.mark.usefixtures("settings")
async def test_each_kind_of_database_tells_its_revision_its_backlog_and_its_leader(url: str) -> None:
    await migrated()
    database = Database(url)
    async with database.transaction() as session:
        session.add(waiting("projects", minutes=11, blocked=True))
    before = await is_led(database)
    async with Leadership(database) as leader:

        async def leads() -> bool:
            return leader.leading

        await eventually(leads)
        held = (await status())["projects"]
    await database.close()
    after = (await status())["projects"]

    assert held["database"] == url.partition("+")[0]
    assert held["revision"] == held["newest_revision"]
    assert (held["backlog"], held["blocked"], held["blocked_keys"]) == (1, 1, 1)
    assert 660 <= float(str(held["oldest_age_seconds"])) < 720
    assert (before, held["led"], after["led"]) == (False, True, False)


async def test_a_database_of_another_revision_and_one_that_is_silent_give_no_figures(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrated()
    database = Database(url)
    async with database.connection() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    await database.close()
    monkeypatch.setenv("ESTUAIRE_EVENTS_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nowhere")

    found = await status()

    assert (found["projects"]["away"], found["projects"]["revision"]) == ("outdated", "older")
    assert found["events"]["away"] == "silent"
    assert found["contacts"]["away"] is None


async def test_what_is_set_aside_counts_until_somebody_judged_it(
    settings: Path, territory: Territory, bootstrap: str, topics: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTUAIRE_TERRITORY_BOOTSTRAP", bootstrap)
    await migrated()
    topic = f"ti.private.{territory.sirens[0]}.projects-dlq.v1"
    await write(bootstrap, topic, [(b"k", b"{}", ()) for _ in range(3)])
    heard = f"ti.territory.{territory.sirens[1]}.project.v1"
    await write(bootstrap, heard, [(b"k", b"{}", ()) for _ in range(2)])
    database = Database(f"sqlite+aiosqlite:///{settings / 'projects.sqlite'}")
    tables = SERVICES["projects"].tables
    async with database.transaction() as session:
        session.add(tables.letters(topic=topic, offset=1, verdict="dropped", settled_at=now()))
        group = f"{territory.sirens[0]}.projects.projector.p1"
        session.add(tables.positions(group=group, topic=heard, next_offset=1, moved_at=now()))
    await database.close()

    found = (await status())["projects"]

    assert found["dead_letters"] == 2
    assert found["lag"][group][heard] == 1  # type: ignore[index]


async def migrated() -> None:
    """Migrate the databases, as ``estuaire migrate`` does."""
    await asyncio.to_thread(migrate)


async def status() -> dict[str, dict[str, object]]:
    """Return what the command tells, run beside the loop of the test."""
    return await asyncio.to_thread(told)
