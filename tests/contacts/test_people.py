"""People, their roles, their cards and what they oppose."""

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from services.contacts.commands.people import create_person, state_opposition, update_person
from services.contacts.errors import LiftRefused, NothingOpposed, PersonProposed
from services.contacts.queries.people import get_sheet, list_people
from services.contacts.schemas.people import NewOpposition, NewPerson, PersonChange
from shared.db.engine import Database
from shared.errors import Invalid, StaleVersion
from shared.identity.access import Scope
from shared.ids import uuid7
from tests.support.contacts import (
    LILLEBONNE,
    cards,
    company_siren,
    facts,
    make_company,
    make_interaction,
    make_person,
    person_body,
    rows_of,
    siret_of,
)


def opposition(**given: object) -> NewOpposition:
    told = {"channel": "email", "stated_on": "2026-02-01", "received_by": "phone"}
    return NewOpposition.model_validate(told | given)


def test_a_person_without_address_or_telephone_is_refused() -> None:
    with pytest.raises(ValidationError, match="Indiquez une adresse électronique ou un téléphone"):
        NewPerson.model_validate(person_body(email=None, phone=None))


@pytest.mark.parametrize("missing", ["source", "purpose", "basis", "collected_on", "family_name"])
def test_nobody_is_entered_without_origin_purpose_and_ground(missing: str) -> None:
    body = {name: value for name, value in person_body().items() if name != missing}

    with pytest.raises(ValidationError, match=missing):
        NewPerson.model_validate(body)


async def test_a_card_tells_the_company_and_commune_of_the_present_role(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope, commune=LILLEBONNE)
        former = await make_company(session, scope, name="Ancienne Entreprise Fictive")
        roles = [
            {"siren": former.siren, "title": "Cheffe d’atelier", "until": "2025-06-30"},
            {"siren": company.siren, "title": "Directrice", "since": "2025-07-01"},
        ]

        person = await create_person(session, scope, NewPerson.model_validate(person_body(roles=roles)))

    async with database.reading() as session:
        (card,) = await cards(session)
    assert card == {
        "id": str(person.id),
        "home_epci": scope.epci,
        "version": 1,
        "updated_at": person.updated_at.isoformat().replace("+00:00", "Z"),
        "changed": [],
        "given_name": "Maud",
        "family_name": "Exemple",
        "email": "maud.exemple@example.org",
        "organisation": "Ateliers Fictifs de Lillebonne",
        "siren": company.siren,
        "naf": "25.62B",
        "commune_insee": LILLEBONNE,
        "opposed": [],
        "merged_ids": [],
    }


