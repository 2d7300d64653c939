"""N4: the windows of a reader follow one another, whatever the order of news, corrections, runs and rebuilds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.rules.filters import Rhythm, make_filter, read_filter
from services.notifications.rules.letters import Chapter, Item, compose, count_items
from services.notifications.rules.schedule import Schedule, Window, is_late, last_due, next_window
from shared.clock import PARIS
from shared.contracts.notifications import EntryKind
from shared.contracts.projects import Axis
from shared.ids import uuid7
from tests.support.databases import Store
from tests.support.notifications import (
    hear_entries,
    make_entry,
    make_rule,
    run,
    running_instance,
    subscribe,
)
from tests.support.territory import random_siren

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware by timezones


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 10))
def test_windows_chain_without_gap_or_overlap(growth: list[int], start: int) -> None:
    head, position, windows = start - 1, start, []
    for more in growth:
        head += more
        window = next_window(start=position, head=head)
        if window is not None:
            windows.append(window)
            position = window.end

    numbers = [number for window in windows for number in range(window.start, window.end)]
    assert numbers == list(range(start, head + 1))


async def test_each_news_reaches_a_reader_once_whatever_was_heard_again(tmp_path: Path, store: Store) -> None:
    async with running_instance(tmp_path, store=store) as instance:
        await subscribe(instance, "alix@example.org")
        rule = await make_rule(instance)
        told = []
        for turn in range(4):
            entries = [make_entry(instance.siren, title=f"Nouvelle {turn}.{number}") for number in range(3)]
            await hear_entries(instance, entries)
            issue = await run(instance, rule.id)
            told.append(issue.audience)
            # A replay from zero in other batches: nothing is new in it.
            for entry in (*entries, *reversed(entries)):
                await hear_entries(instance, [entry])
            assert (await run(instance, rule.id)).audience == 0

    assert told == [1, 1, 1, 1]


async def test_an_older_state_in_a_replay_is_no_news(tmp_path: Path, store: Store) -> None:
    async with running_instance(tmp_path, store=store) as instance:
        await subscribe(instance, "alix@example.org")
        rule = await make_rule(instance)
        first = make_entry(instance.siren)
        second = first.model_copy(update={"version": 2, "news_rev": 2})
        await hear_entries(instance, [first, second])
        assert (await run(instance, rule.id)).audience == 1

        await hear_entries(instance, [first])
        await hear_entries(instance, [second])

        assert (await run(instance, rule.id)).audience == 0


@given(MOMENTS, st.sampled_from([Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.MONTHLY]), st.integers(0, 23))
def test_the_last_due_moment_is_past_and_at_most_one_period_ago(moment: datetime, rhythm: Rhythm, hour: int) -> None:
    due = last_due(Schedule(hour=hour, weekday=3, month_day=15), rhythm, now=moment)

    assert due is not None
    period = {Rhythm.DAILY: 1, Rhythm.WEEKLY: 7, Rhythm.MONTHLY: 31}[rhythm]
    assert due <= moment < due + timedelta(days=period, hours=1)
    assert due.astimezone(PARIS).hour in {hour, hour + 1}  # the hour that spring leaves out is moved


def test_a_missed_cut_waits_for_the_next() -> None:
    due = datetime(2026, 11, 23, 7, tzinfo=UTC)

    assert not is_late(Rhythm.DAILY, due, now=due + timedelta(hours=5))
    assert is_late(Rhythm.DAILY, due, now=due + timedelta(hours=7))


SIRENS = [random_siren() for _ in range(3)]
FILTERS = st.builds(
    make_filter,
    epci=st.lists(st.sampled_from(SIRENS)),
    axes=st.lists(st.sampled_from(list(Axis))),
    kinds=st.lists(st.sampled_from(list(EntryKind))),
)
ITEMS = st.builds(
    Item,
    home_epci=st.sampled_from(SIRENS),
    id=st.uuids(),
    news_rev=st.just(1),
    kind=st.sampled_from(list(EntryKind)),
    title=st.just("Titre"),
    summary=st.just(""),
    link=st.none(),
    importance=st.integers(1, 3),
    published_at=MOMENTS,
    axis=st.one_of(st.none(), st.sampled_from(list(Axis))),
)


@given(FILTERS)
def test_a_filter_is_written_in_one_way_only(chosen: object) -> None:
    assert read_filter(chosen.canonical()) == chosen  # type: ignore[attr-defined]


def test_order_and_doubles_do_not_make_another_filter() -> None:
    one = make_filter(epci=[SIRENS[0], SIRENS[1]], axes=[], kinds=["agenda", "agenda"])
    other = make_filter(epci=[SIRENS[1], SIRENS[0]], axes=[], kinds=["agenda"])

    assert one.hash() == other.hash()


@given(st.lists(ITEMS, max_size=60, unique_by=lambda item: item.id), st.randoms())
def test_a_letter_tells_each_item_once_in_an_order_that_does_not_depend_on_arrival(items: list[Item], random) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - of Hypothesis
    shuffled = list(items)
    random.shuffle(shuffled)
    now = datetime(2025, 1, 1, tzinfo=UTC)

    parts = compose(items, own=SIRENS[0], chapters=list(Chapter), now=now)

    assert parts == compose(shuffled, own=SIRENS[0], chapters=list(Chapter), now=now)
    assert count_items(parts) == len(items)


FILTER_CASES = [
    ({"epci": ["A"]}, {"home_epci": "A"}, True),
    ({"epci": ["A"]}, {"home_epci": "B"}, False),
    ({"epci": ["A"]}, {"home_epci": "B", "epcis": ("A",)}, True),
    ({"axes": ["industrial_land"]}, {"axis": "industrial_land"}, True),
    ({"axes": ["industrial_land"]}, {"axis": None}, False),
    ({"kinds": ["agenda"]}, {"kind": "agenda"}, True),
    ({"kinds": ["agenda"]}, {"kind": "project"}, False),
    ({}, {}, True),
]


@pytest.mark.parametrize(("wanted", "entry", "expected"), FILTER_CASES)
def test_filters_choose(wanted: dict[str, list[str]], entry: dict[str, object], expected: object) -> None:
    chosen = make_filter(**{"epci": [], "axes": [], "kinds": []} | wanted)
    values = {"home_epci": "B", "kind": "project"} | entry
    item = Item(
        id=uuid7(), news_rev=1, title="", summary="", link=None, importance=1,
        published_at=datetime(2026, 1, 1, tzinfo=UTC), **values,  # type: ignore[arg-type]
    )  # fmt: skip

    assert chosen.matches(item) is expected


def test_nothing_after_the_last_number_is_no_window() -> None:
    assert next_window(start=4, head=3) is None
    assert next_window(start=4, head=4) == Window(4, 5)
