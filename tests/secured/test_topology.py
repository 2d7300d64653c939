"""An operator makes a secured cluster as the files say, with an access of its own, and sees what is not so."""

import asyncio
import stat
import time
from pathlib import Path

import pytest
import yaml
from aiokafka import AIOKafkaProducer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from typer.testing import CliRunner, Result

from services.cli.topology import topology as command
from shared.errors import Forbidden, Invalid, Unavailable
from shared.messaging.kafka import client_options, quotas_of, set_quotas
from shared.messaging.topology import Topology, read_topology
from shared.messaging.topology.client import admin_client
from shared.territory.members import Territory
from tests.support.cluster import change
from tests.support.secured import ADMIN, Secured
from tests.support.territory import random_siren

Environment = dict[str, str]


@pytest.fixture
def tag() -> str:
    return random_siren()


@pytest.fixture
def folder(tmp_path: Path, territory: Territory, tag: str) -> Path:
    """Return a folder with a territory file and a topology file beside it."""
    (tmp_path / "territory.yaml").write_text(yaml.safe_dump(territory.model_dump(mode="json")), "utf-8")
    reader = {"user": f"cci-{tag}", "group_prefix": f"cci-{tag}."}
    said = {"replicas": 1, "operator": f"operateur-{tag}", "integrators": [reader]}
    (tmp_path / "topology.yaml").write_text(yaml.safe_dump(said), "utf-8")
    return tmp_path


def run(folder: Path, node: Secured, user: str, password: str, *words: str) -> Result:
    """Call ``estuaire topology`` as an operator would, with an access of its own."""
    said = node.environment(user, password) | {
        "ESTUAIRE_TERRITORY_FILE": str(folder / "territory.yaml"),
        "ESTUAIRE_TERRITORY_BOOTSTRAP": node.admin.bootstrap,
        "COLUMNS": "250",
    }
    return CliRunner(env=said).invoke(command, list(words))


def as_admin(folder: Path, node: Secured, *words: str) -> Result:
    """Call it as the first administrator."""
    assert node.admin.password is not None
    return run(folder, node, ADMIN, node.admin.password.get_secret_value(), *words)


def test_a_cluster_is_planned_made_and_then_right_for_its_own_operator_too(
    secured: Secured, folder: Path, territory: Territory, tag: str
) -> None:
    secrets = ("--secrets", str(folder / "secrets"))

    before = as_admin(folder, secured, "plan")
    made = as_admin(folder, secured, "apply", *secrets)
    password = (folder / "secrets" / f"operateur-{tag}.password").read_text()
    after = run(folder, secured, f"operateur-{tag}", password, "plan")
    again = run(folder, secured, f"operateur-{tag}", password, "apply", *secrets)

    assert (before.exit_code, made.exit_code, after.exit_code, again.exit_code) == (2, 0, 0, 0), made.output
    assert "utilisateur à créer" in before.output
    users = {f"epci-{siren}" for siren in territory.sirens} | {f"cci-{tag}", f"operateur-{tag}"}
    files = {file.name.removesuffix(".password"): file for file in (folder / "secrets").iterdir()}
    assert set(files) == users
    assert {stat.S_IMODE(file.stat().st_mode) for file in files.values()} == {0o600}
    assert not any(file.read_text() in made.output for file in files.values())
    assert asyncio.run(quotas_of(secured.admin))[f"cci-{tag}"]["consumer_byte_rate"] == 2_000_000
    assert "0 droits retirés, 0 donnés, 0 quotas fixés" in again.output


def test_a_right_too_many_is_shown_and_taken_away_and_a_stranger_is_shown(
    secured: Secured, folder: Path, territory: Territory, tag: str
) -> None:
    as_admin(folder, secured, "apply", "--secrets", str(folder / "secrets"))
    wide = ("ti.private.", ResourcePatternType.PREFIXED)
    admin = admin_client(secured.admin)
    for user, (name, pattern) in {f"cci-{tag}": wide, f"inconnu-{tag}": wide}.items():
        rule = AclBinding(
            ResourceType.TOPIC, name, pattern, f"User:{user}", "*", AclOperation.READ, AclPermissionType.ALLOW
        )
        for one in admin.create_acls([rule]).values():
            one.result()

    seen = as_admin(folder, secured, "plan")
    as_admin(folder, secured, "apply", "--secrets", str(folder / "secrets"))
    after = as_admin(folder, secured, "plan")

    assert seen.exit_code == 2
    assert "en trop\u00a0: read sur topic ti.private.*" in seen.output
    assert "étranger au plan\u00a0: read sur topic ti.private.*" in seen.output
    assert after.exit_code == 0
    assert "en trop" not in after.output
    assert f"inconnu-{tag}" in after.output


