"""The documents as files: written by ``estuaire contracts write``, compared by ``estuaire contracts check``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.contracts import CATALOGUE
from shared.messaging.describe.channels import asyncapi
from shared.messaging.describe.schemas import schema_of
from shared.messaging.envelope import schema_name

FOLDER = Path(__file__).parents[2] / "contracts" / "schemas"


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every published document by file name."""
    for state in CATALOGUE.values():
        for scope in state.scopes:
            yield schema_name(state, scope), schema_of(state, scope)
    yield "asyncapi.json", asyncapi()


def write(folder: Path = FOLDER) -> int:
    """Write every document; return how many."""
    folder.mkdir(exist_ok=True)
    made = list(documents())
    for name, document in made:
        (folder / name).write_text(_written(document), encoding="utf-8")
    return len(made)


def differing(folder: Path = FOLDER) -> list[str]:
    """Return the documents whose committed file is not what the registry says."""
    return [
        name
        for name, document in documents()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != _written(document)
    ]


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
