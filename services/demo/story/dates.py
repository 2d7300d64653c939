"""Days of the demo’s facts, counted from today so that the demo never ages."""

from datetime import datetime, timedelta
from typing import Any

from shared import clock


def day(facts: dict[str, Any], name: str) -> str | None:
    """Return the date ``<name>_in_days`` of a fact, as ISO text."""
    offset = facts.get(f"{name}_in_days")
    return None if offset is None else (clock.today() + timedelta(days=offset)).isoformat()


def today() -> str:
    """Return today as ISO text."""
    return clock.today().isoformat()


def slot(facts: dict[str, Any], *, slow: float = 1.0) -> tuple[datetime, datetime]:
    """Return when an event begins and ends: at its hour in France, or some seconds from now, more on a slow machine."""
    if "starts_in_seconds" in facts:
        start = clock.now() + timedelta(seconds=facts["starts_in_seconds"] * slow)
    else:
        hour, minute = (int(part) for part in facts["at"].split(":"))
        on = clock.today() + timedelta(days=facts["in_days"])
        start = datetime(on.year, on.month, on.day, hour, minute, tzinfo=clock.PARIS)
    return start, start + timedelta(minutes=facts["minutes"])