def test_a_topic_that_differs_is_changed_only_on_request(secured: Secured, folder: Path, territory: Territory) -> None:
    secrets = ("--secrets", str(folder / "secrets"))
    as_admin(folder, secured, "apply", *secrets)
    topic = f"ti.territory.{territory.sirens[0]}.project.v1"
    asyncio.run(change(admin_client(secured.admin), topic, key="segment.ms", value="60000"))

    plain = as_admin(folder, secured, "apply", *secrets)
    seen = as_admin(folder, secured, "plan")
    as_admin(folder, secured, "apply", "--align", *secrets)
    after = as_admin(folder, secured, "plan")

    assert "segment.ms = 60000 au lieu de 86400000" in plain.output
    assert (seen.exit_code, after.exit_code) == (2, 0)


def test_whoever_is_not_let_in_is_told_why_and_what_to_do(secured: Secured, folder: Path) -> None:
    wrong = run(folder, secured, ADMIN, "pas-le-bon-mot-de-passe", "plan")

    assert isinstance(wrong.exception, Unavailable)
    assert "refuse notre nom ou notre mot de passe" in str(wrong.exception)
    assert "ESTUAIRE_KAFKA_PASSWORD" in str(wrong.exception)


def test_an_instance_cannot_look_at_users(secured: Secured, folder: Path, territory: Territory) -> None:
    as_admin(folder, secured, "apply", "--secrets", str(folder / "secrets"))
    user = f"epci-{territory.sirens[0]}"

    refused = run(folder, secured, user, (folder / "secrets" / f"{user}.password").read_text(), "plan")

    assert isinstance(refused.exception, Forbidden)


async def test_a14_a_quota_slows_down_and_fails_nothing(secured: Secured, territory: Territory) -> None:
    topic = f"ti.territory.{territory.sirens[0]}.project.v1"
    plan = {ADMIN: {"producer_byte_rate": 50_000.0}}
    topics = Topology(secured.admin)
    await asyncio.to_thread(lambda: topics.apply(topics.plan(territory.sirens[:1])))

    async def seconds() -> float:
        producer = AIOKafkaProducer(**client_options(secured.admin), acks="all", enable_idempotence=True)
        await producer.start()
        try:
            began = time.monotonic()
            for _ in range(8):
                await producer.send_and_wait(topic, b"x" * 100_000, key=b"k")
            return time.monotonic() - began
        finally:
            await producer.stop()

    free = await seconds()
    await set_quotas(secured.admin, plan, known={})
    try:
        slowed = await seconds()
    finally:
        await set_quotas(secured.admin, {ADMIN: {}}, known=plan)

    assert slowed > 3 > free


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("{", "n’est pas du YAML"),
        ("replicas: beaucoup", "replicas (Écrivez un nombre entier)"),
        ("inconnu: 1", "inconnu (Ce champ n’existe pas)"),
        (
            "integrators: [{user: CCI, group_prefix: cci.}]",
            "integrators.0.user (Lettres minuscules sans accent, chiffres, et",
        ),
        ("integrators: [{user: cci, group_prefix: cci}]", "group_prefix (Lettres minuscules"),
        ("integrators: [{user: cci, group_prefix: '200010700.'}]", "prendrait celui d’un EPCI"),
        ("integrators: [{user: cci, group_prefix: cci., reads: territory}]", "demande une convention"),
        ("integrators: [{user: cci, group_prefix: a1.}, {user: cci, group_prefix: b1.}]", "sert deux fois de user"),
        ("instances: [{siren: '200010700'}]", "le territoire ne connaît pas 200010700"),
    ],
)
def test_a_topology_file_says_where_it_is_wrong(tmp_path: Path, territory: Territory, said: str, sentence: str) -> None:
    (tmp_path / "topology.yaml").write_text(said, encoding="utf-8")

    with pytest.raises(Invalid) as refused:
        read_topology(tmp_path / "topology.yaml", territory)
    assert sentence in refused.value.detail
