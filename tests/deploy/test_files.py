"""What is under deploy/ fits the code: settings, addresses, limits, and what supervisors check without starting it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.host import SERVICES
from shared.messaging.topology import read_topology
from shared.settings import InstanceSettings
from tests.support.code import ROOT
from tests.support.territory import make_territory

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
GRACE_SECONDS = 30


def load(name: str) -> dict[str, Any]:
    """Return a YAML file of deploy/."""
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text("utf-8"))
    return loaded


def test_the_example_names_every_setting_and_no_other() -> None:
    lines = (DEPLOY / "estuaire.env.example").read_text("utf-8").splitlines()
    named = [found[1].lower() for line in lines if (found := re.match(r"#?ESTUAIRE_([A-Z_]+)=", line))]

    assert sorted(named) == sorted(InstanceSettings.model_fields)


def test_the_settings_of_deploy_exist() -> None:
    read_elsewhere = {"secrets_dir"}
    texts = [path.read_text("utf-8") for path in DEPLOY.rglob("*") if path.is_file()]
    named = {name.lower() for text in texts for name in re.findall(r"(?i)\bestuaire_([a-z_]+[a-z])\b", text)}

    assert named <= {*InstanceSettings.model_fields, *read_elsewhere}


def test_the_topology_file_is_one() -> None:
    territory = make_territory(["200010700", "200084952"])

    assert read_topology(DEPLOY / "topology.yaml", territory).replicas == 3


def test_compose_files_mount_what_is_there_and_name_what_they_define() -> None:
    for name in ("compose.yaml", "compose.territory.yaml"):
        said = load(name)
        for service in said["services"].values():
            assert set(service.get("depends_on", {})) <= set(said["services"])
            assert set(service.get("secrets", ())) <= set(said.get("secrets", {}))
            for source in (one.split(":")[0] for one in service["volumes"]):
                ours = source.startswith("./") and Path(source).suffix in {".sh", ".sql"}
                assert source in said["volumes"] or source.startswith("./"), source
                assert not ours or (DEPLOY / source).is_file(), source


def test_three_nodes_of_a_territory_differ_where_they_must() -> None:
    nodes = load("compose.territory.yaml")["services"]

    assert len(nodes) == len({one["environment"]["NODE_ID"] for one in nodes.values()}) == 3
    assert len({one["environment"]["CLIENT_PORT"] for one in nodes.values()}) == 3
    for name, one in nodes.items():
        assert name == one["hostname"] == f"kafka-{one['environment']['NODE_ID']}"
        assert one["ports"] == [f"{one['environment']['CLIENT_PORT']}:{one['environment']['CLIENT_PORT']}"]


def test_the_script_of_a_node_is_a_script() -> None:
    subprocess.run(["bash", "-n", str(DEPLOY / "start-node.sh")], check=True)  # noqa: S603, S607 - the shell


def test_every_supervisor_waits_longer_than_an_instance_takes_to_stop() -> None:
    pods = [one for one in yaml.safe_load_all((DEPLOY / "k8s/estuaire.yaml").read_text("utf-8")) if one]
    sets = [one["spec"]["template"]["spec"] for one in pods if one["kind"] == "StatefulSet"]
    waits = [one["terminationGracePeriodSeconds"] for one in sets]
    waits.append(int(load("compose.yaml")["services"]["estuaire"]["stop_grace_period"].removesuffix("s")))
    waits += [int(found) for unit in UNITS for found in re.findall(r"TimeoutStopSec=(\d+)", unit.read_text("utf-8"))]

    assert len(waits) == 4 + 1 + 2
    assert min(waits) > GRACE_SECONDS


def test_kubernetes_runs_each_service_twice_as_nobody_and_keeps_one_of_each() -> None:
    found = [one for one in yaml.safe_load_all((DEPLOY / "k8s/estuaire.yaml").read_text("utf-8")) if one]
    sets = {one["metadata"]["name"]: one["spec"] for one in found if one["kind"] == "StatefulSet"}
    budgets = {one["metadata"]["name"]: one["spec"] for one in found if one["kind"] == "PodDisruptionBudget"}

    assert set(sets) == set(budgets) == {f"estuaire-{name}" for name in SERVICES}
    for name, spec in sets.items():
        (container,) = spec["template"]["spec"]["containers"]
        assert container["args"] == ["serve", name.removeprefix("estuaire-")]
        assert spec["replicas"] == 2
        assert spec["template"]["spec"]["securityContext"]["runAsNonRoot"]
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
        assert budgets[name] == {"maxUnavailable": 1, "selector": spec["selector"]}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: str(path.name))
def test_a_unit_gives_up_what_it_does_not_need(unit: Path) -> None:
    lines = unit.read_text("utf-8").splitlines()

    for kept in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "UMask=0077"):
        assert kept in lines, kept


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: str(path.name))
def test_systemd_finds_no_fault_where_it_is_there_to_ask(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text("utf-8")
    # Programs of a server, and its user, are not on this machine: something that is takes their place.
    place = tmp_path / unit.name.replace("@", "@projects")
    place.write_text(re.sub(r"/opt/estuaire/bin/\w+", "/bin/true", text), "utf-8")
    verify = shutil.which("systemd-analyze")
    said = _sections(text) if verify is None else _verified(verify, place)

    assert said == []


def _verified(verify: str, unit: Path) -> list[str]:
    ran = subprocess.run([verify, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)  # noqa: S603
    return [line for line in ran.stderr.splitlines() if unit.name in line]


def _sections(text: str) -> list[str]:
    """Return the lines that are neither a section, a setting nor a comment."""
    return [line for line in text.splitlines() if line and not re.match(r"#|\[\w+\]$|\w+=", line)]


def test_the_image_runs_as_nobody_and_says_how_it_is() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    final = text.rpartition("\nFROM ")[2]

    assert text.count("\nFROM ") == 2
    assert "USER 10001:10001" in final
    assert "/healthz" in final
    assert "requirements.lock" in text
