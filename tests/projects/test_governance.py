"""Those who steer: programmes the territory reads, binômes, committees and what they decide, measures."""

import asyncio
from typing import Any

import pytest

from services.projects.commands import keeping
from services.projects.queries.governance import list_programmes
from shared.clock import today
from shared.identity.access import Role
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.projects.test_doors import done, logged
from tests.support.projects import Epci, content, facts, outbox, people
from tests.support.routes import Client

PROGRAMME = {"kind": "contract", "title": "Contrat fictif de transition", "starts_on": "2021-07-01"}
MEASURE = {"label": "Volontariat territorial", "need_themes": ["recruitment_skills"], "operator": "Opérateur fictif"}


async def told(home: Epci, aggregate: str) -> list[dict[str, Any]]:
    """Return what was written for the territory of one kind of thing; an empty dictionary for its end."""
    async with home.database.reading() as session:
        rows = [one for one in await outbox(session) if f".{aggregate}." in one.topic]
    return [content(one) if one.payload is not None else {} for one in rows]


async def binome(client: Client, **given: object) -> dict[str, Any]:
    body = {"label": "Binôme fictif", "elected": str(uuid7()), "industrialist": str(uuid7())} | given
    return await done(client, "/binomes", body)


async def meeting(client: Client, **given: object) -> dict[str, Any]:
    return await done(client, "/meetings", {"body": "territory_committee", "held_on": today().isoformat()} | given)


async def test_a_programme_is_read_by_the_whole_territory_until_it_is_withdrawn(
    client: Client, home: Epci, partner: Epci, territory: Territory
) -> None:
    made = await done(client, "/programmes", PROGRAMME)
    path = f"/programmes/{made['id']}"
    changed = await client.ask("PATCH", path, body={"ends_on": "2027-06-30"}, seen=1)
    first = await home.sent(territory.sirens)
    gone = await client.ask("DELETE", path, seen=2)
    last = await home.sent(territory.sirens)

    assert (made["own"], changed.json()["ends_on"], gone.status_code) == (True, "2027-06-30", 204)
    assert (await client.ask("GET", path)).status_code == 404
    assert [one.get("changed") for one in await told(home, "programme")] == [[], ["ends_on"], [], None]
    assert await seen_at(partner, first, titled="Contrat fictif de transition")
    assert not await seen_at(partner, last, titled="Contrat fictif de transition")


async def seen_at(partner: Epci, records: list[Any], *, titled: str) -> bool:
    """Tell whether a neighbour that heard these records lists a programme."""
    async with partner.database.transaction() as session:
        await keeping.keep_programmes(session, [one for one in records if one.aggregate == "programme"])
    async with partner.database.reading() as session:
        listed = await list_programmes(session, people(partner.siren), after=None, limit=10)
    return [(one.title, one.own) for one in listed] == [(titled, False)]


async def test_programmes_are_paged(client: Client) -> None:
    for number in range(3):
        await done(client, "/programmes", PROGRAMME | {"title": f"Plan {number}"})

    first = (await client.ask("GET", "/programmes?limit=2")).json()
    second = (await client.ask("GET", f"/programmes?limit=2&after={first['next_after']}")).json()

    assert [one["title"] for one in first["items"] + second["items"]] == ["Plan 2", "Plan 1", "Plan 0"]


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/programmes", PROGRAMME | {"ends_on": "2020-01-01"}, 422, "La fin précède le début."),
        ("/programmes", PROGRAMME | {"url": "javascript:alert(1)"}, 422, "https://"),
        ("/binomes", {"label": "Seul", "elected": str(uuid7())}, 422, "industrialist"),
        ("/meetings", {"body": "local_committee"}, 422, "held_on"),
    ],
)
async def test_what_cannot_be_is_refused_in_french(
    client: Client, path: str, body: dict[str, Any], status: int, says: str
) -> None:
    answer = await client.ask("POST", path, body=body)

    assert (answer.status_code, says in answer.text) == (status, True)


async def test_an_end_before_the_beginning_is_refused_of_a_change_too(client: Client) -> None:
    made = await done(client, "/programmes", PROGRAMME)

    answer = await client.ask("PATCH", f"/programmes/{made['id']}", body={"ends_on": "2020-01-01"}, seen=1)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "ends_on")


async def test_outside_a_binome_is_roles_and_ids_and_a_change_of_persons_is_told(client: Client, home: Epci) -> None:
    pair = await binome(client, mandate="Vice-président", company_siren="999100100")
    project = await logged(client, binome_id=pair["id"])
    technician = str(uuid7())

    changed = await client.ask("PATCH", f"/binomes/{pair['id']}", body={"technician": technician}, seen=1)

    assert changed.status_code == 200
    before, after = await told(home, "project")
    assert before["binome"] == [
        {"role": "elected", "id": pair["elected"]},
        {"role": "industrialist", "id": pair["industrialist"]},
    ]
    assert after["binome"][-1] == {"role": "technician", "id": technician}
    assert (after["changed"], after["version"]) == (["binome"], 2)
    assert not {"Vice-président", "999100100"} & set(str(after).split("'"))
    again = await client.ask("GET", f"/projects/{project['id']}")
    assert (again.json()["binome_id"], again.json()["version"]) == (pair["id"], 2)


