"""Lists that go on behind a row: compared whole, column by column, each value as its column keeps it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Tuple, tuple_
from sqlalchemy.orm import Mapped

Order = Sequence[Mapped[Any]]


def after(order: Order, values: Sequence[object]) -> ColumnElement[bool]:
    """Choose what stands behind ``values`` where a list ascends by all of ``order``."""
    return tuple_(*order).__gt__(_typed(order, values))


def before(order: Order, values: Sequence[object]) -> ColumnElement[bool]:
    """Choose what stands behind ``values`` where a list descends by all of ``order``."""
    return tuple_(*order).__lt__(_typed(order, values))


def _typed(order: Order, values: Sequence[object]) -> Tuple:
    # Left to guess, SQLAlchemy would write an instant of another time zone with its own hour.
    return tuple_(*values, types=[column.type for column in order])  # type: ignore[attr-defined]  # a column, typed as an attribute
