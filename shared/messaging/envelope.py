"""CloudEvents 1.0 in binary mode, both ways: headers written at change time, and every check before a handler."""

import json
from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared.contracts import CATALOGUE, EVERY_SERVICE, SERVICES
from shared.contracts.base import State, Visibility
from shared.db.session import Origin
from shared.fields import MAX_VERSION
from shared.messaging.registry import Record, Topic, parse_topic
from shared.tracing import parse as parse_trace

MAX_VALUE = 256 * 1024
MAX_HEADERS = 64
# In place of a record that the client cannot take apart: its only header, with the first offset it may have.
UNREADABLE = "estuaire-unreadable-from"
TRACEPARENT = "ce_traceparent"
# Likewise in place of one at which our process ended, start after start.
UNCLEAN = "estuaire-unclean-from"
_STAND_INS = {UNREADABLE: "unreadable", UNCLEAN: "unclean_starts"}
_AHEAD = timedelta(hours=24)
_REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_sequence", "ce_epci")


@dataclass(frozen=True)
class RawRecord:
    """One record as Kafka gave it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Refused(Exception):
    """A record that no handler may see; ``security`` when somebody speaks for another."""

    def __init__(self, reason: str, *, security: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.security = security


def message_type(aggregate: str, fact: str, *, major: int = 1) -> str:
    """Return the CloudEvents type of a fact."""
    return f"fr.ti.{aggregate}.{fact}.v{major}"


def headers_of(
    state: State, *, origin: Origin, fact: str, visibility: Visibility, message_id: UUID, time: datetime
) -> dict[str, str]:
    """Return the headers of one record of ``state``; the content type is added by whoever adds a value."""
    return {
        "ce_specversion": "1.0",
        "ce_id": str(message_id),
        "ce_source": f"/epci/{origin.epci}/{origin.service}",
        "ce_type": message_type(state.aggregate, fact, major=state.major),
        "ce_subject": str(state.id),
        "ce_partitionkey": str(state.id),
        "ce_time": time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ce_dataschema": f"{origin.base_url}/schemas/{schema_name(type(state), visibility)}",
        "ce_sequence": f"{state.version:012d}",
        "ce_epci": origin.epci,
        "ce_visibility": visibility.value,
        "ce_instance": str(origin.instance),
    }


def schema_name(state: type[State], visibility: Visibility) -> str:
    """Return the file name of the schema of a state, as far as it is published at ``visibility``."""
    return f"fr.ti.{state.aggregate}.{visibility.value}.v{state.major}.json"


def read(raw: RawRecord, *, members: Container[str], now: datetime) -> Record[State]:
    """Return the record that ``raw`` holds, every check passed.

    Raises:
        Refused: too large, unreadable, not of the topic’s owner, or not what its contract says.
    """
    stand_in = next((_STAND_INS[name] for name, _ in raw.headers[:1] if name in _STAND_INS), None)
    if raw.key is None and stand_in is not None:
        raise Refused(stand_in)
    if raw.value is not None and len(raw.value) > MAX_VALUE:
        raise Refused("oversize")
    topic, headers = _topic(raw, members=members), _clean(raw.headers)
    state_type = CATALOGUE.get(topic.aggregate)
    if state_type is None or topic.major != state_type.major or topic.visibility not in state_type.scopes:
        raise Refused("unknown_topic")
    fact, version, time = _attributes(headers, topic=topic, state=state_type, now=now)
    key = _key(raw, headers)
    record: Record[State] = Record(
        state=None if raw.value is None else _state(raw.value, state_type),
        aggregate=topic.aggregate,
        id=key,
        epci=topic.epci,
        version=version,
        fact=fact,
        time=time,
        source=headers["ce_source"],
        message_id=headers["ce_id"][:64],
        visibility=topic.visibility,
        republished=headers.get("ce_republished") == "true",
        trace=parse_trace(headers.get(TRACEPARENT, "")),
        instance=headers.get("ce_instance", "")[:64],
    )
    _owned(record)
    return record


def _topic(raw: RawRecord, *, members: Container[str]) -> Topic:
    topic = parse_topic(raw.topic)
    if topic is None:
        raise Refused("foreign_topic")
    if topic.epci not in members:
        raise Refused("not_a_member", security=True)
    return topic


def _clean(headers: tuple[tuple[str, bytes | None], ...]) -> Mapping[str, str]:
    """Return the readable headers, the first of each name; the others are dropped, never guessed.

    A NUL or another control character would pass SQLite and fail in PostgreSQL, or forge a log line.
    """
    cleaned: dict[str, str] = {}
    for name, value in headers[:MAX_HEADERS]:
        if value is None or len(value) > 1024 or name in cleaned:
            continue
        with suppress(UnicodeDecodeError):
            text = value.decode()
            if text.isprintable():
                cleaned[name] = text
    return cleaned


def _attributes(
    headers: Mapping[str, str], *, topic: Topic, state: type[State], now: datetime
) -> tuple[str, int, datetime]:
    missing = [name for name in _REQUIRED if not headers.get(name)]
    if missing:
        raise Refused(f"header_missing:{missing[0]}")
    if headers["ce_epci"] != topic.epci:
        raise Refused("foreign_epci", security=True)
    if headers["ce_source"] not in _sources(state, topic.epci):
        raise Refused("foreign_source", security=True)
    prefix, suffix = f"fr.ti.{topic.aggregate}.", f".v{topic.major}"
    kind = headers["ce_type"]
    if not (kind.startswith(prefix) and kind.endswith(suffix)):
        raise Refused("foreign_type")
    return kind.removeprefix(prefix).removesuffix(suffix)[:60], _version(headers), _time(headers, now=now)


@cache
def _sources(state: type[State], epci: str) -> tuple[str, ...]:
    senders = SERVICES if state.service == EVERY_SERVICE else (state.service,)
    return tuple(f"/epci/{epci}/{sender}" for sender in senders)


def _version(headers: Mapping[str, str]) -> int:
    digits = headers["ce_sequence"]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        raise Refused("bad_sequence")
    version = int(digits)
    if not 1 <= version <= MAX_VERSION:
        raise Refused("sequence_out_of_range", security=True)
    return version


def _time(headers: Mapping[str, str], *, now: datetime) -> datetime:
    try:
        time = datetime.fromisoformat(headers["ce_time"])
        if time.tzinfo is None:
            raise Refused("bad_time")
        time = time.astimezone(UTC)
    except (ValueError, OverflowError) as refused:
        # Year 1 east of Greenwich, year 9999 west of it: readable, but no instant in UTC.
        raise Refused("bad_time") from refused
    if time > now + _AHEAD:
        raise Refused("time_ahead")
    return time


def _key(raw: RawRecord, headers: Mapping[str, str]) -> UUID:
    try:
        text = (raw.key or b"").decode()
        key = UUID(text)
    except ValueError as refused:
        raise Refused("bad_key") from refused
    if text != str(key):
        # Written otherwise it would be another key to compaction, and the same aggregate to us.
        raise Refused("bad_key")
    if text != headers["ce_subject"]:
        raise Refused("key_is_not_subject", security=True)
    return key


def _state(value: bytes, state: type[State]) -> State:
    try:
        content = json.loads(value.decode(), parse_constant=_no_constant, object_pairs_hook=_no_doubles)
        return state.model_validate(content)
    except (ValidationError, ValueError, RecursionError) as refused:
        raise Refused(f"contract:{type(refused).__name__}") from refused


def _no_constant(name: str) -> Any:  # noqa: ANN401 - signature asked for by json
    raise ValueError(name)


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("doubled key")
    return content


def _owned(record: Record[State]) -> None:
    state = record.state
    if state is None:
        return
    if state.home_epci != record.epci:
        raise Refused("foreign_owner", security=True)
    if state.id != record.id:
        raise Refused("foreign_id", security=True)
    if state.version != record.version:
        raise Refused("version_mismatch")
