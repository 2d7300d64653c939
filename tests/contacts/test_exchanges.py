"""Exchanges of a company: what the team noted, and events attended, whatever order they are heard in."""

import asyncio
import random
import tempfile
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contacts.commands.exchanges import keep_registrations
from services.contacts.consumers import consumers
from services.contacts.queries.exchanges import list_exchanges, list_unlinked
from shared.contracts.events import Registration
from shared.db.engine import Database
from shared.db.session import Origin
from shared.errors import Invalid
from shared.identity.access import Role, Scope
from shared.ids import uuid7
from shared.messaging.registry import Record
from tests.support.contacts import (
    company_siren,
    every_cell,
    make_company,
    make_interaction,
    make_person,
    registration,
    withdrawn_registration,
)
from tests.support.databases import Store, opened


async def hear(database: Database, *records: Record[Registration]) -> None:
    async with database.transaction() as session:
        for keep in consumers.kept["registration"]:
            await keep(session, records)


async def exchanged(database: Database, scope: Scope, siren: str) -> list[tuple[str, str]]:
    async with database.reading() as session:
        found = await list_exchanges(session, scope, siren, limit=50)
    return [(one.source.value, one.summary) for one in found]


async def unlinked(database: Database, scope: Scope) -> list[str]:
    async with database.reading() as session:
        return [one.organisation for one in await list_unlinked(session, scope, limit=50)]


BREAKFAST = ("registration", "Petit-déjeuner de la cybersécurité")


async def test_the_list_unites_what_was_noted_and_what_was_attended(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope)
        await make_interaction(session, scope, company, occurred_at="2026-03-02T09:00:00Z", summary="Avant.")

    await hear(database, registration(scope.epci, siren=company.siren))

    assert await exchanged(database, scope, company.siren) == [BREAKFAST, ("team", "Avant.")]
    assert await unlinked(database, scope) == []


async def test_attendance_shows_by_siren_before_the_company_is_known(database: Database, scope: Scope) -> None:
    siren = company_siren()

    await hear(database, registration(scope.epci, siren=siren))

    assert await exchanged(database, scope, siren) == [BREAKFAST]
    assert await unlinked(database, scope) == ["Ateliers Fictifs de Lillebonne"]


async def test_attendance_shows_by_the_address_of_a_known_person(database: Database, scope: Scope) -> None:
    await hear(database, registration(scope.epci, email="maud.exemple@example.org"))
    before = await unlinked(database, scope)
    async with database.transaction() as session:
        company, other = await make_company(session, scope), await make_company(session, scope)
        await make_person(session, scope, at=company)

    assert before == ["Ateliers Fictifs de Lillebonne"]
    assert await exchanged(database, scope, company.siren) == [BREAKFAST]
    assert await exchanged(database, scope, other.siren) == []
    assert await unlinked(database, scope) == []


async def test_an_attendance_of_somebody_unknown_is_kept_under_the_name_she_gave(
    database: Database, scope: Scope
) -> None:
    await hear(database, registration(scope.epci, organisation="Menuiserie Fictive", email="qui@example.org"))

    assert await unlinked(database, scope) == ["Menuiserie Fictive"]


async def test_a_correction_removes_the_exchange_and_what_was_personal_in_it(database: Database, scope: Scope) -> None:
    siren, key = company_siren(), uuid7()
    given = {"siren": siren, "email": "maud.exemple@example.org"}
    await hear(database, registration(scope.epci, id=key, version=4, **given))

    await hear(database, registration(scope.epci, id=key, version=5, state="no_show", **given))

    assert await exchanged(database, scope, siren) == []
    assert [cell for cell in await every_cell(database) if "maud" in cell.casefold()] == []


async def test_a_withdrawn_registration_is_no_exchange(database: Database, scope: Scope) -> None:
    siren, key = company_siren(), uuid7()

    await hear(database, withdrawn_registration(scope.epci, id=key, version=5))
    await hear(database, registration(scope.epci, id=key, version=4, siren=siren))

    assert await exchanged(database, scope, siren) == []


@pytest.mark.parametrize("state", ["registered", "waitlisted", "a_state_of_a_newer_sender"])
async def test_only_attendance_is_an_exchange(database: Database, scope: Scope, state: str) -> None:
    siren = company_siren()

    await hear(database, registration(scope.epci, siren=siren, state=state))

    assert await exchanged(database, scope, siren) == []


async def test_pages_follow_each_other_without_gap_or_double(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope)
        for number in range(4):
            await make_interaction(session, scope, company, summary=f"Appel {number}")
    await hear(database, *(registration(scope.epci, siren=company.siren) for _ in range(4)))

    seen: list[UUID] = []
    async with database.reading() as session:
        while found := await list_exchanges(session, scope, company.siren, after=seen[-1] if seen else None, limit=3):
            seen += [one.id for one in found]

    assert (len(seen), len(set(seen))) == (8, 8)


async def test_a_note_of_the_author_is_the_authors_alone(database: Database, scope: Scope) -> None:
    colleague = Scope(epci=scope.epci, role=Role.AGENT, actor=uuid7())
    async with database.transaction() as session:
        company = await make_company(session, scope)
        await make_interaction(session, scope, company, visibility="author", summary="Pour moi.")

    assert await exchanged(database, scope, company.siren) == [("team", "Pour moi.")]
    assert await exchanged(database, colleague, company.siren) == []


async def test_an_exchange_of_tomorrow_is_refused(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope)

        with pytest.raises(Invalid):
            await make_interaction(session, scope, company, occurred_at="2199-01-01T00:00:00Z")


STATES = st.sampled_from(["registered", "attended", "no_show", "cancelled_by_person"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=st.lists(st.lists(STATES, min_size=1, max_size=4), min_size=1, max_size=3), draw=st.randoms())
def test_replayed_in_any_order_and_any_batches_the_newest_states_decide(
    store: Store, epci: str, lives: list[list[str]], draw: random.Random
) -> None:
    siren, scope = company_siren(), Scope(epci=epci, role=Role.AGENT, actor=uuid7())
    records = [
        registration(epci, id=key, version=version, state=state, siren=siren, event_title=f"Atelier {number}")
        for number, (key, life) in enumerate((uuid7(), life) for life in lives)
        for version, state in enumerate(life, start=1)
    ]
    told = records + draw.sample(records, draw.randint(0, len(records)))
    draw.shuffle(told)
    cut = draw.randint(0, len(told))
    expected = {("registration", f"Atelier {n}") for n, life in enumerate(lives) if life[-1] == "attended"}

    async def replay(folder: Path) -> list[tuple[str, str]]:
        url, origin = (
            await store.url("services.contacts", folder=folder, name="contacts"),
            Origin(epci, "contacts", uuid7(), "http://127.0.0.1:1"),
        )
        async with opened(url, origin) as database:
            for batch in (told[:cut], told[cut:]):
                async with database.transaction() as session:
                    await keep_registrations(session, batch)
            return await exchanged(database, scope, siren)

    with tempfile.TemporaryDirectory() as folder:
        shown = asyncio.run(replay(Path(folder)))

    assert len(shown) == len(expected)
    assert set(shown) == expected