async def test_a_card_goes_on_the_private_topic_only(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        await make_person(session, scope)

        topics = await rows_of(session, "SELECT topic FROM outbox_message")

    assert [topic for (topic,) in topics] == [f"ti.private.{scope.epci}.person-card.v1"]


async def test_the_establishment_of_the_role_gives_the_commune(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope, commune=LILLEBONNE)
        role = {"siren": company.siren, "siret": siret_of(company.siren), "title": "Directrice"}

        await make_person(session, scope, roles=[role])

        (card,) = await cards(session)
    assert card is not None
    assert card["commune_insee"] == LILLEBONNE


async def test_a_role_names_a_company_of_the_directory(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        body = person_body(roles=[{"siren": company_siren(), "title": "Directrice"}])

        with pytest.raises(Invalid) as refused:
            await create_person(session, scope, NewPerson.model_validate(body))

    assert refused.value.facts["errors"] == [
        {"field": "roles.0.siren", "message": "Cette entreprise n’est pas encore dans l’annuaire."}
    ]


async def test_a_known_address_proposes_the_person_known(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        known = await make_person(session, scope)

        with pytest.raises(PersonProposed) as refused:
            await make_person(session, scope, given_name="M.", email="MAUD.Exemple@example.org")

    assert refused.value.facts == {"person_id": str(known.id)}


async def test_a_change_tells_the_new_card(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        person = await make_person(session, scope)
        change = PersonChange.model_validate({"email": None, "given_name": "Maude"})

        await update_person(session, scope, person.id, change=change, version=1)

        told = (await cards(session))[-1]
    assert told is not None
    assert (told["version"], told["email"], told["given_name"]) == (2, None, "Maude")
    assert told["changed"] == ["email", "given_name"]


async def test_a_change_leaves_nobody_unreachable(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        person = await make_person(session, scope, phone=None)

        with pytest.raises(Invalid):
            await update_person(
                session, scope, person.id, change=PersonChange.model_validate({"email": None}), version=1
            )


async def test_a_change_upon_an_older_version_is_refused(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        person = await make_person(session, scope)

        with pytest.raises(StaleVersion):
            await update_person(
                session, scope, person.id, change=PersonChange.model_validate({"given_name": "X"}), version=9
            )


async def test_an_opposition_is_told_and_kept_for_ever(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        person = await make_person(session, scope)

        await state_opposition(session, scope, person.id, opposition())
        await state_opposition(session, scope, person.id, opposition(statement="lifted"))

    async with database.reading() as session:
        sheet = await get_sheet(session, scope, person.id)
        told = await cards(session)
        said = await facts(session)
    assert [card and card["opposed"] for card in told] == [[], ["email"], []]
    assert said == ["upserted", "opposed", "opposed"]
    assert [(one.statement.value, one.channel.value) for one in sheet.oppositions] == [
        ("opposed", "email"),
        ("lifted", "email"),
    ]


async def test_the_team_lifts_no_opposition(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        person = await make_person(session, scope)
        await state_opposition(session, scope, person.id, opposition(stated_by="team"))

        with pytest.raises(LiftRefused, match="Seule la personne peut lever son opposition"):
            await state_opposition(session, scope, person.id, opposition(statement="lifted", stated_by="team"))

    async with database.reading() as session:
        assert len((await get_sheet(session, scope, person.id)).oppositions) == 1


async def test_nothing_is_lifted_that_was_not_opposed(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        person = await make_person(session, scope)
        await state_opposition(session, scope, person.id, opposition(channel="all"))

        with pytest.raises(NothingOpposed):
            await state_opposition(session, scope, person.id, opposition(statement="lifted"))


@pytest.mark.parametrize("act", ["UPDATE opposition_record SET channel = 'post'", "DELETE FROM opposition_record"])
async def test_the_database_refuses_to_change_an_opposition(database: Database, scope: Scope, act: str) -> None:
    async with database.transaction() as session:
        person = await make_person(session, scope)
        await state_opposition(session, scope, person.id, opposition())

    with pytest.raises(IntegrityError, match="append-only"):
        async with database.transaction() as session:
            await rows_of(session, act)


async def test_only_a_contact_made_by_the_person_renews_how_long_she_is_kept(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope)
        person = await make_person(session, scope, at=company)
        who = {"person_id": str(person.id)}

        await make_interaction(session, scope, company, **who, occurred_at="2026-03-05T09:00:00Z")
        await make_interaction(
            session, scope, company, **who, initiated_by="person", occurred_at="2026-03-02T09:00:00Z"
        )
        await make_interaction(
            session, scope, company, **who, initiated_by="person", occurred_at="2026-02-02T09:00:00Z"
        )

    assert person.last_inbound_at is not None
    assert person.last_inbound_at.isoformat() == "2026-03-02T09:00:00+00:00"
    assert person.version == 2


async def test_people_are_listed_by_company(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company, other = await make_company(session, scope), await make_company(session, scope)
        here = await make_person(session, scope, at=company)
        await make_person(session, scope, at=other, email="ailleurs@example.org")

    async with database.reading() as session:
        everybody = await list_people(session, scope, limit=10)
        found = await list_people(session, scope, siren=company.siren, limit=10)
    assert len(everybody) == 2
    assert [person.id for person in found] == [here.id]
    assert found[0].roles[0].company == "Ateliers Fictifs de Lillebonne"


async def test_another_epci_sees_nobody(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        await make_person(session, scope)
    stranger = Scope(epci=company_siren(), role=scope.role, actor=uuid7())

    async with database.reading() as session:
        assert await list_people(session, stranger, limit=10) == []
