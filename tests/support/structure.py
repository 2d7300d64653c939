"""How two JSON Schemas differ, in lines that a person reads: what constrains a value, none of the words about it."""

from collections.abc import Iterator, Mapping
from typing import Any

_WORDS = frozenset({"$defs", "$id", "$schema", "default", "description", "examples", "title"})


def differences(released: Mapping[str, Any], today: Mapping[str, Any]) -> list[str]:
    """Return each place where the two constrain values otherwise: ``sponsor.siret pattern: … → …``."""
    return list(_differing(_plain(released, released), _plain(today, today), at=""))


def _plain(shape: Any, document: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a JSON value
    """Return a schema with its references replaced by what they name, and its words left out."""
    if isinstance(shape, list):
        return [_plain(one, document) for one in shape]
    if not isinstance(shape, Mapping):
        return shape
    if "$ref" in shape:
        return _plain(document["$defs"][shape["$ref"].rpartition("/")[2]], document)
    fields = {name: _plain(one, document) for name, one in shape.get("properties", {}).items()}
    rest = {key: _plain(one, document) for key, one in shape.items() if key not in _WORDS and key != "properties"}
    return rest | ({"properties": fields} if fields else {})


def _differing(old: Any, new: Any, *, at: str) -> Iterator[str]:  # noqa: ANN401 - JSON values
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            step = at if key in {"properties", "items", "anyOf"} else f"{at}.{key}".lstrip(".")
            yield from _differing(old.get(key), new.get(key), at=step)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for before, after in zip(old, new, strict=True):
            yield from _differing(before, after, at=at)
    elif old != new:
        yield f"{at}: {_short(old)} → {_short(new)}"


def _short(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return "nothing" if value is None else str(value)[:80]
