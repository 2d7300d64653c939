"""The published documents as people read them: channels, their fields in words, an example of each."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared.contracts.base import Visibility
from shared.messaging.describe import FOLDER
from shared.web.formats import nombre

Json = Mapping[str, Any]
SCOPES = {"public": "Public", "territory": "Territoire", "private": "Privé"}
_FORMS = {
    "uuid": "identifiant (UUID)",
    "date-time": "instant (AAAA-MM-JJThh:mm:ssZ)",
    "date": "jour (AAAA-MM-JJ)",
}


@dataclass(frozen=True)
class Row:
    """One field: its name, its type in words, the piece or the known values it refers to, and who may read it."""

    name: str
    type: str
    part: str | None
    values: tuple[str, ...]
    meaning: str
    scope: str


@dataclass(frozen=True)
class Table:
    """The fields of a state, or of a piece of one."""

    name: str
    meaning: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Channel:
    """One channel: topics of one shape, and what their records hold."""

    name: str
    scope: str
    aggregate: str
    address: str
    meaning: str
    readers: str
    facts: tuple[str, ...]
    schema: str
    policies: Json
    headers: tuple[Row, ...]
    tables: tuple[Table, ...]
    example: tuple[str, str] | None


@cache
def channels() -> Mapping[str, Channel]:
    """Return every channel by name, the public ones first."""
    document = _document("asyncapi.json")
    order = list(SCOPES)
    named = sorted(document["channels"].items(), key=lambda one: (order.index(one[0].partition(".")[0]), one[0]))
    return {name: _channel(document, name, shape) for name, shape in named}


@cache
def index() -> Json:
    """Return the published documents for programs: names, titles, addresses relative to this one."""
    schemas = [
        {"name": file.name, "title": _document(file.name)["description"], "href": file.name}
        for file in sorted(FOLDER.glob("fr.ti.*.json"))
    ]
    whole = {"name": "asyncapi.json", "title": _document("asyncapi.json")["info"]["title"], "href": "asyncapi.json"}
    return {"documents": [whole, *schemas]}


def _document(name: str) -> Json:
    document: Json = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return document


def _channel(document: Json, name: str, shape: Json) -> Channel:
    scope, _, aggregate = name.partition(".")
    message = document["components"]["messages"][name]
    schema = message["payload"]["$ref"].removeprefix("./")
    types = message["headers"]["properties"]["ce_type"]["examples"]
    return Channel(
        name=name,
        scope=scope,
        aggregate=aggregate,
        address=shape["address"],
        meaning=shape["summary"],
        readers=shape["description"],
        facts=tuple(one.split(".")[3] for one in types),
        schema=schema,
        policies={"partitions": shape["bindings"]["kafka"]["partitions"]}
        | {key: _said(value) for key, value in shape["bindings"]["kafka"]["topicConfiguration"].items()},
        headers=tuple(_headers(document, message["headers"], scope)),
        tables=tuple(_tables(schema, scope)),
        example=_example(message),
    )


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else json.dumps(value).strip('"')


def _example(message: Json) -> tuple[str, str] | None:
    """Return headers and value of the example of a message, as one would print them."""
    for one in message.get("examples", ()):
        headers = "\n".join(f"{name}: {text}" for name, text in one["headers"].items())
        return headers, json.dumps(one["payload"], ensure_ascii=False, indent=2)
    return None


def _headers(document: Json, headers: Json, scope: str) -> Iterator[Row]:
    for name, shape in headers["properties"].items():
        found = document["components"]["schemas"][name] if "$ref" in shape else shape
        yield Row(name, _type(found), None, (), found["description"], scope)


def _tables(schema: str, scope: str) -> Iterator[Table]:
    """Return the table of a state, then those of its pieces."""
    document = _document(schema)
    shown = schema.replace(f".{scope}.", f".{Visibility.PUBLIC.value}.")
    public = _document(shown) if (FOLDER / shown).is_file() else {}
    yield _table("", document, public, scope, document)
    for name, piece in document.get("$defs", {}).items():
        if "properties" in piece:
            yield _table(name, piece, public.get("$defs", {}).get(name, {}), scope, document)


def _table(name: str, piece: Json, public: Json, scope: str, document: Json) -> Table:
    wider = set(public.get("properties", ()))
    rows = [
        _row(field, shape, Visibility.PUBLIC.value if field in wider else scope, document)
        for field, shape in piece["properties"].items()
    ]
    return Table(name, piece["description"], tuple(rows))


def _row(name: str, shape: Json, scope: str, document: Json) -> Row:
    target = _target(shape)
    named = document["$defs"].get(target, {}) if target else {}
    part = target if "properties" in named else None
    return Row(name, _type(shape), part, tuple(named.get("examples", ())), shape["description"], scope)


def _target(shape: Json) -> str | None:
    """Return the definition that a field refers to, alone, in a list or as one of several."""
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    inner = [*shape.get("anyOf", ()), *([shape["items"]] if "items" in shape else [])]
    return next(filter(None, map(_target, inner)), None)


def _type(shape: Json) -> str:
    """Return the type of a value in French."""
    if "anyOf" in shape:
        return _choice(shape["anyOf"])
    if "items" in shape:
        return f"liste\u00a0: {_type(shape['items'])}"
    if "const" in shape:
        return f"toujours «\u00a0{shape['const']}\u00a0»"
    if "$ref" in shape:
        return "objet"
    if shape.get("type") == "integer":
        return _integer(shape)
    if shape.get("type") == "boolean":
        return "vrai ou faux"
    return _text(shape)


def _choice(shapes: list[Json]) -> str:
    kinds = [one for one in shapes if one.get("type") != "null"]
    # A list of words is open: beside the words that are known it allows any other.
    is_open = len(kinds) == 2 and "$ref" in kinds[0] and kinds[1] == {"type": "string"}
    said = "mot d’une liste" if is_open else _type(kinds[0])
    return f"{said}, ou rien (null)" if len(kinds) < len(shapes) else said


def _integer(shape: Json) -> str:
    least, most = shape.get("minimum", 0), shape.get("maximum")
    return f"entier de {nombre(least)} à {nombre(most)}" if most else "entier"


def _text(shape: Json) -> str:
    if shape.get("format") in _FORMS:
        return _FORMS[shape["format"]]
    most = f", {nombre(shape['maxLength'])} caractères au plus" if "maxLength" in shape else ""
    form = f", de la forme {shape['pattern']}" if "pattern" in shape else ""
    return f"texte{most}{form}"
