"""Strimzi’s resources say what the administrator’s calls do, in the words that Strimzi knows."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from services.cli.topology import topology as command
from shared.messaging.topology import (
    Principal,
    Right,
    TopologyFile,
    principals_of,
    read_topology,
    resources,
    topics_of,
)
from shared.messaging.topology.file import Quotas
from shared.territory.members import Territory
from tests.support.code import ROOT
from tests.support.territory import make_territory, random_siren

SCHEMAS: dict[str, Any] = json.loads((Path(__file__).parent / "strimzi.json").read_text("utf-8"))
ON = date(2026, 11, 25)


@pytest.fixture
def territory() -> Territory:
    """Return three EPCI, one of which has left."""
    here = make_territory([random_siren() for _ in range(3)])
    gone = here.members[2].model_copy(update={"left_on": date(2026, 1, 1)})
    return here.model_copy(update={"members": (*here.members[:2], gone)})


@pytest.fixture
def file() -> TopologyFile:
    """Return a file with integrators of both kinds."""
    said = [
        {"user": "open-data", "group_prefix": "open-data."},
        {"user": "region", "group_prefix": "region.", "reads": "territory", "agreement": "2026-03"},
    ]
    return TopologyFile.model_validate({"integrators": said})


def made(territory: Territory, file: TopologyFile) -> list[dict[str, Any]]:
    """Return every resource."""
    topics = [topic for siren in territory.sirens for topic in topics_of(siren, replicas=file.replicas)]
    return resources("territoire", topics, principals_of(territory, file, on=ON), replicas=file.replicas)


def granted(resource: dict[str, Any]) -> frozenset[Right]:
    """Return what a KafkaUser may do, read back from its words."""
    user = resource["metadata"]["name"]
    return frozenset(
        Right(user, rule["resource"]["type"], rule["resource"]["name"], operation)
        for rule in resource["spec"]["authorization"]["acls"]
        for operation in rule["operations"]
        if rule["host"] == "*" and rule["resource"]["patternType"] == "prefix" and rule.get("type", "allow") == "allow"
    )


def test_users_may_do_there_what_the_calls_grant_and_no_more(territory: Territory, file: TopologyFile) -> None:
    planned: list[Principal] = principals_of(territory, file, on=ON)

    found = {one["metadata"]["name"]: one for one in made(territory, file) if one["kind"] == "KafkaUser"}

    comers = {one.user: one for one in planned if one.user != file.operator}
    assert {user: granted(one) for user, one in found.items()} == {user: one.rights for user, one in comers.items()}
    for user, one in comers.items():
        quotas = found[user]["spec"]["quotas"]
        assert Quotas(
            producer_bytes=quotas["producerByteRate"],
            consumer_bytes=quotas["consumerByteRate"],
            request_percent=quotas["requestPercentage"],
        ).entries == dict(one.quotas)


def test_topics_are_there_what_the_calls_make(territory: Territory, file: TopologyFile) -> None:
    found = {one["metadata"]["name"]: one["spec"] for one in made(territory, file) if one["kind"] == "KafkaTopic"}

    assert found == {
        topic.name: {"partitions": 1, "replicas": 3, "config": topic.config}
        for siren in territory.sirens
        for topic in topics_of(siren, replicas=3)
    }


def test_every_resource_fits_what_is_known_of_the_schemas(territory: Territory, file: TopologyFile) -> None:
    kinds = set()
    static = list(yaml.safe_load_all((ROOT / "deploy/k8s/kafka.yaml").read_text("utf-8")))
    for one in [*made(territory, file), *static]:
        jsonschema.validate(one, SCHEMAS[one["kind"]], cls=jsonschema.Draft202012Validator)
        kinds.add(one["kind"])
    assert kinds == set(SCHEMAS)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one["spec"].update(autorization={}),
        lambda one: one["spec"]["authorization"]["acls"][0]["resource"].update(patternType="prefixed"),
        lambda one: one["spec"]["authorization"]["acls"][0].update(operations=["Reads"]),
        lambda one: one["spec"]["quotas"].update(producerByteRate="5 Mo"),
        lambda one: one["metadata"].update(name="EPCI_1"),
    ],
)
def test_a_resource_that_does_not_fit_is_caught(territory: Territory, file: TopologyFile, spoil: Any) -> None:  # noqa: ANN401 - a change
    one = next(one for one in made(territory, file) if one["kind"] == "KafkaUser")
    spoil(one)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(one, SCHEMAS["KafkaUser"], cls=jsonschema.Draft202012Validator)


def test_the_command_writes_them_for_the_files_of_deploy(tmp_path: Path, territory: Territory) -> None:
    (tmp_path / "territory.yaml").write_text(yaml.safe_dump(territory.model_dump(mode="json")), "utf-8")
    (tmp_path / "topology.yaml").write_text((ROOT / "deploy/topology.yaml").read_text("utf-8"), "utf-8")
    said = read_topology(tmp_path / "topology.yaml", territory)

    answer = CliRunner().invoke(command, ["strimzi", "--territory", str(tmp_path / "territory.yaml")])

    assert answer.exit_code == 0, answer.output
    written = list(yaml.safe_load_all(answer.output))
    assert {one["metadata"]["name"] for one in written} >= {said.user_of(siren) for siren in territory.sirens}
    assert len(written) == 3 * 19 + 3 + len(said.integrators)
