"""JSON Schema of each state, as far as it is published at each visibility; open, so that tomorrow is read today."""

import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic.json_schema import GenerateJsonSchema

from shared.contracts.base import Part, State, Visibility, marks
from shared.contracts.meanings import MEANINGS, meaning_of
from shared.messaging.envelope import schema_name

DIALECT = GenerateJsonSchema.schema_dialect


def schema_of(state: type[State], visibility: Visibility) -> dict[str, Any]:
    """Return the JSON Schema of a state as published at ``visibility``; lists are open, unknown fields allowed."""
    schema = state.model_json_schema(mode="serialization")
    definitions = schema.pop("$defs", {})
    parts = {part.__name__: part for part in _parts(state)}
    kept = {
        name: _narrowed(body, parts[name], visibility) if name in parts else _explained(_opened(body), name)
        for name, body in definitions.items()
    }
    main = _narrowed(schema, state, visibility)
    return {
        "$schema": DIALECT,
        "$id": schema_name(state, visibility),
        **main,
        **({"$defs": kept} if (kept := _used(main, kept)) else {}),
    }


def _parts(state: type[Part]) -> Iterator[type[Part]]:
    pending: list[Any] = [field.annotation for field in state.model_fields.values()]
    while pending:
        found = pending.pop()
        pending += get_args(found)
        if isinstance(found, type) and issubclass(found, Part):
            yield found
            pending += [field.annotation for field in found.model_fields.values()]


def _narrowed(schema: dict[str, Any], part: type[Part], visibility: Visibility) -> dict[str, Any]:
    body: dict[str, Any] = _opened(schema)
    kept = {name for name, mark in marks(part).items() if mark is not None and mark.reaches(visibility)}
    body["properties"] = {
        name: {"description": meaning_of(part, name), **shape}
        for name, shape in body.get("properties", {}).items()
        if name in kept
    }
    required = sorted(kept.intersection(body.pop("required", ())))
    # An empty list is no list to older dialects.
    return _explained(body, part.__name__) | ({"required": required} if required else {})


def _explained(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a definition with what it means in French, in place of the words of its class."""
    return schema | {"description": MEANINGS[name]}


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
