"""The end of a person: nothing of her is left, and the others are told."""

import pytest

from services.contacts.commands.erasure import erase_person
from services.contacts.commands.exchanges import keep_registrations
from services.contacts.commands.people import state_opposition, update_person
from services.contacts.errors import PersonNotFound
from services.contacts.models import Base, Person
from services.contacts.queries.exchanges import list_exchanges
from services.contacts.queries.people import get_person, list_people
from services.contacts.rules.privacy import PERSONAL
from services.contacts.schemas.people import NewOpposition, PersonChange
from shared.db.engine import Database
from shared.db.session import Session
from shared.identity.access import Scope
from shared.messaging.known import KnownColumns
from tests.support.contacts import (
    cards,
    every_cell,
    facts,
    make_company,
    make_interaction,
    make_person,
    registration,
    rows_of,
)

TRACES = ("maud", "exemple", "261910011", "example.org", "directrice", "rendez-vous")
# What names nobody: identifiers, versions, instants of our own, links between tables, values of the register.
TECHNICAL = {
    "person": {"id", "home_epci", "version", "purpose", "basis", "erased_at", "created_at", "updated_at"},
    "person_role": {"id"},
    "opposition_record": {"id", "actor", "recorded_at"},
    "interaction": {
        "id",
        "company_id",
        "kind",
        "occurred_at",
        "initiated_by",
        "visibility",
        "themes",
        "event_id",
        "author",
        "created_at",
    },
    "known_registration": {*KnownColumns.model_fields}
    | {"attended", "event_id", "event_title", "starts_at", "siren", "organisation"},
}


async def make_traces(session: Session, scope: Scope) -> Person:
    """Enter somebody who left traces everywhere: exchanges, oppositions, a registration, versions told."""
    company = await make_company(session, scope)
    person = await make_person(session, scope, at=company)
    summary = "Maud EXEMPLE rappelle au +33261910011."
    await make_interaction(session, scope, company, person_id=str(person.id), summary="La directrice hésite.")
    await make_interaction(session, scope, company, summary=summary)
    told = NewOpposition.model_validate({"channel": "email", "stated_on": "2026-02-01", "received_by": "phone"})
    await state_opposition(session, scope, person.id, told)
    change = PersonChange.model_validate({"given_name": "Maude"})
    await update_person(session, scope, person.id, change=change, version=2)
    await keep_registrations(session, [registration(scope.epci, siren=company.siren, email=person.email)])
    return person


@pytest.mark.parametrize("table", sorted(TECHNICAL))
def test_each_column_about_people_declares_purpose_ground_and_duration(table: str) -> None:
    columns = {column.name for column in Base.metadata.tables[table].columns}

    assert set(PERSONAL[table]) | TECHNICAL[table] == columns
    assert set(PERSONAL[table]) & TECHNICAL[table] == set()
    assert all(declared.kept for declared in PERSONAL[table].values())


def test_each_table_that_points_to_a_person_is_declared() -> None:
    pointing = {
        table.name
        for table in Base.metadata.tables.values()
        if any(key.column.table.name == "person" for key in table.foreign_keys)
    }

    assert pointing | {"person", "known_registration"} == set(PERSONAL)


async def test_no_trace_is_left_in_any_column_of_any_table(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        person = await make_traces(session, scope)
    before = await every_cell(database)

    async with database.transaction() as session:
        await erase_person(session, scope, person.id)

    after = [cell.casefold() for cell in await every_cell(database)]
    assert any("maud" in cell.casefold() for cell in before)
    assert [cell for cell in after if any(trace in cell for trace in TRACES)] == []


async def test_the_others_are_told_by_a_last_card_and_a_tombstone(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        person = await make_traces(session, scope)
        await erase_person(session, scope, person.id)

    async with database.reading() as session:
        told, said = await cards(session), await facts(session)
        rows = await rows_of(session, "SELECT aggregate_version FROM outbox_message ORDER BY seq")
        versions = [version for (version,) in rows]
    *past, last, tombstone = told
    assert past == [None, None, None]
    assert said[-2:] == ["erased", "erased"]
    assert last is not None
    assert (last["given_name"], last["email"], last["organisation"], last["opposed"]) == ("", None, "", [])
    assert tombstone is None
    assert versions == [1, 2, 3, 4, 5]
    assert person.version == 5


async def test_an_exchange_outlives_the_person_without_her_words(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        person = await make_traces(session, scope)
        (company,) = (await list_people(session, scope, limit=1))[0].roles
        await erase_person(session, scope, person.id)

    async with database.reading() as session:
        kept = await list_exchanges(session, scope, company.siren, limit=10)
    assert sorted((one.kind.value, one.summary, one.participant) for one in kept) == [
        ("event", "Petit-déjeuner de la cybersécurité", "[personne effacée]"),
        ("phone", "[personne effacée]", ""),
        ("phone", "[personne effacée] [personne effacée] rappelle au [personne effacée].", ""),
    ]


async def test_somebody_erased_is_nobody(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        person = await make_person(session, scope)
        await erase_person(session, scope, person.id)

        assert await list_people(session, scope, limit=10) == []
        with pytest.raises(PersonNotFound):
            await get_person(session, scope, person.id)
        with pytest.raises(PersonNotFound):
            await erase_person(session, scope, person.id)


async def test_others_of_the_company_keep_their_names(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope)
        gone = await make_person(session, scope, at=company)
        stays = await make_person(session, scope, at=company, given_name="Ilyès", email="ilyes@example.org")

        await erase_person(session, scope, gone.id)

        assert [one.given_name for one in await list_people(session, scope, limit=10)] == ["Ilyès"]
        assert (await get_person(session, scope, stays.id)).version == 1
