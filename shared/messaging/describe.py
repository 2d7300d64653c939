"""The published contract: JSON Schema per type and visibility, and one AsyncAPI 3 document, from the registry."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from shared.contracts import CATALOGUE
from shared.contracts.base import Part, State, Visibility
from shared.messaging.envelope import message_type, schema_name
from shared.messaging.registry import Topic

FOLDER = Path(__file__).parents[1] / "contracts" / "schemas"
DIALECT = GenerateJsonSchema.schema_dialect
_SIREN = {"description": "SIREN of the owning EPCI", "examples": ["200010700"]}
_HEADERS = {
    "ce_specversion": "CloudEvents version, 1.0",
    "ce_id": "UUIDv7 of the message; (ce_source, ce_id) identifies it",
    "ce_source": "/epci/<siren>/<service>",
    "ce_type": "fr.ti.<aggregate>.<fact>.v<major>",
    "ce_subject": "id of the aggregate, equal to the record key",
    "ce_partitionkey": "equal to the record key",
    "ce_time": "when it happened, UTC; never used for order",
    "ce_dataschema": "URL of the schema of the value",
    "ce_sequence": "version of the aggregate, 12 digits; the only order that counts",
    "ce_epci": "SIREN of the owner, equal to that of the topic",
    "ce_visibility": "private, territory or public",
    "ce_instance": "incarnation of the sender’s database",
}


def schema_of(state: type[State], visibility: Visibility) -> dict[str, Any]:
    """Return the JSON Schema of a state as published at ``visibility``; lists are open, unknown fields allowed."""
    schema = state.model_json_schema(mode="serialization")
    definitions = schema.pop("$defs", {})
    parts = {part.__name__: part for part in _parts(state)}
    kept = {
        name: _narrowed(body, parts[name], visibility) if name in parts else _opened(body)
        for name, body in definitions.items()
    }
    main = _narrowed(schema, state, visibility)
    return {
        "$schema": DIALECT,
        "$id": schema_name(state, visibility),
        **main,
        **({"$defs": kept} if (kept := _used(main, kept)) else {}),
    }


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every published document by file name."""
    for state in CATALOGUE.values():
        for scope in state.scopes:
            yield schema_name(state, scope), schema_of(state, scope)
    yield "asyncapi.json", asyncapi()


def written(document: dict[str, Any]) -> str:
    """Return a document as it is committed."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write(folder: Path = FOLDER) -> int:
    """Write every document; return how many."""
    folder.mkdir(exist_ok=True)
    made = list(documents())
    for name, document in made:
        (folder / name).write_text(written(document), encoding="utf-8")
    return len(made)


def differing(folder: Path = FOLDER) -> list[str]:
    """Return the documents whose committed file is not what the registry says."""
    return [
        name
        for name, document in documents()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != written(document)
    ]


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3 document: one channel per aggregate and visibility, with a ``siren`` parameter."""
    channels, operations, messages = {}, {}, {}
    for state in CATALOGUE.values():
        for scope in state.scopes:
            name = f"{scope.value}.{state.aggregate}"
            channels[name] = _channel(state, scope, name)
            messages[name] = _message(state, scope)
            operations[f"receive.{name}"] = {"action": "receive", "channel": {"$ref": f"#/channels/{name}"}}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Estuaire",
            "version": "1.0.0",
            "description": "Topics of a Territoire d’industrie: compacted, one partition, one state per aggregate.",
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _channel(state: type[State], scope: Visibility, name: str) -> dict[str, Any]:
    address = str(Topic(scope, "{siren}", state.aggregate, state.major))
    return {
        "address": address,
        "summary": (state.__doc__ or "").strip(),
        "parameters": {"siren": _SIREN},
        "messages": {state.aggregate: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"kafka": {"partitions": 1, "topicConfiguration": {"cleanup.policy": ["compact"]}}},
    }


def _message(state: type[State], scope: Visibility) -> dict[str, Any]:
    types = [message_type(state.aggregate, fact, major=state.major) for fact in sorted(state.facts)]
    headers: dict[str, Any] = {name: {"type": "string", "description": text} for name, text in _HEADERS.items()}
    headers["ce_type"] = {"type": "string", "examples": types}
    return {
        "name": state.aggregate,
        "summary": "Facts: " + ", ".join(sorted(state.facts)) + ". A null value is a tombstone.",
        "contentType": "application/json",
        "headers": {"type": "object", "properties": headers},
        "payload": {"$ref": f"./{schema_name(state, scope)}"},
        "bindings": {"kafka": {"key": {"type": "string", "format": "uuid"}}},
    }


def _parts(state: type[Part]) -> Iterator[type[Part]]:
    pending: list[Any] = [field.annotation for field in state.model_fields.values()]
    while pending:
        found = pending.pop()
        pending += getattr(found, "__args__", ())
        if isinstance(found, type) and issubclass(found, Part):
            yield found
            pending += [field.annotation for field in found.model_fields.values()]


def _narrowed(schema: dict[str, Any], part: type[Part], visibility: Visibility) -> dict[str, Any]:
    body: dict[str, Any] = _opened(schema)
    kept = set(_published(part, visibility))
    body["properties"] = {name: shape for name, shape in body.get("properties", {}).items() if name in kept}
    required = sorted(kept.intersection(body.pop("required", ())))
    # An empty list is no list to older dialects.
    return body | ({"required": required} if required else {})


def _published(part: type[Part], visibility: Visibility) -> list[str]:
    return [
        name
        for name, field in part.model_fields.items()
        if any(isinstance(mark, Visibility) and mark.reaches(visibility) for mark in field.metadata)
    ]


def _opened(schema: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Turn closed lists into open ones: a reader of today must accept the values of tomorrow."""
    if isinstance(schema, list):
        return [_opened(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    opened = {key: _opened(value) for key, value in schema.items()}
    if "enum" in opened:
        opened["examples"] = opened.pop("enum")
    if opened.get("const") == "other":
        return {"type": "string"}
    return opened


def _used(main: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    used: set[str] = set()
    pending = [json.dumps(main)]
    while pending:
        text = pending.pop()
        for name in definitions:
            if name not in used and f'"#/$defs/{name}"' in text:
                used.add(name)
                pending.append(json.dumps(definitions[name]))
    return {name: definitions[name] for name in sorted(used)}
