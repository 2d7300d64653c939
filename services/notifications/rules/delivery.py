"""Life of one mail: its states, what each answer of the relay makes of it, when it is tried again."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where one mail to one address is."""

    PENDING = "pending"
    LEASED = "leased"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    SKIPPED = "skipped"


class Lane(StrEnum):
    """Each lane has a connection of its own, so that letters never delay a confirmation."""

    SERVICE = "service"
    LETTER = "letter"


class Heard(StrEnum):
    """What the relay made of one mail."""

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    UNREACHABLE = "unreachable"


UNDERWAY = frozenset({DeliveryState.PENDING, DeliveryState.LEASED, DeliveryState.SENDING, DeliveryState.DEFERRED})
HELD = frozenset({DeliveryState.LEASED, DeliveryState.SENDING})
LEASE = timedelta(seconds=30)
SECOND_TRY = timedelta(minutes=15)
ORDER_LASTS = timedelta(days=7)
UNSUBSCRIBED = "unsubscribed"
RESTORED = "restored"
"""Nobody can say whether it left: the database was restored from a copy made before."""
MAIL_KEPT = timedelta(days=60)
LETTER_LASTS = timedelta(hours=24)
_BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120))
LONGEST_BACK_OFF = _BACK_OFF[-1]
_HARD = re.compile(r"\b5\.(1\.1|1\.3|1\.6|1\.10|2\.1)\b")
_POLICY = re.compile(r"\b5\.7\.\d+\b")
_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 10, 30, 60))
LONGEST_RELAY_PAUSE = _PAUSES[-1]


@dataclass(frozen=True)
class Next:
    """What a mail becomes."""

    state: DeliveryState
    reason: str = ""
    retry_at: datetime | None = None
    suppress: bool = False


@dataclass(frozen=True)
class Tried:
    """What is known of a mail when the relay has answered."""

    lane: Lane
    attempts: int
    deadline: datetime
    second_try_used: bool


def after(heard: Heard, answer: str, tried: Tried, *, now: datetime) -> Next:
    """Return what becomes of a mail.

    Args:
        heard: the class of the relay’s answer.
        answer: its code and text.
        tried: the mail so far, this attempt included.
        now: the present instant.

    Source: RFC 5321 §4.2.1 and RFC 3463 for codes; RFC 1047 for the uncertainty after the final dot.
    """
    if heard is Heard.ACCEPTED:
        return Next(DeliveryState.ACCEPTED)
    if heard is Heard.UNREACHABLE:
        return Next(DeliveryState.PENDING, "relay_away")
    if heard is Heard.UNCERTAIN:
        again = tried.lane is Lane.SERVICE and not tried.second_try_used
        return Next(DeliveryState.UNCERTAIN, "no_answer", retry_at=now + SECOND_TRY if again else None)
    if heard is Heard.TRANSIENT:
        return _deferred(tried, now=now)
    return Next(DeliveryState.FAILED, _refusal(answer), suppress=bool(_HARD.search(answer)))


def is_expired(deadline: datetime, *, now: datetime) -> bool:
    """Tell whether a mail would come too late to be of use."""
    return now >= deadline


def relay_pause(failures: int) -> timedelta:
    """Return how long to leave a relay alone that failed ``failures`` times in a row."""
    return _PAUSES[min(failures, len(_PAUSES)) - 1]


def _deferred(tried: Tried, *, now: datetime) -> Next:
    retry_at = now + _BACK_OFF[min(tried.attempts, len(_BACK_OFF)) - 1]
    if retry_at >= tried.deadline:
        return Next(DeliveryState.FAILED, "deadline")
    return Next(DeliveryState.DEFERRED, "transient", retry_at=retry_at)


def _refusal(answer: str) -> str:
    if _POLICY.search(answer):
        return "policy"
    return "unknown_address" if _HARD.search(answer) else "refused"
