"""The state table of registrations: what each state is, whether it holds a seat, what may follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.events import RegistrationState as S


class Standing(StrEnum):
    """What a state amounts to; screens, figures and invariants use this, never lists of states."""

    PENDING = "pending"
    WAITING = "waiting"
    POSITIVE = "positive"
    NEGATIVE = "negative"


class Seat(StrEnum):
    """Whether a state holds a seat."""

    YES = "yes"
    NO = "no"
    IF_FREE = "if_free"


@dataclass(frozen=True)
class Row:
    """One line of the state table."""

    label: str
    standing: Standing
    seat: Seat
    fact: str
    leads_to: frozenset[S] = frozenset()


_CANCELLED = frozenset({S.CANCELLED_BY_PERSON, S.CANCELLED_BY_ORGANISER})
_P, _W, _POS, _NEG = Standing.PENDING, Standing.WAITING, Standing.POSITIVE, Standing.NEGATIVE

TABLE: Mapping[S, Row] = {
    S.PENDING_EMAIL: Row(
        "adresse à confirmer",
        _P,
        Seat.IF_FREE,
        "requested",
        _CANCELLED | {S.REGISTERED, S.WAITLISTED, S.PENDING_APPROVAL, S.EXPIRED},
    ),
    S.PENDING_APPROVAL: Row(
        "à valider", _W, Seat.NO, "requested", _CANCELLED | {S.REGISTERED, S.WAITLISTED, S.REJECTED}
    ),
    S.WAITLISTED: Row("liste d’attente", _W, Seat.NO, "waitlisted", _CANCELLED | {S.OFFERED, S.REGISTERED, S.EXPIRED}),
    S.OFFERED: Row("place proposée", _P, Seat.YES, "offered", _CANCELLED | {S.REGISTERED, S.DECLINED, S.EXPIRED}),
    S.REGISTERED: Row("inscrit", _POS, Seat.YES, "registered", _CANCELLED | {S.ATTENDED, S.NO_SHOW}),
    S.ATTENDED: Row("présent", _POS, Seat.YES, "attended", frozenset({S.NO_SHOW})),
    S.NO_SHOW: Row("absent", _NEG, Seat.YES, "no_show", frozenset({S.ATTENDED})),
    S.CANCELLED_BY_PERSON: Row("annulée", _NEG, Seat.NO, "cancelled"),
    S.CANCELLED_BY_ORGANISER: Row("annulée par l’organisateur", _NEG, Seat.NO, "cancelled"),
    S.REJECTED: Row("refusée", _NEG, Seat.NO, "rejected"),
    S.DECLINED: Row("déclinée", _NEG, Seat.NO, "declined"),
    S.EXPIRED: Row("expirée", _NEG, Seat.NO, "expired"),
}

LIVE = frozenset(state for state, row in TABLE.items() if row.standing is not Standing.NEGATIVE)
WAITING = frozenset(state for state, row in TABLE.items() if row.standing is Standing.WAITING)
OVER = frozenset({S.CANCELLED_BY_PERSON, S.CANCELLED_BY_ORGANISER, S.REJECTED, S.DECLINED, S.EXPIRED})

HOLD = timedelta(minutes=30)
LONGEST_HOLD = timedelta(hours=24)
CORRECTION = timedelta(days=30)
DOORS_OPEN = timedelta(hours=2)
SHEET_CLOSES_ITSELF = timedelta(days=3)
REMINDER_PAUSE = timedelta(minutes=10)


def can_become(now: S, to: S) -> bool:
    """Tell whether a registration may pass from one state to another."""
    return to in TABLE[now].leads_to


def keeps_seat(state: S, *, has_seat: bool) -> bool:
    """Tell whether a registration holds a seat once it is in ``state``."""
    seat = TABLE[state].seat
    return has_seat if seat is Seat.IF_FREE else seat is Seat.YES


def most_unconfirmed(capacity: int) -> int:
    """Return how many seats of a pool unproven addresses may hold together, so that nobody empties it by typing."""
    return max(5, capacity // 5)


def hold_end(asked: datetime, *, mailed: datetime | None) -> datetime:
    """Return until when an unconfirmed request lives: 30 minutes after its mail left, 24 hours after the form."""
    latest = asked + LONGEST_HOLD
    return latest if mailed is None else min(mailed + HOLD, latest)


def may_remind(last_mailed: datetime | None, *, now: datetime) -> bool:
    """Tell whether a known address may be written to again: a form filled in many times is no way to flood it."""
    return last_mailed is None or now - last_mailed >= REMINDER_PAUSE


def seats_left(*, capacity: int, held: int, waiting: int) -> int:
    """Return how many seats a newcomer finds: none while somebody waits, even if one is free."""
    return 0 if waiting else max(0, capacity - held)
