"""I4: what is the same everywhere is the same, by hash. I5: versions never go back."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from shared.contracts import CATALOGUE
from shared.contracts.base import Visibility
from tests.chaos.checker.evidence import KNOWN, Evidence
from tests.chaos.log import Logged
from tests.chaos.nemesis.intruder import COPY, FORGED, MARK, NEWER

Key = tuple[str, str]
BARE = frozenset({"registration"})
"""Copies that keep the version and nothing of the state."""


def differing_copies(evidence: Evidence) -> Iterator[str]:
    """Name each copy, at each EPCI entitled to it, that is not the newest state of its topic."""
    for aggregate, (_, table) in KNOWN.items():
        wanted = _wanted(evidence, aggregate)
        for siren, tables in evidence.tables.items():
            mine = {key: row for key, row in wanted.items() if _is_shared(aggregate) or key[0] == siren}
            held = {(row.home_epci, str(row.id)): _held(row, aggregate) for row in tables.all(table)}  # type: ignore[attr-defined]
            if _hash(held) == _hash(mine):
                continue
            for key in sorted(held.keys() | mine.keys()):
                if held.get(key) != mine.get(key):
                    yield f"{siren} holds {aggregate} {key[1]} of {key[0]} {_told(held.get(key), mine.get(key))}"


def hashes(evidence: Evidence) -> dict[str, str]:
    """Return the hash of the whole territory as each EPCI holds it."""
    found = {}
    for siren, tables in evidence.tables.items():
        held = {
            (aggregate, row.home_epci, str(row.id)): _held(row, aggregate)  # type: ignore[attr-defined]
            for aggregate, (_, table) in KNOWN.items()
            if _is_shared(aggregate)
            for row in tables.all(table)
        }
        found[siren] = _hash(held)
    return found


def versions_back(evidence: Evidence) -> Iterator[str]:
    """Name each key whose log goes back or ends on an old version, whoever reads it; seen by readers included."""
    yield from evidence.went_back
    for topic in evidence.topics:
        if "-dlq." in topic:
            continue
        first: dict[str, int] = {}
        highest: dict[bytes, int] = {}
        last: dict[bytes, int] = {}
        for record in evidence.ours(topic):
            key, version, message = record.key or b"", record.version, record.header("ce_id")
            if message not in first and version <= highest.get(key, 0):
                yield f"{topic}: version {version} of {key!r} at {record.offset} comes after {highest[key]}"
            first.setdefault(message, record.offset)
            highest[key] = max(highest.get(key, 0), version)
            last[key] = version
        yield from (
            f"{topic}: {key!r} ends on version {version}, after {highest[key]}"
            for key, version in last.items()
            if version < highest[key]
        )


def _wanted(evidence: Evidence, aggregate: str) -> dict[Key, tuple[Any, ...]]:
    """Return the newest state of each key of each EPCI: by instances or in their name."""
    scope = "territory" if _is_shared(aggregate) else "private"
    newest: dict[Key, Logged] = {}
    for siren in evidence.sirens:
        for record in evidence.topics.get(f"ti.{scope}.{siren}.{aggregate}.v1", ()):
            if record.header(MARK).partition(":")[0] not in {"", COPY, NEWER, FORGED}:
                continue
            key = siren, (record.key or b"").decode()
            if key not in newest or record.version > newest[key].version:
                newest[key] = record
    return {key: _as_told(record, aggregate) for key, record in newest.items()}


def _as_told(record: Logged, aggregate: str) -> tuple[Any, ...]:
    if record.value is None:
        return record.version, True, ""
    state = CATALOGUE[aggregate].model_validate_json(record.value).model_dump_json()
    return record.version, False, "" if aggregate in BARE else _canonical(state)


def _held(row: Any, aggregate: str) -> tuple[Any, ...]:  # noqa: ANN401 - a row of any Known table
    return row.version, bool(row.deleted), "" if row.deleted or aggregate in BARE else _canonical(row.state)


@cache
def _canonical(state: str) -> str:
    return json.dumps(json.loads(state), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _is_shared(aggregate: str) -> bool:
    return Visibility.TERRITORY in CATALOGUE[aggregate].scopes


def _hash(rows: Mapping[Any, tuple[Any, ...]]) -> str:
    digest = hashlib.sha256()
    for key in sorted(rows):
        digest.update(json.dumps([key, rows[key]], ensure_ascii=False).encode())
    return digest.hexdigest()


def _told(held: tuple[Any, ...] | None, wanted: tuple[Any, ...] | None) -> str:
    if held is None or wanted is None:
        return "not at all" if held is None else "that nobody told of"
    if held[:2] == wanted[:2]:
        return f"in other words at version {held[0]}"
    gone = {True: " deleted", False: ""}
    return f"at version {held[0]}{gone[held[1]]} instead of {wanted[0]}{gone[wanted[1]]}"
