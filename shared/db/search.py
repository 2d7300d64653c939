"""Search in a column of stems (``shared.stems.searchable``), the same on SQLite and on PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Mapped


def holds(column: Mapped[str], found: Sequence[str]) -> ColumnElement[bool]:
    """Choose the rows in which each of these stems begins a word; stems hold letters and digits only."""
    return and_(*(column.like(f"% {stem}%") for stem in found))
