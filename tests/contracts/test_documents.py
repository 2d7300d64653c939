"""The committed documents are what the code publishes, and are themselves in order."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.contracts import CATALOGUE
from shared.messaging.describe import DIALECT, FOLDER, differing
from shared.messaging.envelope import schema_name
from shared.messaging.registry import parse_topic
from tests.support.territory import random_siren

SCHEMAS = sorted(FOLDER.glob("fr.ti.*.json"))


def committed(name: str) -> Any:  # noqa: ANN401 - a JSON document
    """Return a committed document."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def references(document: Any) -> Iterator[str]:  # noqa: ANN401 - a JSON value
    """Return every ``$ref`` of a document."""
    if isinstance(document, dict):
        if isinstance(document.get("$ref"), str):
            yield document["$ref"]
        for inside in document.values():
            yield from references(inside)
    elif isinstance(document, list):
        for inside in document:
            yield from references(inside)


def resolves(document: Any, pointer: str) -> bool:  # noqa: ANN401 - a JSON document
    """Tell whether ``#/a/b`` names something in the document."""
    found = document
    for step in pointer.removeprefix("#/").split("/"):
        if not isinstance(found, dict) or step not in found:
            return False
        found = found[step]
    return True


def test_the_committed_documents_are_what_the_code_says() -> None:
    assert differing() == [], "run `make contracts` and commit the result"


def test_no_document_is_left_of_a_contract_that_is_gone() -> None:
    wanted = {schema_name(state, scope) for state in CATALOGUE.values() for scope in state.scopes} | {"asyncapi.json"}

    assert {path.name for path in FOLDER.iterdir()} == wanted


@pytest.mark.parametrize("name", [path.name for path in SCHEMAS])
def test_each_schema_is_valid_and_refers_to_itself_only(name: str) -> None:
    schema = committed(name)

    Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["$id"]) == (DIALECT, name)
    assert [one for one in references(schema) if not resolves(schema, one)] == []


@pytest.mark.parametrize("name", [path.name for path in SCHEMAS])
def test_each_schema_is_open_so_that_records_of_tomorrow_are_read_today(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")

    assert '"additionalProperties": false' not in text
    assert '"enum"' not in text


def test_every_reference_of_the_asyncapi_document_resolves() -> None:
    document = committed("asyncapi.json")

    for reference in references(document):
        if reference.startswith("#/"):
            assert resolves(document, reference), reference
        else:
            assert (FOLDER / reference).resolve().parent == FOLDER.resolve()
            assert (FOLDER / reference).is_file(), reference


def test_the_asyncapi_document_names_every_topic_and_its_facts() -> None:
    document, siren = committed("asyncapi.json"), random_siren()
    channels = [parse_topic(channel["address"].replace("{siren}", siren)) for channel in document["channels"].values()]

    wanted = {(state.aggregate, scope) for state in CATALOGUE.values() for scope in state.scopes}
    assert {(one.aggregate, one.visibility) for one in channels if one} == wanted
    assert {one.epci for one in channels if one} == {siren}
    for state in CATALOGUE.values():
        for scope in state.scopes:
            message = document["components"]["messages"][f"{scope.value}.{state.aggregate}"]
            types = message["headers"]["properties"]["ce_type"]["examples"]
            assert types == [f"fr.ti.{state.aggregate}.{fact}.v{state.major}" for fact in sorted(state.facts)]
