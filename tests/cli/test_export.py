"""What an EPCI has written leaves in open formats: every row, described, without what others told."""

import asyncio
import csv
import io
import json
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli import build
from services.host import SERVICES
from services.projects.models import KnownProject
from shared.clock import now
from shared.db.session import Origin
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.support.broker import free_port
from tests.support.databases import Store, opened
from tests.support.instances import environment
from tests.support.projects import make_project, people

RUN = CliRunner()
TITLE = "=Halle fictive, « neuve »\u00a0; lot 2"


@pytest.fixture
async def settings(
    territory: Territory, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Return the settings of an instance whose services have run, and in which somebody logged a project."""
    found = environment(territory, tmp_path, bootstrap="127.0.0.1:9", port=free_port())
    folder = Path(found["ESTUAIRE_DATA_DIR"])
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    for name, service in SERVICES.items():
        url = await store.url(service.package, folder=folder, name=name)
        if url.startswith("postgresql"):
            found[f"ESTUAIRE_{name.upper()}_DATABASE_URL"] = url.replace("+asyncpg", "")
        if name == "projects":
            await _log(url, territory)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


async def _log(url: str, territory: Territory) -> None:
    home, other = territory.sirens[:2]
    origin = Origin(home, "projects", uuid7(), "http://127.0.0.1:1")
    async with opened(url, origin) as database, database.transaction() as session:
        given = {"title": TITLE, "filieres": ["mecanique"], "total_cost_ht": "1234.50"}
        await make_project(session, people(home), territory, **given)
        session.add(KnownProject(home_epci=other, id=uuid7(), version=1, occurred_at=now(), state="{}"))


async def exported(*arguments: str) -> Any:  # noqa: ANN401 - of the library
    return await asyncio.to_thread(lambda: RUN.invoke(build("export"), ["export", *arguments]))


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


async def test_all_that_an_epci_wrote_leaves_with_its_description(settings: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "tout.zip"

    told = await exported(str(file), "--all")

    assert told.exit_code == 0, told.output + str(told.exception)
    assert "données personnelles" in told.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    archive = zipfile.ZipFile(file)
    package = json.loads(archive.read("datapackage.json"))
    assert {one.split("/")[0] for one in archive.namelist()} == {*SERVICES, "datapackage.json"}
    assert not [one for one in archive.namelist() if "known" in one or "outbox" in one]
    [project] = rows(archive, "projects/project.csv")
    assert (project["title"], project["filieres"]) == (f"'{TITLE}", '["mecanique"]')
    assert (project["total_cost_ht"], project["amounts_public"], project["kind"]) == (
        "1234.5", "true", "land_brownfield",
    )  # fmt: skip
    for resource in package["resources"]:
        _as_described(archive, resource, {one["name"] for one in package["resources"]})


def _as_described(archive: zipfile.ZipFile, resource: dict[str, Any], names: set[str]) -> None:
    reader = csv.reader(io.StringIO(archive.read(resource["path"]).decode()))
    assert next(reader) == [one["name"] for one in resource["schema"]["fields"]]
    assert len(list(reader)) == resource["rows"]
    assert set(resource["schema"]["primaryKey"]) <= {one["name"] for one in resource["schema"]["fields"]}
    assert {one["reference"]["resource"] for one in resource["schema"]["foreignKeys"]} <= names


async def test_one_service_may_leave_alone(settings: dict[str, str], tmp_path: Path) -> None:
    told = await exported(str(tmp_path / "un.zip"), "--service", "events")

    assert told.exit_code == 0, told.output
    folders = {one.split("/")[0] for one in zipfile.ZipFile(tmp_path / "un.zip").namelist()}
    assert folders == {"events", "datapackage.json"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--all"),
        (["--all", "--service", "events"], "--all"),
        (["--service", "lune"], "Service inconnu"),
    ],
)
async def test_what_is_to_leave_has_to_be_said(
    settings: dict[str, str], tmp_path: Path, arguments: list[str], says: str
) -> None:
    told = await exported(str(tmp_path / "x.zip"), *arguments)

    assert told.exit_code != 0
    assert says in str(told.exception)
    assert not {"x.zip", "x.zip.draft"} & set(os.listdir(tmp_path))


async def test_an_archive_that_is_there_is_not_written_over(settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "tout.zip").write_bytes(b"kept")

    told = await exported(str(tmp_path / "tout.zip"), "--all")
    nowhere = await exported(str(tmp_path / "absent" / "tout.zip"), "--all")

    assert "existe déjà" in str(told.exception)
    assert "ne peut pas être écrite" in str(nowhere.exception)
    assert (tmp_path / "tout.zip").read_bytes() == b"kept"
