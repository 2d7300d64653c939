"""Instants that something waits for, and those that a wrong clock gave, for which nothing may wait."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import col

from shared.clock import now

SKEW = timedelta(minutes=1)
"""Clocks of replicas may differ by this much."""


def has_come(instant: Any, *, most: timedelta) -> ColumnElement[bool]:  # noqa: ANN401 - a column, typed as its value
    """Return the condition that an instant has come, or lies further ahead than ``most`` from now.

    Nothing is ever told to wait longer than ``most``: such an instant was written while the clock was ahead, and would
    hold what waits for it until that time.
    """
    column = col(instant)
    at = now()
    return or_(column <= at, column > at + most + SKEW)


def still_waits(until: datetime | None, *, most: timedelta) -> bool:
    """Tell the contrary of ``has_come`` of an instant at hand; nothing waits for ``None``."""
    at = now()
    return until is not None and at < until <= at + most + SKEW
