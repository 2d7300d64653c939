"""A copy of six hours ago is put back: nothing is sent twice, nobody comes back who was erased, nothing is frozen."""

import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from shared.messaging.topology import Topology
from shared.outbound import plain_client
from shared.settings import DATABASES
from shared.territory.members import Territory
from tests.support.broker import free_port
from tests.support.contacts import person_body
from tests.support.instances import Served, environment, estuaire, serving
from tests.support.topics import dump
from tests.support.waiting import eventually

# Each lives through a dozen commands, each a process of its own.
pytestmark = pytest.mark.timeout(400)
NewUrl = Callable[[str], Awaitable[str]]
KILLED = 137
SERVED = ("projects", "contacts", "notifications")


@pytest.fixture
async def settings(
    tmp_path: Path, territory: Territory, topics: Topology, bootstrap: str, new_url: NewUrl
) -> dict[str, str]:
    """Return the settings of an instance on databases of one kind."""
    found = environment(territory, tmp_path, bootstrap=bootstrap, port=free_port())
    for name in DATABASES:
        url = await new_url(name)
        if url.startswith("postgresql"):
            found[f"ESTUAIRE_{name.upper()}_DATABASE_URL"] = url.replace("+asyncpg", "")
    return found


async def _is_published(served: Served) -> bool:
    services = (await served.get("/api/v1/status")).json()["services"]
    return all(one["backlog"] == 0 and one["held"] == "" for one in services)


async def _log(bootstrap: str, territory: Territory, aggregate: str, *, scope: str = "territory") -> list[Any]:
    return await dump(bootstrap, f"ti.{scope}.{territory.sirens[0]}.{aggregate}.v1")


def _version(record: Any) -> int:  # noqa: ANN401 - of aiokafka
    return int(dict(record.headers)["ce_sequence"])


async def test_f23_invariant_17_a_restored_copy_raises_what_is_behind_the_log_and_resurrects_nobody(
    tmp_path: Path, settings: dict[str, str], bootstrap: str, territory: Territory
) -> None:
    copy = tmp_path / "copy"
    with serving(settings, tmp_path, *SERVED) as served:
        project, person = await _first_hours(served, settings, copy)
        assert "en marche" in estuaire(settings, "restore", str(copy), "--force").stderr
        served.stop()
    before = await _log(bootstrap, territory, "project")
    newest = {one.key: _version(one) for one in before}

    assert "--force" in estuaire(settings, "restore", str(copy)).stderr
    restored = estuaire(settings, "restore", str(copy), "--force")
    assert restored.returncode == 0, restored.stderr
    with serving(settings, tmp_path, *SERVED) as served:
        told = await _held_back(served)
        assert len(await _log(bootstrap, territory, "project")) == len(before), "published before the check"
        checked = estuaire(settings, "restore-check")
        assert checked.returncode == 0, checked.stderr
        await eventually(lambda: _is_published(served), within=60)
        gone = await served.get(f"/api/v1/people/{person['id']}")
        changed = (await served.get(f"/api/v1/projects/{project['id']}")).json()
        served.stop()

    log = await _log(bootstrap, territory, "project")
    own = [one for one in log if one.key == project["id"].encode()]
    [stranger] = set(newest) - {own[0].key, told["id"].encode()}
    assert changed["version"] == _version(own[-1]) > newest[own[0].key], "frozen behind the log"
    assert own[-1].value is not None
    assert stranger.decode() in checked.stdout
    assert gone.status_code == 404, "erased since the copy"
    assert (await _log(bootstrap, territory, "person-card", scope="private"))[-1].value is None