async def test_a_binome_given_later_is_told_and_an_unknown_one_refused(client: Client, home: Epci) -> None:
    pair, project = await binome(client), await logged(client)
    path = f"/projects/{project['id']}"

    unknown = await client.ask("PATCH", path, body={"binome_id": str(uuid7())}, seen=1)
    given = await client.ask("PATCH", path, body={"binome_id": pair["id"]}, seen=1)
    taken = await client.ask("PATCH", path, body={"binome_id": None}, seen=2)

    assert (unknown.status_code, given.status_code, taken.status_code) == (404, 200, 200)
    assert [len(one["binome"]) for one in await told(home, "project")] == [0, 2, 0]


async def test_a_committee_decides_in_the_project_itself(client: Client) -> None:
    project, other = await logged(client), await logged(client)
    sitting = await meeting(client, agenda=[{"home_epci": project["home_epci"], "id": project["id"]}])
    path = f"/meetings/{sitting['id']}"
    favourable = {"project_id": project["id"], "outcome": "favourable", "reference": "CT-12"}

    await done(client, f"{path}/decisions", favourable)
    twice = await client.ask("POST", f"{path}/decisions", body=favourable)
    shown = await done(client, f"{path}/decisions", {"project_id": other["id"], "outcome": "adjourned"})
    fiche = (await client.ask("GET", f"/projects/{project['id']}")).json()

    assert [(one["project_id"], one["decision"]["outcome"]) for one in shown["decisions"]] == [
        (project["id"], "favourable"),
        (other["id"], "adjourned"),
    ]
    assert [one["id"] for one in shown["projects"]] == [project["id"], other["id"]]
    assert (twice.status_code, "déjà prononcé" in twice.text) == (409, True)
    decision = fiche["decisions"][0]
    assert (decision["meeting_id"], decision["body"], decision["decided_on"], decision["reference"]) == (
        sitting["id"], "territory_committee", today().isoformat(), "CT-12",
    )  # fmt: skip
    assert len(fiche["decisions"]) == 1


async def test_a_sitting_to_come_has_decided_nothing(client: Client) -> None:
    project, sitting = await logged(client), await meeting(client, held_on="2199-01-01")

    answer = await client.ask(
        "POST", f"/meetings/{sitting['id']}/decisions", body={"project_id": project["id"], "outcome": "favourable"}
    )

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "held_on")


async def test_an_agenda_holds_projects_of_neighbours_and_forgets_those_nobody_knows(
    client: Client, home: Epci, partner: Epci, territory: Territory
) -> None:
    neighbour, unknown = {"home_epci": partner.siren, "id": str(uuid7())}, {"home_epci": home.siren, "id": str(uuid7())}
    sitting = await meeting(client, agenda=[neighbour, unknown], minutes="Rien à signaler.")

    twice = await client.ask("PATCH", f"/meetings/{sitting['id']}", body={"agenda": [unknown, unknown]}, seen=1)

    assert (sitting["agenda"], sitting["projects"]) == ([neighbour, unknown], [])
    assert (twice.status_code, "une seule fois" in twice.text) == (422, True)


async def test_measures_are_dated_and_found_by_need(client: Client) -> None:
    open_, over = "/measures/vte", "/measures/cheque"
    first = await client.ask("PUT", open_, body=MEASURE)
    await client.ask("PUT", over, body={"label": "Chèque fictif", "ends_on": "2021-12-31"})

    blind = await client.ask("PUT", open_, body=MEASURE | {"operator": "Autre"})
    unborn = await client.ask("PUT", "/measures/unknown", body=MEASURE, seen=3)
    seen = await client.ask("PUT", open_, body=MEASURE | {"operator": "Autre"}, seen=1)
    listed = (await client.ask("GET", "/measures")).json()["items"]
    by_need = (await client.ask("GET", "/measures?theme=recruitment_skills")).json()["items"]

    assert (first.status_code, blind.status_code, seen.status_code, unborn.status_code) == (201, 412, 200, 412)
    assert [(one["code"], one["open"]) for one in listed] == [("cheque", False), ("vte", True)]
    assert [(one["code"], one["operator"]) for one in by_need] == [("vte", "Autre")]


async def test_of_two_who_write_a_measure_first_one_is_told_of_the_other(client: Client) -> None:
    both = [client.ask("PUT", "/measures/vte", body=MEASURE | {"operator": name}) for name in ("A", "B")]

    assert sorted(one.status_code for one in await asyncio.gather(*both)) == [201, 412]


@pytest.mark.parametrize("path", ["/programmes", "/binomes", "/meetings"])
async def test_an_agent_reads_and_a_coordinator_writes(client: Client, path: str) -> None:
    read = await client.ask("GET", path, role=Role.AGENT)
    write = await client.ask("POST", path, role=Role.AGENT, body=PROGRAMME)
    outside = await client.ask("GET", path, role=Role.INTEGRATOR)

    assert (read.status_code, write.status_code) == (200, 403)
    assert outside.status_code == (200 if path == "/programmes" else 403)


async def test_the_facts_of_a_programme_are_those_of_its_contract(client: Client, home: Epci) -> None:
    made = await done(client, "/programmes", PROGRAMME)
    await client.ask("DELETE", f"/programmes/{made['id']}", seen=1)

    async with home.database.reading() as session:
        assert facts(await outbox(session)) == ["created", "withdrawn", "withdrawn"]
