"""Records of senders one and two versions ahead: fields, words, facts and headers that this software does not know."""

import enum
import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from shared.clock import now
from shared.contracts.base import Part, State, Visibility
from shared.db.session import Origin
from shared.ids import uuid7
from shared.messaging.envelope import RawRecord, headers_of, message_type
from shared.messaging.registry import topic_of

_WORDS = ("hibernation", "x", "co_funding", "unknown_yet", "a" * 60)
_VALUES: tuple[Any, ...] = (None, True, -1, 2**60, 0.5, "", "é" * 300, [], [[1], {"a": None}], {"deep": {"er": [1, 2]}})
_HEADERS = (("ce_traceparent", b"00-4bf9-00"), ("ce_x", None), ("x-latin", b"\xe9"), ("reply_to", b"elsewhere"))


@dataclass(frozen=True)
class Newer:
    """One record of a newer sender, and what a reader of today must make of it; ``None`` once it is deleted."""

    raw: RawRecord
    aggregate: str
    epci: str
    id: UUID
    version: int
    knows_fact: bool
    expected: dict[str, Any] | None


def newer_record(state: State, scope: Visibility, *, homes: Sequence[str], random: Random) -> Newer:
    """Return the record of another aggregate with the same content, as one of ``homes`` may write it tomorrow."""
    fresh = {"id": uuid7(), "home_epci": random.choice(homes), "updated_at": now(), "version": random.randint(1, 9_999)}
    today = state.model_copy(update=fresh)
    value, expected = _ahead(today.at(scope), type(state), random)
    is_gone = random.random() < 0.1
    fact = random.choice([*sorted(state.facts), *_WORDS])
    body = None if is_gone else json.dumps(value, ensure_ascii=random.random() < 0.5).encode()
    topic = str(topic_of(type(state), visibility=scope, epci=today.home_epci))
    headers = (*_headers(today, scope, fact), *random.sample(_HEADERS, random.randint(0, 2)))
    raw = RawRecord(topic, 0, random.randrange(2**40), 0, str(today.id).encode(), body, headers)
    return Newer(
        raw,
        state.aggregate,
        today.home_epci,
        today.id,
        today.version,
        fact in state.facts,
        None if is_gone else expected,
    )


def _headers(state: State, scope: Visibility, fact: str) -> tuple[tuple[str, bytes], ...]:
    sender = "projects" if state.service == "*" else state.service
    origin = Origin(state.home_epci, sender, uuid7(), "https://voisin.example")
    made = headers_of(state, origin=origin, fact=fact, visibility=scope, message_id=uuid7(), time=now())
    made["ce_type"] = message_type(state.aggregate, fact, major=state.major)
    return tuple((name, text.encode()) for name, text in made.items())


def _ahead(value: dict[str, Any], part: type[Part], random: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a value as tomorrow’s sender writes it, and as today’s reader must see it."""
    written, seen = {}, {}
    for name, inside in value.items():
        written[name], seen[name] = _field(inside, part.model_fields[name].annotation, random)
    added = {f"x_{random.choice(_WORDS)}": random.choice(_VALUES) for _ in range(random.randint(0, 2))}
    return written | added, seen


def _field(value: Any, annotation: Any, random: Random) -> tuple[Any, Any]:  # noqa: ANN401 - JSON, any annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _field(value, arguments[0], random)
    if origin is tuple:
        pairs = [_field(one, arguments[0], random) for one in value]
        return [one for one, _ in pairs], [one for _, one in pairs]
    if origin in {Union, UnionType}:
        return _one_of(value, arguments, random)
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return _ahead(value, annotation, random)
    return value, value


def _one_of(value: Any, options: tuple[Any, ...], random: Random) -> tuple[Any, Any]:  # noqa: ANN401 - as above
    if value is None:
        return None, None
    if Literal["other"] in options:
        words = next(one for one in options if isinstance(one, type) and issubclass(one, enum.Enum))
        word = random.choice([value, *_WORDS])
        return word, word if word in set(words) else "other"
    (inner,) = [one for one in options if one is not type(None)]
    return _field(value, inner, random)
