"""Every record ever released is read today, fits its schema, and is read by others as a CloudEvent."""

import json
import warnings
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event
from jsonschema import Draft202012Validator

from shared.clock import now
from shared.contracts import CATALOGUE
from shared.contracts.base import State, Visibility
from shared.messaging.describe import FOLDER, schema_of
from shared.messaging.envelope import read, schema_name
from tests.support.golden import Golden, golden_records, released_schema
from tests.support.structure import differences

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its text is full of escapes that Python is about to refuse
    from jsonsubschema import isSubschema

GOLDEN = golden_records()
PUBLISHED = [(state, scope) for state in CATALOGUE.values() for scope in state.scopes]


def named(published: object) -> str | None:
    """Return how a parameter is shown."""
    return getattr(published, "aggregate", None) or (published.value if isinstance(published, Visibility) else None)


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_f18_invariant_14_a_released_record_is_read_as_it_was_written(golden: Golden) -> None:
    record = read(golden.raw, members=[golden.topic.epci], now=now())

    assert (record.aggregate, str(record.id), record.epci) == (golden.topic.aggregate, golden.key, golden.topic.epci)
    assert record.version == int(golden.headers["ce_sequence"])
    assert record.fact in CATALOGUE[record.aggregate].facts
    # Not `record.state.at`: what a project hides from the public is hidden by its writer, who knows more.
    assert (record.state and State.at(record.state, golden.topic.visibility)) == golden.value


@pytest.mark.parametrize("golden", [one for one in GOLDEN if one.value is not None], ids=lambda golden: golden.name)
def test_a_released_record_fits_its_schema(golden: Golden) -> None:
    state = CATALOGUE[golden.topic.aggregate]
    committed = json.loads((FOLDER / schema_name(state, golden.topic.visibility)).read_text(encoding="utf-8"))
    released = json.loads(released_schema(state, golden.topic.visibility).read_text(encoding="utf-8"))

    for schema in (committed, released):
        errors = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(
            golden.value
        )
        assert [error.message for error in errors] == []
    assert golden.headers["ce_dataschema"].endswith(f"/schemas/{schema_name(state, golden.topic.visibility)}")


@pytest.mark.parametrize("golden", [one for one in GOLDEN if one.value is not None], ids=lambda golden: golden.name)
def test_a_released_record_shows_every_field_of_its_schema(golden: Golden) -> None:
    schema = schema_of(CATALOGUE[golden.topic.aggregate], golden.topic.visibility)

    assert set(golden.value or {}) == set(schema["properties"]), "a released record says all there is to say"


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_an_independent_reader_sees_the_same_event(golden: Golden) -> None:
    raw = golden.raw
    headers = {name: value for name, value in raw.headers if value is not None}

    event = from_kafka_event(KafkaMessage(headers, raw.key, raw.value or b""))

    assert event.get_id() == golden.headers["ce_id"]
    assert event.get_source() == golden.headers["ce_source"]
    assert event.get_type() == golden.headers["ce_type"]
    assert event.get_subject() == golden.key
    assert event.get_extension("sequence") == golden.headers["ce_sequence"]


@pytest.mark.parametrize(("state", "scope"), PUBLISHED, ids=named)
def test_old_readers_can_read_new_records(state: type[State], scope: Visibility) -> None:
    released: dict[str, Any] = json.loads(released_schema(state, scope).read_text(encoding="utf-8"))

    today = schema_of(state, scope)
    changed = "\n".join(differences(released, today))
    assert isSubschema(today, released), f"breaking: it needs a new type and a new topic (.v2)\n{changed}"


def test_the_check_above_would_see_a_breaking_change() -> None:
    released = schema_of(CATALOGUE["feed-entry"], Visibility.PUBLIC)
    wider = released | {"properties": released["properties"] | {"version": {"type": "string"}}}
    optional = released | {"required": [name for name in released["required"] if name != "version"]}
    added = released | {"properties": released["properties"] | {"tomorrow": {"type": "string"}}}

    assert not isSubschema(wider, released)
    assert not isSubschema(optional, released)
    assert isSubschema(added, released)
    assert "version.type: integer → string" in differences(released, wider)
    assert differences(released, added) == ["tomorrow: nothing → {'type': 'string'}"]
    assert differences(released, released | {"description": "in other words"}) == []
    assert [one.partition(":")[0] for one in differences(released, optional)] == ["required"]


def test_every_published_form_has_a_released_record() -> None:
    found = {(one.topic.aggregate, one.topic.visibility) for one in GOLDEN if one.value is not None}
    gone = {(one.topic.aggregate, one.path.stem.removeprefix("tombstone.")) for one in GOLDEN if one.value is None}

    assert found == {(state.aggregate, scope) for state, scope in PUBLISHED}
    assert gone == {(state.aggregate, fact) for state in CATALOGUE.values() for fact in state.last_facts}