async def _first_hours(served: Served, settings: dict[str, str], copy: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Live until a copy is made, and on after it; return a project changed and a person erased after it."""
    await eventually(served.answers, within=90)
    project = (await served.post("/api/v1/projects", {"title": "Chaufferie", "kind": "study"})).json()
    person = (await served.post("/api/v1/people", person_body())).json()
    made = estuaire(settings, "backup", str(copy))
    assert made.returncode == 0, made.stderr
    await _live_on(served, project)
    async with plain_client(served.url, token=served.token) as client:
        assert (await client.delete(f"/api/v1/people/{person['id']}")).status_code == 204
    await eventually(lambda: _is_published(served), within=60)
    return project, person


async def _held_back(served: Served) -> dict[str, Any]:
    """Wait until the restored instance says that it publishes nothing, and tell it something nevertheless."""
    await eventually(served.answers, within=90)
    await eventually(lambda: _holds(served, "restaurée"), within=30)
    told = await served.post("/api/v1/projects", {"title": "Après", "kind": "study"})
    assert told.status_code == 201
    made: dict[str, Any] = told.json()
    return made


async def _live_on(served: Served, project: dict[str, Any]) -> None:
    """Change what the copy knows, and add what it does not know."""
    for number in range(3):
        seen = (await served.get(f"/api/v1/projects/{project['id']}")).json()["version"]
        async with plain_client(served.url, token=served.token) as client:
            changed = await client.patch(
                f"/api/v1/projects/{project['id']}",
                json={"title": f"Chaufferie {number}"},
                headers={"If-Match": f'"{seen}"'},
            )
        assert changed.status_code == 200, changed.text
    assert (await served.post("/api/v1/projects", {"title": "Perdu", "kind": "study"})).status_code == 201


async def _holds(served: Served, word: str) -> bool:
    services = (await served.get("/api/v1/status")).json()["services"]
    return all(word in one["held"] for one in services)


@pytest.mark.parametrize("new_url", ["sqlite"], indirect=True)
async def test_a_backup_or_restore_cut_short_is_never_taken_for_a_whole_one(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    assert estuaire(settings, "migrate").returncode == 0
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    assert estuaire(settings, "backup", str(cut), crash_at="backup.mid:2").returncode == KILLED
    assert estuaire(settings, "backup", str(whole)).returncode == 0
    assert "complète" in estuaire(settings, "restore", str(cut), "--force").stderr

    for point in ("restore.after_copy", "restore.after_incarnation"):
        assert estuaire(settings, "restore", str(whole), "--force", crash_at=f"{point}:2").returncode == KILLED
        assert "interrompue" in estuaire(settings, "serve").stderr
    assert estuaire(settings, "restore", str(whole), "--force").returncode == 0
    assert (whole.stat().st_mode & 0o777, (whole / "projects.sqlite").stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize("new_url", ["sqlite"], indirect=True)
async def test_a_spoilt_or_foreign_backup_is_refused_and_changes_nothing(
    tmp_path: Path, settings: dict[str, str], territory: Territory
) -> None:
    assert estuaire(settings, "migrate").returncode == 0
    whole = tmp_path / "whole"
    assert estuaire(settings, "backup", str(whole)).returncode == 0
    assert "pas vide" in estuaire(settings, "backup", str(whole)).stderr
    before = (tmp_path / "data" / "projects.sqlite").read_bytes()

    async def refusal(spoil: Callable[[Path], object]) -> str:
        spoilt = tmp_path / "spoilt"
        shutil.rmtree(spoilt, ignore_errors=True)
        shutil.copytree(whole, spoilt)
        spoil(spoilt)
        done = estuaire(settings, "restore", str(spoilt), "--force")
        assert done.returncode == 1
        return done.stderr

    def told(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
        def spoil(folder: Path) -> None:
            file = folder / "sauvegarde.json"
            manifest = json.loads(file.read_text())
            change(manifest)
            file.write_text(json.dumps(manifest))

        return spoil

    assert "abîmée" in await refusal(lambda one: (one / "events.sqlite").write_bytes(b"x"))
    assert "abîmée" in await refusal(lambda one: (one / "identity.sqlite").unlink())
    assert "abîmé" in await refusal(lambda one: (one / "sauvegarde.json").write_text("[]"))
    assert "autre EPCI" in await refusal(told(lambda one: one.update(siren=territory.sirens[1])))
    assert "plus récente" in await refusal(told(lambda one: one["databases"]["events"].update(revision="abc")))
    assert "même genre" in await refusal(told(lambda one: one["databases"]["events"].update(kind="postgresql")))
    assert (tmp_path / "data" / "projects.sqlite").read_bytes() == before


@pytest.mark.parametrize("new_url", ["sqlite"], indirect=True)
async def test_a_rebuild_killed_at_any_point_leaves_whole_tables(
    tmp_path: Path, settings: dict[str, str], bootstrap: str
) -> None:
    with serving(settings, tmp_path, "projects") as served:
        await eventually(served.answers, within=90)
        for number in range(5):
            await served.post("/api/v1/projects", {"title": f"Projet {number}", "kind": "study"})
        await eventually(lambda: _is_published(served), within=60)
        for point in ("rebuild.before_swap", "rebuild.after_swap"):
            killed = estuaire(settings, "rebuild", "projects", crash_at=point)
            assert killed.returncode == KILLED, killed.stderr
        done = estuaire(settings, "rebuild", "projects")
        served.stop()

    assert done.returncode == 0, done.stderr
    assert "known_project" in done.stdout
    assert "5" in done.stdout
    assert not list((tmp_path / "data").glob("*.rebuild"))
    assert "inconnu" in estuaire(settings, "rebuild", "jardin").stderr
