"""News of agenda events: announced, moved, cancelled; never their seats."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from services.notifications.rules import event_news
from shared.contracts.events import AttendanceMode, Capacity, EventType, Schedule, Slot
from shared.contracts.labels import AXES, STAGES
from shared.contracts.projects import (
    Axis,
    Stage,
)
from tests.support.news import START, make_event, moved, outbox, tell
from tests.support.notifications import Instance

NB, FINE = "\u00a0", "\u202f"


def _slot(start: datetime, commune: str = "Vernon") -> Slot:
    return Slot(id=UUID(int=1), start=start, end=start + timedelta(hours=2), commune=commune)


EVENT_NEWS: list[tuple[str, dict[str, object], str]] = [
    ("published", {}, ", le 10 décembre à Vernon"),
    ("rescheduled", {"schedule": Schedule.RESCHEDULED, "slots": (_slot(START + timedelta(days=2)),)},
     f"{NB}: nouvelle date, le 12 décembre à Vernon"),
    ("updated", {"slots": (_slot(START, "Le Havre"),)}, ", le 10 décembre au Havre"),
    ("updated", {"slots": (_slot(START, "Les Andelys"),)}, ", le 10 décembre aux Andelys"),
    ("rescheduled", {"schedule": Schedule.POSTPONED}, f"{NB}: rendez-vous reporté"),
    ("rescheduled", {"schedule": Schedule.MOVED_ONLINE, "attendance_mode": AttendanceMode.ONLINE},
     f"{NB}: en ligne, le 10 décembre"),
    ("cancelled", {"schedule": Schedule.CANCELLED}, f"{NB}: rendez-vous annulé"),
]  # fmt: skip


@pytest.mark.parametrize(("fact", "changes", "tail"), EVENT_NEWS)
async def test_what_happens_to_a_meeting_reads_well(
    instance: Instance, fact: str, changes: dict[str, object], tail: str
) -> None:
    event = make_event(instance)
    found = await tell(instance, event, "published")
    if fact != "published":
        found = await tell(instance, moved(event, **changes), fact)

    title = found["agenda"].title.replace("\u00a0décembre", " décembre")
    assert title == f"Petit-déjeuner cybersécurité{tail}"
    assert found["agenda"].news_rev == (1 if fact == "published" else 2)


async def test_seats_ends_and_pencilled_meetings_are_no_news(instance: Instance) -> None:
    event = make_event(instance)
    assert await tell(instance, event, "pencilled") == {}
    await tell(instance, moved(event), "published")
    before = await outbox(instance)

    full = event.model_copy(update={"version": 3, "capacity": Capacity(total=30, left=0, waiting=4)})
    await tell(instance, full, "seats_changed")
    await tell(instance, full.model_copy(update={"version": 4}), "ended")

    assert await outbox(instance) == before


async def test_an_unpublished_meeting_leaves_the_feed(instance: Instance) -> None:
    event = make_event(instance)
    await tell(instance, event, "published")

    found = await tell(instance, moved(event), "unpublished")

    assert found["agenda"].withdrawn


async def test_the_summary_of_a_meeting_says_where_and_when(instance: Instance) -> None:
    found = await tell(instance, make_event(instance), "published")

    assert found["agenda"].summary == (
        f"Petit-déjeuner, 8{NB}h{NB}30 à Vernon. Trente places pour les dirigeants de PME."
    )
    assert found["agenda"].expires_at == START + timedelta(hours=2)


def test_every_stage_and_type_has_its_french_word() -> None:
    assert set(Stage) == set(STAGES)
    assert set(Axis) == set(AXES)
    assert set(EventType) == set(event_news.TYPE_LABELS)
