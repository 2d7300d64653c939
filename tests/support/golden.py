"""Released records and schemas, as they were committed when they were released; never made anew."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.contracts.base import State, Visibility
from shared.messaging.envelope import RawRecord
from shared.messaging.registry import Topic, parse_topic
from tests.support.code import ROOT

FOLDER = ROOT / "tests" / "contracts"


@dataclass(frozen=True)
class Golden:
    """One released record."""

    path: Path
    topic: Topic
    key: str
    headers: dict[str, str]
    value: dict[str, Any] | None

    @property
    def name(self) -> str:
        """Return what a failure is to be called by."""
        return f"{self.topic.aggregate}.v{self.topic.major}.{self.path.stem}"

    @property
    def raw(self) -> RawRecord:
        """Return it as Kafka would give it."""
        value = None if self.value is None else json.dumps(self.value, ensure_ascii=False).encode()
        headers = tuple((name, text.encode()) for name, text in self.headers.items())
        return RawRecord(str(self.topic), 0, 0, 0, self.key.encode(), value, headers)


def golden_records() -> list[Golden]:
    """Return every released record."""
    paths = sorted(path for path in FOLDER.glob("*/v*/*.json") if not path.name.startswith("schema."))
    return [_golden(path) for path in paths]


def released_schema(state: type[State], visibility: Visibility) -> Path:
    """Return the file of the schema of a state as it was released."""
    return FOLDER / state.aggregate / f"v{state.major}" / f"schema.{visibility.value}.json"


def _golden(path: Path) -> Golden:
    content = json.loads(path.read_text(encoding="utf-8"))
    topic = parse_topic(content["topic"])
    assert topic is not None, path
    return Golden(path, topic, content["key"], content["headers"], content["value"])
