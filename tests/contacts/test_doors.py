"""Routes of contacts: who may pass, versions, first answers, French refusals."""

from typing import Any

import pytest
from sqlalchemy import event

from services.contacts.manifest import SERVICE
from shared.db.engine import Database
from shared.identity.access import Role
from shared.ids import uuid7
from tests.support.contacts import (
    LILLEBONNE,
    company_body,
    every_cell,
    person_body,
    registration,
    siret_of,
)
from tests.support.routes import Client

SAID = {"source": "Répertoire Sirene", "known_on": "2026-02-01"}


async def entered(client: Client, **given: object) -> str:
    """Enter a company and return its SIREN."""
    answer = await client.ask("POST", "/companies", body=company_body(**given))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["siren"])


async def known(client: Client, siren: str) -> str:
    """Enter a person and return her identifier."""
    body = person_body(roles=[{"siren": siren, "title": "Directrice"}])
    answer = await client.ask("POST", "/people", body=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_company_and_its_people_are_entered_read_and_changed(client: Client) -> None:
    siren = await entered(client)
    place = SAID | {"siret": siret_of(siren), "commune_insee": LILLEBONNE, "is_head_office": True}
    added = await client.ask("POST", f"/companies/{siren}/establishments", body=place)
    person = await known(client, siren)

    sheet = await client.ask("GET", f"/companies/{siren}")
    changed = await client.ask(
        "PATCH", f"/companies/{siren}", body=SAID | {"state": "closed"}, seen=sheet.headers["etag"]
    )
    read = await client.ask("GET", f"/people/{person}")

    assert added.json()["commune"] == "Lillebonne"
    assert (changed.status_code, changed.json()["state"]) == (200, "closed")
    assert changed.headers["etag"] != sheet.headers["etag"]
    assert (read.json()["phone"], read.json()["roles"][0]["siren"]) == ("+33261910011", siren)
    assert read.headers["etag"] == '"1"'


@pytest.mark.parametrize(("if_match", "status"), [("", 428), ('"7"', 412), ('"1"', 200)])
async def test_a_person_changes_upon_the_version_seen(client: Client, if_match: str, status: int) -> None:
    person = await known(client, await entered(client))

    answer = await client.ask("PATCH", f"/people/{person}", body={"given_name": "Maude"}, seen=if_match)

    assert answer.status_code == status


async def test_the_same_key_enters_a_person_once_and_keeps_no_name(client: Client, database: Database) -> None:
    body = person_body(family_name="Zzyzx", given_name="", email="zz@example.org", source="Salon")

    first = await client.ask("POST", "/people", body=body, key="a-1")
    again = await client.ask("POST", "/people", body=body, key="a-1")
    listed = await client.ask("GET", "/people")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(listed.json()["items"]) == 1
    erased = await client.ask("DELETE", f"/people/{first.json()['id']}", role=Role.ADMIN)
    assert erased.status_code == 204
    assert [cell for cell in await every_cell(database) if "zz" in cell.casefold()] == []


async def test_an_opposition_is_noted_and_not_lifted_by_the_team(client: Client) -> None:
    person = await known(client, await entered(client))
    told = {"channel": "email", "stated_on": "2026-02-01", "received_by": "phone"}

    noted = await client.ask("POST", f"/people/{person}/oppositions", body=told)
    refused = await client.ask(
        "POST", f"/people/{person}/oppositions", body=told | {"statement": "lifted", "stated_by": "team"}
    )

    assert (noted.status_code, noted.json()["opposed"]) == (201, ["email"])
    assert refused.status_code == 403
    assert refused.json()["detail"] == "Seule la personne peut lever son opposition."


async def test_exchanges_are_noted_and_listed_by_page(client: Client) -> None:
    siren = await entered(client)
    for day in ("02", "03", "04"):
        body = {"kind": "visit", "occurred_at": f"2026-03-{day}T09:00:00+01:00", "initiated_by": "team"}
        await client.ask("POST", f"/companies/{siren}/interactions", body=body | {"themes": ["digital"]})

    first = (await client.ask("GET", f"/companies/{siren}/interactions?limit=2")).json()
    rest = (await client.ask("GET", f"/companies/{siren}/interactions?after={first['next_after']}")).json()

    shown = [one["occurred_at"] for one in [*first["items"], *rest["items"]]]
    assert shown == ["2026-03-04T08:00:00Z", "2026-03-03T08:00:00Z", "2026-03-02T08:00:00Z"]
    assert rest["next_after"] is None


async def test_unclaimed_attendances_have_their_list(client: Client, database: Database, epci: str) -> None:
    async with database.transaction() as session:
        for keep in SERVICE.consumers.kept["registration"]:
            await keep(session, [registration(epci)])

    answer = await client.ask("GET", "/attendances/unlinked")

    (shown,) = answer.json()["items"]
    assert (shown["organisation"], shown["participant"]) == ("Ateliers Fictifs de Lillebonne", "Maud Exemple")


@pytest.mark.parametrize(
    ("path", "body", "field", "message"),
    [
        (
            "/companies",
            company_body(siren="123456789"),
            "siren",
            "Un SIREN compte 9 chiffres, dont le dernier contrôle les autres ; vérifiez la saisie.",
        ),
        ("/companies", company_body(secret="x"), "secret", "Ce champ n’existe pas."),
        ("/companies", company_body(name=" "), "name", "Ce champ ne peut pas rester vide."),
        ("/people", person_body(phone="12"), "phone", "Ce numéro de téléphone n’est pas reconnu"),
        ("/people", person_body(email=None, phone=None), "", "Indiquez une adresse électronique ou un téléphone."),
        ("/people", person_body(collected_on="2999-01-01"), "collected_on", "Cette date est dans l’avenir."),
    ],
)
async def test_what_is_malformed_is_told_in_french_beside_its_field(
    client: Client, path: str, body: dict[str, Any], field: str, message: str
) -> None:
    answer = await client.ask("POST", path, body=body)

    (error,) = answer.json()["errors"]
    assert answer.status_code == 422
    assert error["field"] == field
    assert error["message"].startswith(message)


ROUTES = [
    ("POST", "/companies"),
    ("GET", "/companies"),
    ("GET", "/companies/999102007"),
    ("PATCH", "/companies/999102007"),
    ("POST", "/companies/999102007/establishments"),
    ("POST", "/companies/999102007/interactions"),
    ("GET", "/companies/999102007/interactions"),
    ("GET", "/attendances/unlinked"),
    ("POST", "/people"),
    ("GET", "/people"),
    ("GET", f"/people/{uuid7()}"),
    ("PATCH", f"/people/{uuid7()}"),
    ("POST", f"/people/{uuid7()}/oppositions"),
    ("DELETE", f"/people/{uuid7()}"),
]


@pytest.mark.parametrize(("role", "status"), [(Role.VISITOR, 401), (Role.INTEGRATOR, 403)])
async def test_neither_visitors_nor_integrators_pass(client: Client, role: Role, status: int) -> None:
    answers = [await client.ask(method, path, role=role, body={}) for method, path in ROUTES]

    assert {answer.status_code for answer in answers} == {status}
    assert len(ROUTES) == sum(len(router.routes) for router in SERVICE.routers)


async def test_only_an_admin_erases(client: Client) -> None:
    person = await known(client, await entered(client))

    answers = [await client.ask("DELETE", f"/people/{person}", role=role) for role in (Role.AGENT, Role.COORDINATOR)]

    assert [answer.status_code for answer in answers] == [403, 403]


async def test_a_long_list_asks_the_database_no_more_than_a_short_one(client: Client, database: Database) -> None:
    siren = await entered(client)
    counts: list[int] = []
    for several in (3, 20):
        for number in range(several):
            body = person_body(email=f"p{several}-{number}@example.org", roles=[{"siren": siren, "title": "Ouvrière"}])
            await client.ask("POST", "/people", body=body)
        counts.append(await _statements(client, database, "/people"))

    assert counts[0] == counts[1]


async def _statements(client: Client, database: Database, path: str) -> int:
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        await client.ask("GET", path)
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    return len(seen)
