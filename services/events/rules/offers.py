"""How long a freed place is offered to the next person: never by night, never past the closing."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(8), time(20)
WINDOW = timedelta(hours=24)
SHORTEST = timedelta(hours=2)
LAST_CALL = timedelta(hours=3)


class OfferMode(StrEnum):
    """What happens to a freed seat: proposed for a while, or given at once with a way to cancel."""

    TIMED = "timed"
    DIRECT = "direct"


def waking_time(start: datetime, end: datetime, *, zone: ZoneInfo) -> timedelta:
    """Return how much of an interval lies between 8:00 and 20:00 local time."""
    total = timedelta(0)
    day = start.astimezone(zone).date()
    while datetime.combine(day, OPENS, zone) < end:
        opens, closes = datetime.combine(day, OPENS, zone), datetime.combine(day, CLOSES, zone)
        total += max(min(closes, end) - max(opens, start), timedelta(0))
        day += timedelta(days=1)
    return total


def after_waking(start: datetime, duration: timedelta, *, zone: ZoneInfo) -> datetime:
    """Return the instant at which ``duration`` has run since ``start``; nights do not count."""
    day, left = start.astimezone(zone).date(), duration
    while True:
        opens, closes = datetime.combine(day, OPENS, zone), datetime.combine(day, CLOSES, zone)
        begins = max(opens, start)
        if closes > begins and closes - begins >= left:
            return (begins + left).astimezone(start.tzinfo)
        left -= max(closes - begins, timedelta(0))
        day += timedelta(days=1)


def offer_window(start: datetime, closing: datetime, *, zone: ZoneInfo) -> timedelta | None:
    """Return how long an offer made at ``start`` stays, in waking time; ``None`` when it is too late for offers.

    24 hours, shortened to half of what is left before the closing, never under 2 hours.
    """
    left = waking_time(start, closing, zone=zone)
    if left < LAST_CALL:
        return None
    return min(WINDOW, max(SHORTEST, left / 2))


def offer_end(start: datetime, window: timedelta, *, closing: datetime, zone: ZoneInfo) -> datetime:
    """Return when an offer whose mail left at ``start`` ends."""
    return min(after_waking(start, window, zone=zone), closing)


def provisional_end(start: datetime, window: timedelta, *, closing: datetime, zone: ZoneInfo) -> datetime:
    """Return when an offer ends whose mail has not left yet: its window starts at most one window later."""
    return offer_end(after_waking(start, window, zone=zone), window, closing=closing, zone=zone)
