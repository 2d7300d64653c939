"""``estuaire doctor`` on real faults: each is seen, explained and comes with something to do."""

import asyncio
import json
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import build
from shared.messaging.topology import TopologyFile
from shared.messaging.topology.acls import bindings, remove
from shared.messaging.topology.client import admin_client
from shared.territory.members import Territory
from tests.support.broker import free_port
from tests.support.guests import Hosted, host
from tests.support.instances import environment
from tests.support.secured import Secured, authority_in

Environment = dict[str, str]
Spoil = Callable[[Environment, Path], None]


@pytest.fixture
async def hosted(secured: Secured, territory: Territory, tmp_path: Path) -> Hosted:
    """Return a territory whose users and topics are made."""
    file = TopologyFile.model_validate({"replicas": 1, "operator": f"op-{territory.sirens[0]}"})
    return await host(secured, territory, file, tmp_path / "passwords")


@pytest.fixture
def right(hosted: Hosted, territory: Territory, tmp_path: Path) -> Environment:
    """Return settings with which everything but the mail relay is well."""
    said = environment(territory, tmp_path, bootstrap=hosted.node.admin.bootstrap, port=free_port())
    user = hosted.file.user_of(territory.sirens[0])
    return said | hosted.node.environment(user, hosted.password(user)) | {"ESTUAIRE_SMTP_PORT": str(free_port())}


def ask(said: Environment, *words: str) -> tuple[int, str]:
    """Return the exit code of ``estuaire doctor`` and what it says."""
    answer = CliRunner(env=said).invoke(build("doctor"), ["doctor", *words])
    return answer.exit_code, answer.output


def faults(said: Environment) -> dict[str, str]:
    """Return what it finds wrong, in its words."""
    _, text = ask(said, "--json")
    found = json.loads(text)
    assert all(one["cause"] and one["remedy"] for one in found if one["fault"])
    return {one["about"]: f"{one['seen']} {one['cause']} {one['remedy']}" for one in found if one["fault"]}


def test_where_all_is_well_but_the_mail_only_the_mail_is_named(right: Environment) -> None:
    code, text = ask(right)

    assert code == 1
    assert set(faults(right)) == {"Relais de messagerie"}
    assert "Kafka du territoire, droits\u00a0: nous lisons et écrivons nos sujets." in text
    assert "Cause probable" in text
    assert right["ESTUAIRE_KAFKA_PASSWORD"] not in text


def _wrong_password(said: Environment, _: Path) -> None:
    said["ESTUAIRE_KAFKA_PASSWORD"] = "pas-le-bon"


def _wrong_authority(said: Environment, folder: Path) -> None:
    said["ESTUAIRE_KAFKA_CA_FILE"] = str(authority_in(folder)[1])


def _no_broker(said: Environment, _: Path) -> None:
    said["ESTUAIRE_TERRITORY_BOOTSTRAP"] = f"127.0.0.1:{free_port()}"


def _in_the_clear(said: Environment, _: Path) -> None:
    said["ESTUAIRE_KAFKA_SECURITY"] = "plaintext"
    for name in ("USER", "PASSWORD", "CA_FILE"):
        del said[f"ESTUAIRE_KAFKA_{name}"]


def _no_local_broker(said: Environment, _: Path) -> None:
    said["ESTUAIRE_LOCAL_BOOTSTRAP"] = f"127.0.0.1:{free_port()}"


def _file_for_folder(said: Environment, folder: Path) -> None:
    (folder / "data").write_text("", encoding="utf-8")


def _open_folder(said: Environment, folder: Path) -> None:
    (folder / "data").mkdir(mode=0o755)


def _old_database(said: Environment, folder: Path) -> None:
    (folder / "data").mkdir(mode=0o700)
    sqlite3.connect(folder / "data" / "events.sqlite").execute("CREATE TABLE kept (id INTEGER)").connection.close()


def _torn_database(said: Environment, folder: Path) -> None:
    (folder / "data").mkdir(mode=0o700)
    (folder / "data" / "events.sqlite").write_bytes(b"no database at all" * 100)


def _no_postgresql(said: Environment, _: Path) -> None:
    said["ESTUAIRE_EVENTS_DATABASE_URL"] = f"postgresql://nobody:x@127.0.0.1:{free_port()}/events"


def _no_territory(said: Environment, folder: Path) -> None:
    said["ESTUAIRE_TERRITORY_FILE"] = str(folder / "absent.yaml")


@pytest.mark.parametrize(
    ("spoil", "about", "words"),
    [
        (_wrong_password, "Kafka du territoire", "ESTUAIRE_KAFKA_PASSWORD"),
        (_wrong_authority, "Kafka du territoire", "ESTUAIRE_KAFKA_CA_FILE"),
        (_no_broker, "Kafka du territoire", "personne n’écoute"),
        (_in_the_clear, "Kafka du territoire", "ESTUAIRE_KAFKA_SECURITY"),
        (_no_local_broker, "Kafka privé", "ESTUAIRE_LOCAL_BOOTSTRAP"),
        (_file_for_folder, "Dossier de données", "ESTUAIRE_DATA_DIR"),
        (_open_folder, "Dossier de données", "chmod 700"),
        (_old_database, "Base events", "estuaire migrate"),
        (_torn_database, "Base events", "sauvegarde"),
        (_no_postgresql, "Base events", "ESTUAIRE_EVENTS_DATABASE_URL"),
        (_no_territory, "Territoire", "ESTUAIRE_TERRITORY_FILE"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_fault_is_seen_with_its_remedy(
    right: Environment, tmp_path: Path, spoil: Spoil, about: str, words: str
) -> None:
    said = dict(right)
    spoil(said, tmp_path)
    # What the environment of this test run does not have must not come from elsewhere.
    found = faults({name: value for name, value in said.items() if value})

    assert words in found[about], found
    assert set(found) <= {about, "Relais de messagerie"}, found


def test_a_setting_that_is_wrong_is_named(right: Environment) -> None:
    found = faults(right | {"ESTUAIRE_PORT": "port"})

    assert "ESTUAIRE_PORT" in found["Réglages"]


async def test_missing_topics_and_rights_are_named(right: Environment, hosted: Hosted) -> None:
    own = hosted.territory.sirens[0]
    admin = admin_client(hosted.node.admin)
    gone = f"ti.territory.{own}.project.v1"

    def spoil() -> None:
        user = f"User:{hosted.file.user_of(own)}"
        found = bindings(admin, patience=10)
        remove(admin, [one for one in found if one.principal == user and one.name == f"ti.public.{own}."], patience=10)
        admin.delete_topics([gone])[gone].result()

    await asyncio.to_thread(spoil)
    found = await asyncio.to_thread(faults, right)

    assert gone in found["Kafka du territoire, sujets"]
    assert f"ti.public.{own}." in found["Kafka du territoire, droits"]


def test_a_port_that_another_program_holds_is_named(right: Environment) -> None:
    with socket.create_server(("127.0.0.1", int(right["ESTUAIRE_PORT"]))):
        found = faults(right)

    assert "ESTUAIRE_PORT" in found["Port"]
