"""When a letter is cut; what is inside depends on the numbers of the log only."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from services.notifications.rules.filters import Rhythm
from shared.clock import PARIS

GRACE = {Rhythm.DAILY: timedelta(hours=6), Rhythm.WEEKLY: timedelta(hours=24), Rhythm.MONTHLY: timedelta(hours=72)}
"""How late a cut may still be made; beyond it, its news wait for the next."""

LOOKBACK = {
    Rhythm.IMMEDIATE: timedelta(days=1),
    Rhythm.DAILY: timedelta(days=1),
    Rhythm.WEEKLY: timedelta(days=7),
    Rhythm.MONTHLY: timedelta(days=31),
}
"""How far back the first letter of a new reader goes: one period."""

BURST = timedelta(minutes=10)
"""After an immediate letter, further news wait this long and leave together."""

NEWS_LASTS = timedelta(days=7)
"""What is heard later than this after it happened shows in the feed and is not mailed."""


@dataclass(frozen=True)
class Schedule:
    """Hour of every cut in Europe/Paris, weekday of the weekly one (Monday is 0), day of the monthly one."""

    hour: int = 8
    weekday: int = 0
    month_day: int = 1


@dataclass(frozen=True)
class Window:
    """Numbers of the log from ``start`` up to, not including, ``end``."""

    start: int
    end: int


def next_window(*, start: int, head: int) -> Window | None:
    """Return what a reader has not had yet, or ``None`` when there is nothing after ``start``.

    Args:
        start: the first number not yet cut for this reader.
        head: the highest number of the log.
    """
    return Window(start, head + 1) if head >= start else None


def last_due(schedule: Schedule, rhythm: Rhythm, *, now: datetime) -> datetime | None:
    """Return the latest moment at or before ``now`` at which a letter was due; ``None`` for the immediate rhythm."""
    if rhythm is Rhythm.IMMEDIATE:
        return None
    today = now.astimezone(PARIS).date()
    due = _due(schedule, rhythm, today)
    if due <= now:
        return due
    return _due(schedule, rhythm, _before(schedule, rhythm, today))


def is_late(rhythm: Rhythm, due: datetime, *, now: datetime) -> bool:
    """Tell whether a cut was missed by too much to be made now."""
    return now - due > GRACE[rhythm]


def _due(schedule: Schedule, rhythm: Rhythm, day: date) -> datetime:
    """Return the cut of the period in which ``day`` is."""
    if rhythm is Rhythm.WEEKLY:
        day += timedelta(days=schedule.weekday - day.weekday())
    if rhythm is Rhythm.MONTHLY:
        day = day.replace(day=min(schedule.month_day, calendar.monthrange(day.year, day.month)[1]))
    return datetime.combine(day, time(schedule.hour), PARIS)


def _before(schedule: Schedule, rhythm: Rhythm, day: date) -> date:
    if rhythm is Rhythm.MONTHLY:
        return day.replace(day=1) - timedelta(days=1)
    return day - timedelta(days=7 if rhythm is Rhythm.WEEKLY else 1)
