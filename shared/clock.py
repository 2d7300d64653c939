"""The only reader of the wall clock; tests set it, the code never sleeps on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

_offset = timedelta(0)


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC) + _offset


def today() -> date:
    """Return the calendar day in Europe/Paris, which is what deadlines are counted in."""
    return day_of(now())


def day_of(instant: datetime) -> date:
    """Return the calendar day of an instant in Europe/Paris."""
    return instant.astimezone(PARIS).date()


def midnight(day: date) -> datetime:
    """Return the instant at which a day begins in Europe/Paris, aware, in UTC."""
    return datetime.combine(day, time(), PARIS).astimezone(UTC)


def instant_of(milliseconds: int) -> datetime:
    """Return the instant that Kafka writes as milliseconds since 1970, aware, in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def aware(instant: datetime) -> datetime:
    """Return ``instant`` in UTC; a naive one, as SQLite gives back, is read as UTC."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """Move the clock by a fixed amount while the block runs, for tests."""
    global _offset
    before, _offset = _offset, _offset + by
    try:
        yield
    finally:
        _offset = before
