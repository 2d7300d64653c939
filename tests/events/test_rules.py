"""Pure decisions of the agenda, as tables of cases."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.events.rules.offers import after_waking, offer_end, offer_window, provisional_end, waking_time
from services.events.rules.publication import (
    Publication,
    can_publish_as,
    can_schedule_as,
    needs_coordinator,
    why_closed,
)
from services.events.rules.registrations import (
    LIVE,
    TABLE,
    Seat,
    Standing,
    can_become,
    hold_end,
    keeps_seat,
    may_remind,
    most_unconfirmed,
    seats_left,
)
from services.events.rules.screens import SCREENS
from shared.contracts.events import Registration, RegistrationMode, Schedule
from shared.contracts.events import RegistrationState as S

PARIS = ZoneInfo("Europe/Paris")

# The state table as organisers know it: from → to.
MOVES = {
    S.PENDING_EMAIL: {S.REGISTERED, S.WAITLISTED, S.PENDING_APPROVAL, S.EXPIRED},
    S.PENDING_APPROVAL: {S.REGISTERED, S.WAITLISTED, S.REJECTED},
    S.WAITLISTED: {S.OFFERED, S.REGISTERED, S.EXPIRED},
    S.OFFERED: {S.REGISTERED, S.DECLINED, S.EXPIRED},
    S.REGISTERED: {S.ATTENDED, S.NO_SHOW},
    S.ATTENDED: {S.NO_SHOW},
    S.NO_SHOW: {S.ATTENDED},
}
CANCELS = {S.CANCELLED_BY_PERSON, S.CANCELLED_BY_ORGANISER}
NOT_CANCELLED = {S.ATTENDED, S.NO_SHOW}


@pytest.mark.parametrize("now", S)
@pytest.mark.parametrize("to", S)
def test_only_the_moves_of_the_state_table_are_possible(now: S, to: S) -> None:
    expected = MOVES.get(now, set()) | (CANCELS if now in MOVES and now not in NOT_CANCELLED else set())

    assert can_become(now, to) is (to in expected)


def test_every_state_has_a_line_a_fact_and_a_screen() -> None:
    assert set(TABLE) == set(S) == set(SCREENS)
    assert {row.fact for row in TABLE.values()} <= Registration.facts


@pytest.mark.parametrize(
    ("state", "standing", "seat"),
    [
        (S.PENDING_EMAIL, Standing.PENDING, Seat.IF_FREE),
        (S.WAITLISTED, Standing.WAITING, Seat.NO),
        (S.OFFERED, Standing.PENDING, Seat.YES),
        (S.REGISTERED, Standing.POSITIVE, Seat.YES),
        (S.ATTENDED, Standing.POSITIVE, Seat.YES),
        (S.NO_SHOW, Standing.NEGATIVE, Seat.YES),
        (S.EXPIRED, Standing.NEGATIVE, Seat.NO),
    ],
)
def test_class_and_seat_are_fixed_by_the_state(state: S, standing: Standing, seat: Seat) -> None:
    assert (TABLE[state].standing, TABLE[state].seat) == (standing, seat)
    assert (state in LIVE) is (standing is not Standing.NEGATIVE)


def test_only_an_unconfirmed_request_may_or_may_not_hold_a_seat() -> None:
    assert keeps_seat(S.PENDING_EMAIL, has_seat=True)
    assert not keeps_seat(S.PENDING_EMAIL, has_seat=False)
    assert not keeps_seat(S.EXPIRED, has_seat=True)


def paris(day: int, hour: int, minute: int = 0, month: int = 12) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (paris(7, 9), paris(7, 12), 3),
        (paris(7, 19), paris(8, 9), 2),
        (paris(7, 22), paris(8, 6), 0),
        (paris(7, 6), paris(9, 21), 36),
        (paris(24, 19, month=10), paris(25, 9, month=10), 2),  # the night is 25 hours long
        (paris(7, 12), paris(7, 9), 0),
    ],
)
def test_nights_do_not_count(start: datetime, end: datetime, hours: int) -> None:
    assert waking_time(start, end, zone=PARIS) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (paris(7, 9), 2, paris(7, 11)),
        (paris(7, 19), 2, paris(8, 9)),
        (paris(7, 23), 2, paris(8, 10)),
        (paris(7, 9), 24, paris(9, 9)),
        (paris(7, 8), 12, paris(7, 20)),
        (paris(28, 19, month=3), 2, paris(29, 9, month=3)),  # the night is 23 hours long
    ],
)
def test_an_offer_runs_by_day_only(start: datetime, hours: int, end: datetime) -> None:
    assert after_waking(start, timedelta(hours=hours), zone=PARIS) == end


@pytest.mark.parametrize(
    ("start", "closing", "hours"),
    [
        (paris(1, 9), paris(20, 9), 24),  # far: a whole window
        (paris(7, 9), paris(8, 13), 8),  # 16 waking hours left: half of them
        (paris(7, 9), paris(7, 12, 30), 2),  # half of 3.5 is under 2
        (paris(7, 9), paris(7, 12), 2),
        (paris(7, 9), paris(7, 11, 59), None),  # too late for offers
        (paris(7, 18), paris(8, 8, 30), None),  # 2.5 waking hours, whatever the clock says
    ],
)
def test_the_window_is_shortened_towards_the_closing(start: datetime, closing: datetime, hours: int | None) -> None:
    expected = None if hours is None else timedelta(hours=hours)

    assert offer_window(start, closing, zone=PARIS) == expected


def test_an_offer_never_outlives_the_closing_and_its_mail_has_one_window_to_leave() -> None:
    window, closing = timedelta(hours=2), paris(7, 12)

    assert offer_end(paris(7, 9), window, closing=closing, zone=PARIS) == paris(7, 11)
    assert offer_end(paris(7, 11), window, closing=closing, zone=PARIS) == closing
    assert provisional_end(paris(7, 9), window, closing=paris(20, 9), zone=PARIS) == paris(7, 13)


def test_a_hold_runs_30_minutes_from_its_mail_and_24_hours_at_most() -> None:
    asked = paris(7, 9)

    assert hold_end(asked, mailed=None) == paris(8, 9)
    assert hold_end(asked, mailed=paris(7, 10)) == paris(7, 10, 30)
    assert hold_end(asked, mailed=paris(8, 8, 50)) == paris(8, 9)


@pytest.mark.parametrize(("capacity", "most"), [(3, 5), (25, 5), (30, 6), (500, 100)])
def test_unproven_addresses_hold_a_fifth_of_the_seats_at_most(capacity: int, most: int) -> None:
    assert most_unconfirmed(capacity) == most


def test_a_newcomer_finds_no_seat_while_somebody_waits() -> None:
    assert seats_left(capacity=10, held=8, waiting=1) == 0
    assert seats_left(capacity=10, held=8, waiting=0) == 2


def test_a_form_filled_in_again_and_again_does_not_flood_an_address() -> None:
    at = paris(7, 9)

    assert may_remind(None, now=at)
    assert not may_remind(at, now=at + timedelta(minutes=9))
    assert may_remind(at, now=at + timedelta(minutes=10))


@pytest.mark.parametrize(
    ("now", "to"),
    [
        ("draft", "in_review"),
        ("in_review", "ready"),
        ("in_review", "refused"),
        ("ready", "published"),
        ("ready", "refused"),
        ("refused", "draft"),
        ("published", "unpublished"),
        ("published", "archived"),
    ],
)
def test_publication_goes_step_by_step(now: str, to: str) -> None:
    assert can_publish_as(Publication(now), Publication(to))
    assert not can_publish_as(Publication(to), Publication(now)) or (now, to) == ("draft", "in_review")


def test_agents_propose_and_coordinators_decide() -> None:
    assert {step.value for step in Publication if not needs_coordinator(step)} == {"draft", "in_review"}


def test_a_cancelled_event_stays_cancelled() -> None:
    assert not any(can_schedule_as(Schedule.CANCELLED, to) for to in Schedule)
    assert can_schedule_as(Schedule.POSTPONED, Schedule.RESCHEDULED)
    assert not can_schedule_as(Schedule.SCHEDULED, Schedule.SCHEDULED)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, None),
        ({"publication": Publication.DRAFT}, "pas ouvertes"),
        ({"schedule": Schedule.CANCELLED}, "annulé"),
        ({"schedule": Schedule.POSTPONED}, "reporté"),
        ({"mode": RegistrationMode.EXTERNAL}, "auprès de son organisateur"),
        ({"now": paris(7, 9)}, "closes"),
    ],
)
def test_a_closed_registration_says_why(change: dict[str, object], sentence: str | None) -> None:
    facts = {
        "publication": Publication.PUBLISHED,
        "schedule": Schedule.SCHEDULED,
        "mode": RegistrationMode.FREE,
        "closes": paris(7, 9),
        "now": paris(7, 8, 59),
    }
    told = why_closed(**{**facts, **change})  # type: ignore[arg-type]  # a table of cases

    assert told is sentence is None or (told is not None and sentence is not None and sentence in told)
