"""One invented record per channel that outsiders may read, put into an envelope by the code that does it for real."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.contracts import EVERY_SERVICE, SERVICES
from shared.contracts.base import State, Visibility
from shared.db.session import Origin
from shared.messaging.envelope import headers_of

FOLDER = Path(__file__).parents[2] / "contracts" / "examples"
INSTANCE = "https://territoire.example.org"
_INCARNATION = UUID("01980000-0000-7000-8000-000000000099")
# Another message for each visibility, as in production.
_MESSAGES = {
    Visibility.TERRITORY: UUID("01980000-0000-7000-8000-000000000101"),
    Visibility.PUBLIC: UUID("01980000-0000-7000-8000-000000000102"),
}


@dataclass(frozen=True)
class Example:
    """One record: its key, its headers, its value, and the fact that it tells."""

    fact: str
    key: str
    headers: Mapping[str, str]
    value: Mapping[str, Any]


def example_of(state: type[State], visibility: Visibility) -> Example | None:
    """Return the example of a channel; none of private ones, whose records are about persons."""
    if visibility is Visibility.PRIVATE:
        return None
    content = json.loads((FOLDER / f"{state.aggregate}.json").read_text(encoding="utf-8"))
    shown = state.model_validate(content["state"])
    origin = Origin(
        epci=shown.home_epci,
        service=SERVICES[-1] if state.service == EVERY_SERVICE else state.service,
        instance=_INCARNATION,
        base_url=INSTANCE,
    )
    headers = headers_of(
        shown,
        origin=origin,
        fact=content["fact"],
        visibility=visibility,
        message_id=_MESSAGES[visibility],
        time=shown.updated_at,
    )
    return Example(
        content["fact"], str(shown.id), {"content-type": "application/json", **headers}, shown.at(visibility)
    )
