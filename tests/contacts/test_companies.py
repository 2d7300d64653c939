"""Companies and establishments as the register tells them."""

import pytest
from pydantic import ValidationError

from services.contacts.commands.companies import add_establishment, create_company, update_company
from services.contacts.errors import AlreadyKnown
from services.contacts.queries.companies import get_sheet, list_companies
from services.contacts.schemas.companies import CompanyChange, NewCompany, NewEstablishment
from shared.db.engine import Database
from shared.errors import Invalid, StaleVersion
from shared.identity.access import Scope
from tests.support.contacts import (
    BOLBEC,
    LILLEBONNE,
    cards,
    company_body,
    company_siren,
    make_company,
    make_person,
    siret_of,
)

SAID = {"source": "Répertoire Sirene", "known_on": "2026-01-15"}


def messages(refused: pytest.ExceptionInfo[ValidationError]) -> str:
    return " ".join(one["msg"] for one in refused.value.errors())


@pytest.mark.parametrize("siren", ["123456789", "99910200", "9991020070", "abcdefghi"])
def test_a_wrong_siren_is_refused_in_french(siren: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewCompany.model_validate(company_body(siren=siren))

    assert "Un SIREN compte 9 chiffres, dont le dernier contrôle les autres ; vérifiez la saisie." in messages(refused)


def test_a_siren_may_be_written_with_spaces() -> None:
    assert NewCompany.model_validate(company_body(siren="999 102 007")).siren == "999102007"


@pytest.mark.parametrize("siret", ["99910200700012", "999102007", "9991020070001X"])
def test_a_wrong_siret_is_refused_in_french(siret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewEstablishment.model_validate(SAID | {"siret": siret, "commune_insee": LILLEBONNE})

    assert "Un SIRET compte 14 chiffres ; vérifiez la saisie." in messages(refused)


def test_the_siret_of_la_poste_is_accepted() -> None:
    asked = NewEstablishment.model_validate(SAID | {"siret": "35600000000048", "commune_insee": LILLEBONNE})

    assert asked.siret == "35600000000048"


def test_a_commune_outside_the_table_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        NewEstablishment.model_validate(SAID | {"siret": siret_of("999102007"), "commune_insee": "75056"})

    assert "Cette commune n’est pas dans la table de référence du territoire." in messages(refused)


@pytest.mark.parametrize("naf", [{"naf_version": None}, {"naf": None}, {"naf": "2562B"}])
def test_an_activity_code_is_well_written_and_has_its_version(naf: dict[str, str | None]) -> None:
    with pytest.raises(ValidationError) as refused:
        NewCompany.model_validate(company_body(**naf))

    assert "Un code NAF" in messages(refused)


async def test_each_value_of_the_register_keeps_its_source_and_date(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope)
        change = {"workforce_band": "22", "source": "Appel à l’entreprise", "known_on": "2026-03-01"}

        await update_company(session, scope, company.siren, change=CompanyChange.model_validate(change), version=1)

    async with database.reading() as session:
        sheet = await get_sheet(session, scope, company.siren)
    assert sheet.provenance["workforce_band"] == {"source": "Appel à l’entreprise", "on": "2026-03-01"}
    assert sheet.provenance["naf"] == {"source": "Répertoire Sirene", "on": "2026-01-15"}
    assert set(sheet.provenance) >= {"name", "naf", "naf_version", "workforce_band", "state"}


async def test_a_siren_is_in_the_directory_once(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope)

    with pytest.raises(AlreadyKnown, match="déjà dans l’annuaire"):
        async with database.transaction() as session:
            await create_company(session, scope, NewCompany.model_validate(company_body(siren=company.siren)))


async def test_the_legal_form_says_who_is_a_natural_person(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        craftsman = await make_company(session, scope, legal_form="1000")
        firm = await make_company(session, scope, legal_form="5710", is_natural_person=True)

    assert (craftsman.is_natural_person, firm.is_natural_person) == (True, False)


async def test_a_change_upon_an_older_version_is_refused(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope)

        with pytest.raises(StaleVersion):
            await update_company(session, scope, company.siren, change=CompanyChange.model_validate(SAID), version=7)


async def test_an_establishment_belongs_to_its_company(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope)
        asked = SAID | {"siret": siret_of(company_siren()), "commune_insee": LILLEBONNE}

        with pytest.raises(Invalid) as refused:
            await add_establishment(session, scope, company.siren, asked=NewEstablishment.model_validate(asked))

    assert refused.value.facts["errors"] == [
        {"field": "siret", "message": "Ce SIRET n’est pas celui d’un établissement de cette entreprise."}
    ]


async def test_a_new_head_office_takes_over_and_the_cards_say_so(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope, commune=LILLEBONNE)
        await make_person(session, scope, at=company)
        asked = SAID | {
            "siret": siret_of(company.siren, place=2),
            "commune_insee": BOLBEC,
            "is_head_office": True,
        }

        await add_establishment(session, scope, company.siren, asked=NewEstablishment.model_validate(asked))

    async with database.reading() as session:
        sheet = await get_sheet(session, scope, company.siren)
        told = await cards(session)
    assert [(place.commune, place.is_head_office) for place in sheet.establishments] == [
        ("Bolbec", True),
        ("Lillebonne", False),
    ]
    assert sheet.establishments[0].epci == "200010700"
    assert [card and (card["version"], card["commune_insee"]) for card in told] == [(1, LILLEBONNE), (2, BOLBEC)]


async def test_a_new_name_reaches_the_cards_of_the_people_there(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        company = await make_company(session, scope)
        other = await make_company(session, scope, name="Autre Entreprise Fictive")
        await make_person(session, scope, at=company)
        await make_person(session, scope, at=other, email="ailleurs@example.org")
        change = CompanyChange.model_validate(SAID | {"name": "Mécanique Fictive de Bolbec"})

        await update_company(session, scope, company.siren, change=change, version=1)

    async with database.reading() as session:
        told = await cards(session)
    assert [card and card["organisation"] for card in told] == [
        "Ateliers Fictifs de Lillebonne",
        "Autre Entreprise Fictive",
        "Mécanique Fictive de Bolbec",
    ]


async def test_companies_are_listed_by_page_and_by_name(database: Database, scope: Scope) -> None:
    async with database.transaction() as session:
        made = [await make_company(session, scope, name=f"Entreprise Fictive {n}") for n in range(3)]
        await make_company(session, scope, name="100 % Bois Fictif")

    async with database.reading() as session:
        first = await list_companies(session, scope, named="fictive", limit=2)
        rest = await list_companies(session, scope, named="fictive", after=first[-1].id, limit=2)
        percent = await list_companies(session, scope, named="0 %", limit=2)

    assert [company.siren for company in [*first, *rest]] == [company.siren for company in made]
    assert [company.name for company in percent] == ["100 % Bois Fictif"]
