"""News of projects: what becomes news, what stays silent, how it reads in French."""

from datetime import date
from decimal import Decimal

import pytest

from shared.contracts.base import Visibility
from shared.contracts.projects import (
    Milestone,
    Participant,
    ParticipantStatus,
    Stage,
    StageEntry,
    Totals,
)
from tests.support.news import make_project, moved, outbox, tell
from tests.support.notifications import Instance

NB, FINE = "\u00a0", "\u202f"

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
    assert found["life"].summary == f"À Bolbec. Compétences et recrutement. Étape{NB}: Idée recensée."
    assert await outbox(instance) == [("territory", "published", True), ("public", "published", True)]


WHERE = [
    (("76351",), "Au Havre."),
    (("76351", "76114"), "Au Havre et à Bolbec."),
    (("76114", "76351"), "À Bolbec et au Havre."),
    ((), "Étape"),
]


@pytest.mark.parametrize(("communes", "words"), WHERE)
async def test_places_are_named_as_french_does(instance: Instance, communes: tuple[str, ...], words: str) -> None:
    found = await tell(instance, make_project(instance, commune_insee=communes, axis=None), "created")

    assert found["life"].summary.startswith(words)


async def test_an_imported_project_is_a_new_sheet_and_its_money_no_news(instance: Instance) -> None:
    history = (StageEntry(stage=Stage.COMMITTED, entered_on=date(2026, 1, 5), by_import=True),)
    project = make_project(
        instance, stage=Stage.COMMITTED, stage_history=history, totals=Totals(granted=Decimal(14_800_000))
    )

    found = await tell(instance, project, "created")

    assert list(found) == ["life"]
    assert found["life"].title.endswith("nouvelle fiche")


async def test_money_granted_then_paid_is_news_of_its_own(instance: Instance) -> None:
    project = make_project(instance, stage=Stage.COMMITTED)
    await tell(instance, project, "created")
    granted = moved(project, totals=Totals(granted=Decimal(350_000), total_cost_ht=Decimal(1_200_000)))

    found = await tell(instance, granted, "funding_changed")
    assert found["funding"].title == f"École de production fictive{NB}: 350{FINE}000{NB}€ accordés"
    assert found["funding"].summary == (
        f"Au total 350{FINE}000{NB}€ accordés, pour un coût de 1{FINE}200{FINE}000{NB}€{NB}HT."
    )

    paid = moved(granted, totals=granted.totals.model_copy(update={"paid": Decimal(120_000)}))
    found = await tell(instance, paid, "funding_changed")
    assert found["funding"].title == f"École de production fictive{NB}: 120{FINE}000{NB}€ versés"
    assert found["funding"].news_rev == 2


EXACT = [
    ("480000", f"480{FINE}000{NB}€"),
    ("1250000", f"1{FINE}250{FINE}000{NB}€"),
    ("949999.50", f"949{FINE}999,50{NB}€"),
]


@pytest.mark.parametrize(("amount", "written"), EXACT)
async def test_no_amount_is_rounded_in_what_becomes_a_subject(instance: Instance, amount: str, written: str) -> None:
    project = make_project(instance, stage=Stage.COMMITTED)
    await tell(instance, project, "created")
    totals = Totals(granted=Decimal(amount), total_cost_ht=Decimal(amount))

    found = await tell(instance, moved(project, totals=totals), "funding_changed")

    assert found["funding"].title == f"École de production fictive{NB}: {written} accordés"
    assert found["funding"].summary == f"Au total {written} accordés, pour un coût de {written}{NB}HT."


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
