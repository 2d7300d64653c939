"""The AsyncAPI document as its own initiative reads it, and as true as the records and topics it describes."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.contracts import CATALOGUE
from shared.contracts.base import Visibility
from shared.contracts.meanings import MEANINGS
from shared.messaging.describe import FOLDER, example_of
from shared.messaging.topology import topics_of
from shared.ports import free_ports
from shared.territory.members import Territory
from tests.support.golden import golden_records
from tests.support.instances import environment, serving
from tests.support.node import install_once, node
from tests.support.territory import random_siren
from tests.support.waiting import eventually

VALIDATOR = Path(__file__).parent / "asyncapi"
DOCUMENT: dict[str, Any] = json.loads((FOLDER / "asyncapi.json").read_text(encoding="utf-8"))
CHANNELS = sorted(DOCUMENT["channels"])


def findings(*addresses: object) -> list[list[str]]:
    """Return what the official parser has to say of each document, of whatever severity."""
    install_once(VALIDATOR)
    asked = subprocess.run(  # noqa: S603 - our own script, our own documents
        [node(), "validate.mjs", *map(str, addresses)], cwd=VALIDATOR, capture_output=True, text=True, check=True
    )
    answer: list[list[str]] = json.loads(asked.stdout)
    return answer


def resolved(shape: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return a piece of the document with its inner references replaced by what they name."""
    if isinstance(shape, list):
        return [resolved(one) for one in shape]
    if not isinstance(shape, dict):
        return shape
    found: Any = shape
    if str(shape.get("$ref", "")).startswith("#/"):
        found = DOCUMENT
        for step in shape["$ref"][2:].split("/"):
            found = found[step]
    return {name: resolved(one) for name, one in found.items()}


def message_of(channel: str) -> dict[str, Any]:
    """Return the only message of a channel."""
    (message,) = DOCUMENT["channels"][channel]["messages"].values()
    found: dict[str, Any] = resolved(message)
    return found


def test_its_lock_file_pins_and_holds_no_download_address() -> None:
    lock = json.loads((VALIDATOR / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((VALIDATOR / "package.json").read_text(encoding="utf-8"))["devDependencies"]

    assert all("resolved" not in package for package in lock["packages"].values())
    assert all(package.get("integrity") for path, package in lock["packages"].items() if path)
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_the_official_parser_has_nothing_to_say() -> None:
    assert findings(FOLDER / "asyncapi.json") == [[]]


async def test_it_has_nothing_to_say_either_of_what_an_instance_serves(
    tmp_path: Path, bootstrap: str, territory: Territory
) -> None:
    settings = environment(territory, tmp_path, bootstrap=bootstrap, port=free_ports(1)[0])
    with serving(settings, tmp_path, "projects") as served:
        await eventually(served.answers, within=60)

        (found,) = await asyncio.to_thread(findings, f"{served.url}/schemas/asyncapi.json")

    assert found == []


def _lose_a_schema(document: dict[str, Any]) -> None:
    document["components"]["messages"]["public.project"]["payload"]["$ref"] = "./not-there.json"


def _lose_a_header(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["ce_id"]


def _rename_the_parameter(document: dict[str, Any]) -> None:
    document["channels"]["public.project"]["parameters"] = {"owner": {}}


def _misspell_a_policy(document: dict[str, Any]) -> None:
    document["channels"]["public.project"]["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] = "compact"


def _lose_a_channel(document: dict[str, Any]) -> None:
    del document["channels"]["public.project"]


def _invent_a_security(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"]["scram"]["type"] = "word of honour"


HARMS = (
    _lose_a_schema,
    _lose_a_header,
    _rename_the_parameter,
    _misspell_a_policy,
    _lose_a_channel,
    _invent_a_security,
)


def test_it_would_see_what_is_wrong(tmp_path: Path) -> None:
    for schema in FOLDER.glob("fr.ti.*.json"):
        (tmp_path / schema.name).write_bytes(schema.read_bytes())
    for harm in HARMS:
        document = json.loads(json.dumps(DOCUMENT))
        harm(document)
        (tmp_path / f"{harm.__name__}.json").write_text(json.dumps(document), encoding="utf-8")

    found = findings(*(tmp_path / f"{harm.__name__}.json" for harm in HARMS))

    assert [harm.__name__ for harm, told in zip(HARMS, found, strict=True) if not str(told).count("error: ")] == []


@pytest.mark.parametrize("golden", golden_records(), ids=lambda golden: golden.name)
def test_the_headers_of_released_records_are_those_described(golden: Any) -> None:  # noqa: ANN401 - see its builder
    message = message_of(f"{golden.topic.visibility.value}.{golden.topic.aggregate}")
    validator = Draft202012Validator(message["headers"], format_checker=Draft202012Validator.FORMAT_CHECKER)

    assert [error.message for error in validator.iter_errors(golden.headers)] == []
    assert golden.headers.keys() <= message["headers"]["properties"].keys()


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_policies_of_a_channel_are_those_its_topics_get(channel: str) -> None:
    siren, told = random_siren(), DOCUMENT["channels"][channel]
    binding, sizes = told["bindings"]["kafka"], {"min.insync.replicas"}

    for replicas in (1, 3):
        planned = {topic.name: topic for topic in topics_of(siren, replicas=replicas)}
        topic = planned[told["address"].replace("{siren}", siren)]
        as_text = {
            key: ",".join(value) if isinstance(value, list) else str(value).lower() if value is False else str(value)
            for key, value in binding["topicConfiguration"].items()
        }
        assert binding["partitions"] == topic.partitions
        assert as_text == {key: value for key, value in topic.config.items() if key not in sizes}
        assert f"min.insync.replicas={topic.config['min.insync.replicas']}" in str(DOCUMENT["servers"])


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_that_is_not_private_shows_one_record_and_no_person(channel: str) -> None:
    scope, _, aggregate = channel.partition(".")
    message = message_of(channel)
    if scope == "private":
        assert "examples" not in message
        return
    schema = json.loads((FOLDER / message["payload"]["$ref"]).read_text(encoding="utf-8"))
    (example,) = message["examples"]

    for shape, value in ((message["headers"], example["headers"]), (schema, example["payload"])):
        checked = Draft202012Validator(shape, format_checker=Draft202012Validator.FORMAT_CHECKER)
        assert [error.message for error in checked.iter_errors(value)] == []
    assert example["payload"].keys() == schema["properties"].keys(), "an example shows every field"
    assert "@" not in json.dumps(example)
    assert example["payload"].get("demo", True) is True
    shown = example_of(CATALOGUE[aggregate], Visibility(scope))
    assert shown is not None
    assert shown.key == example["headers"]["ce_subject"]


def test_every_published_field_has_its_meaning_and_no_meaning_is_left_over() -> None:
    told: set[str] = set()
    for file in FOLDER.glob("fr.ti.*.json"):
        schema = json.loads(file.read_text(encoding="utf-8"))
        for body in (schema, *schema.get("$defs", {}).values()):
            told.add(body["description"])
            told |= {field["description"] for field in body.get("properties", {}).values()}

    assert told == set(MEANINGS.values())
