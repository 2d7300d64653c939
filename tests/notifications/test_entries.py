"""Our own entries: what becomes news, what stays silent, how it reads in French."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from services.notifications.commands import entries
from services.notifications.models import Entry, OutboxMessage
from services.notifications.rules import event_news, project_news
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.events import AgendaEvent, AttendanceMode, Capacity, EventType, Schedule, Slot
from shared.contracts.projects import (
    Axis,
    Milestone,
    Participant,
    ParticipantStatus,
    Project,
    Stage,
    StageEntry,
    Totals,
)
from shared.ids import uuid7
from tests.support.notifications import Instance, record_of

NB, FINE = "\u00a0", "\u202f"
START = datetime(2026, 12, 10, 7, 30, tzinfo=UTC)


def make_project(instance: Instance, **changes: object) -> Project:
    values: dict[str, object] = {
        "id": uuid7(),
        "home_epci": instance.siren,
        "version": 1,
        "updated_at": now(),
        "title": "École de production fictive",
        "visibility": Visibility.PUBLIC,
        "axis": Axis.SKILLS_RECRUITMENT,
        "commune_insee": ("76114",),
    }
    return Project.model_validate(values | changes)


def make_event(instance: Instance, **changes: object) -> AgendaEvent:
    slot = Slot(id=uuid7(), start=START, end=START + timedelta(hours=2), commune="Vernon")
    values: dict[str, object] = {
        "id": uuid7(),
        "home_epci": instance.siren,
        "version": 1,
        "updated_at": now(),
        "type": EventType.PETIT_DEJEUNER,
        "title": "Petit-déjeuner cybersécurité",
        "summary": "Trente places pour les dirigeants de PME.",
        "slots": (slot,),
    }
    return AgendaEvent.model_validate(values | changes)


def moved(state: Any, **changes: object) -> Any:  # noqa: ANN401 - any state of the contracts
    return state.model_copy(update={"version": state.version + 1, **changes})


async def tell(instance: Instance, state: Any, fact: str, **how: Any) -> dict[str, Entry]:  # noqa: ANN401 - likewise
    """Tell a fact and return our entries by topic."""
    act = entries.tell_project if isinstance(state, Project) else entries.tell_event
    async with instance.database.transaction() as session:
        await act(session, instance.scope, record_of(state, fact=fact, **how))
    async with instance.database.reading() as session:
        return {entry.topic: entry for entry in (await session.exec(select(Entry))).all()}


async def outbox(instance: Instance) -> list[tuple[str, str, bool]]:
    """Return scope, fact and whether there is a value, of each row to be published."""
    async with instance.database.reading() as session:
        rows = (await session.exec(select(OutboxMessage).order_by(col(OutboxMessage.seq)))).all()
    return [(row.topic.split(".")[1], row.type.split(".")[3], row.payload is not None) for row in rows]


STAGES = [
    (Stage.COMMITTED, "le projet est validé"),
    (Stage.DELIVERY, "la réalisation commence"),
    (Stage.COMPLETED, "le projet est réalisé"),
    (Stage.REJECTED, "le projet n’est pas retenu"),
    (Stage.ABANDONED, "le projet est abandonné"),
]


@pytest.mark.parametrize(("stage", "words"), STAGES)
async def test_the_great_stages_are_news(instance: Instance, stage: Stage, words: str) -> None:
    project = make_project(instance)
    await tell(instance, project, "created")

    found = await tell(instance, moved(project, stage=stage), "stage_changed")

    assert found["life"].title == f"École de production fictive{NB}: {words}"
    assert found["life"].news_rev == 2


SILENT: list[tuple[str, dict[str, object]]] = [
    ("stage_changed", {"stage": Stage.QUALIFICATION}),
    ("stage_changed", {"stage": Stage.APPRAISAL}),
    ("indicators_recorded", {}),
    ("health_changed", {}),
    ("updated", {"milestones": (Milestone(label="Comité"),)}),
    ("funding_changed", {"totals": Totals(requested=Decimal(350_000))}),
]


@pytest.mark.parametrize(("fact", "changes"), SILENT)
async def test_small_changes_are_no_news(instance: Instance, fact: str, changes: dict[str, object]) -> None:
    project = make_project(instance, public_summary="Résumé.")
    await tell(instance, project, "created")

    found = await tell(instance, moved(project, **changes), fact)

    assert (found["life"].news_rev, list(found)) == (1, ["life"])
    assert [fact for _, fact, _ in await outbox(instance)] == ["published", "published"]


async def test_a_new_project_is_told_once_on_both_topics(instance: Instance) -> None:
    found = await tell(instance, make_project(instance), "created")

    assert found["life"].title == f"École de production fictive{NB}: nouveau projet"
    assert found["life"].summary == f"À Bolbec. Compétences et recrutement. Étape{NB}: Idée."
    assert await outbox(instance) == [("territory", "published", True), ("public", "published", True)]


async def test_an_imported_project_is_a_new_sheet_and_its_money_no_news(instance: Instance) -> None:
    history = (StageEntry(stage=Stage.COMMITTED, entered_on=date(2026, 1, 5), by_import=True),)
    project = make_project(
        instance, stage=Stage.COMMITTED, stage_history=history, totals=Totals(granted=Decimal(14_800_000))
    )

    found = await tell(instance, project, "created")

    assert list(found) == ["life"]
    assert found["life"].title.endswith("nouvelle fiche")


async def test_money_granted_then_paid_is_news_of_its_own(instance: Instance) -> None:
    project = make_project(instance)
    await tell(instance, project, "created")
    granted = moved(project, totals=Totals(granted=Decimal(350_000), total_cost_ht=Decimal(1_200_000)))

    found = await tell(instance, granted, "funding_changed")
    assert found["funding"].title == f"École de production fictive{NB}: 350{FINE}000{NB}€ accordés"
    assert found["funding"].summary == f"Au total 350{FINE}000{NB}€ accordés, pour un coût de 1,2{NB}M€{NB}HT."

    paid = moved(granted, totals=granted.totals.model_copy(update={"paid": Decimal(120_000)}))
    found = await tell(instance, paid, "funding_changed")
    assert found["funding"].title == f"École de production fictive{NB}: 120{FINE}000{NB}€ versés"
    assert found["funding"].news_rev == 2


async def test_a_partner_that_accepts_is_news_and_an_invited_one_is_not(instance: Instance) -> None:
    partner = instance.neighbours[0]
    project = make_project(instance)
    await tell(instance, project, "created")
    invited = moved(project, participants=(Participant(siren=partner),))
    assert list(await tell(instance, invited, "updated")) == ["life"]

    accepted = Participant(siren=partner, status=ParticipantStatus.ACCEPTED)
    found = await tell(instance, moved(invited, participants=(accepted,)), "updated")

    assert found["partners"].title == f"École de production fictive{NB}: un EPCI rejoint le projet"
    assert found["partners"].epcis == partner
    assert found["partners"].summary == "2 EPCI participent au projet."


async def test_a_typo_is_corrected_without_news(instance: Instance) -> None:
    project = make_project(instance, title="Ecole de production")
    await tell(instance, project, "created")

    found = await tell(instance, moved(project, title="École de production"), "updated")

    assert found["life"].title == f"École de production{NB}: nouveau projet"
    assert (found["life"].version, found["life"].news_rev) == (2, 1)


async def test_a_confidential_project_is_not_in_the_feed(instance: Instance) -> None:
    card = make_project(instance, confidential=True, title="")
    assert await tell(instance, card, "created") == {}

    found = await tell(instance, moved(card, confidential=False, title="Usine fictive"), "updated")
    assert found["life"].title.startswith("Usine fictive")


async def test_a_project_that_becomes_confidential_takes_its_entries_back(instance: Instance) -> None:
    project = make_project(instance)
    await tell(instance, project, "created")

    found = await tell(instance, moved(project, confidential=True, title=""), "updated")

    assert found["life"].withdrawn
    assert found["life"].title == ""
    assert (await outbox(instance))[2:] == [
        ("territory", "withdrawn", True),
        ("public", "withdrawn", True),
        ("territory", "withdrawn", False),
        ("public", "withdrawn", False),
    ]


async def test_what_the_territory_shares_never_reaches_the_public_topic(instance: Instance) -> None:
    await tell(instance, make_project(instance, visibility=Visibility.TERRITORY), "created")

    assert await outbox(instance) == [("territory", "published", True)]


async def test_a_project_made_public_is_published_without_news(instance: Instance) -> None:
    project = make_project(instance, visibility=Visibility.TERRITORY)
    await tell(instance, project, "created")

    found = await tell(instance, moved(project, visibility=Visibility.PUBLIC), "visibility_changed")

    assert found["life"].news_rev == 1
    assert ("public", "updated", True) in await outbox(instance)


async def test_a_narrowed_entry_leaves_the_public_topic(instance: Instance) -> None:
    project = make_project(instance)
    await tell(instance, project, "created")

    found = await tell(instance, moved(project, visibility=Visibility.TERRITORY), "visibility_changed")

    written = await outbox(instance)
    assert [row for row in written if row[0] == "public"][-1] == ("public", "withdrawn", False)
    assert written[-1] == ("territory", "published", True)
    assert (found["life"].withdrawn, found["life"].news_rev) == (False, 1)


async def test_the_same_message_or_an_older_one_tells_nothing(instance: Instance) -> None:
    project = make_project(instance)
    committed = moved(project, stage=Stage.COMMITTED)
    await tell(instance, project, "created")
    await tell(instance, committed, "stage_changed")
    before = await outbox(instance)

    await tell(instance, committed, "stage_changed")
    await tell(instance, project, "created", republished=True)

    assert await outbox(instance) == before


async def test_a_neighbours_project_is_the_neighbours_news(instance: Instance) -> None:
    assert await tell(instance, make_project(instance, home_epci=instance.neighbours[0]), "created") == {}


async def test_a_long_title_is_cut_at_a_word(instance: Instance) -> None:
    found = await tell(instance, make_project(instance, title="Réhabilitation exemplaire " * 11), "created")

    title = found["life"].title
    assert len(title) <= 140
    assert title.endswith(f"Réhabilitation…{NB}: nouveau projet")


async def test_a_title_that_would_write_a_header_is_made_harmless(instance: Instance) -> None:
    hostile = make_project(instance).model_copy(update={"title": "Bonjour\r\nBcc: x@evil.example =?utf-8?q?=0A?="})

    found = await tell(instance, hostile, "created")

    assert "\n" not in found["life"].title
    assert "=?" not in found["life"].title


def _slot(start: datetime) -> Slot:
    return Slot(id=UUID(int=1), start=start, end=start + timedelta(hours=2), commune="Vernon")


EVENT_NEWS: list[tuple[str, dict[str, object], str]] = [
    ("published", {}, ", le 10 décembre à Vernon"),
    ("rescheduled", {"schedule": Schedule.RESCHEDULED, "slots": (_slot(START + timedelta(days=2)),)},
     f"{NB}: nouvelle date, le 12 décembre à Vernon"),
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
    checks: list[Callable[[], bool]] = [
        lambda: set(Stage) == set(project_news.STAGE_LABELS),
        lambda: set(EventType) == set(event_news.TYPE_LABELS),
        lambda: set(Axis) == set(project_news.AXIS_LABELS),
    ]
    assert all(check() for check in checks)
