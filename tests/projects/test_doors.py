"""Routes of projects: who may pass, versions, first answers, French refusals, the whole way of a project."""

from typing import Any

import pytest

from shared.clock import today
from shared.identity.access import Role
from shared.ids import uuid7
from tests.support.projects import Epci, fiche_body
from tests.support.routes import Client


async def logged(client: Client, *, role: Role = Role.AGENT, **given: object) -> dict[str, Any]:
    answer = await client.ask("POST", "/projects", role=role, body=fiche_body(**given))
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def done(client: Client, path: str, body: dict[str, Any], **how: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on
    answer = await client.ask("POST", path, body=body, **how)
    assert answer.status_code in {200, 201}, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def funded(client: Client, project: dict[str, Any], *steps: dict[str, Any], **line: object) -> dict[str, Any]:
    base = f"/projects/{project['id']}/funding"
    shown = await done(client, base, {"funder": "region", "amount_planned": "1000.00"} | line)
    place = shown["funding"][-1]["id"]
    for step in steps:
        shown = await done(client, f"{base}/{place}/steps", step, seen=shown["version"])
    return shown


async def test_a_project_walks_from_idea_to_evaluated(client: Client) -> None:
    project = await logged(client)
    base = f"/projects/{project['id']}"
    day = today().isoformat()

    await done(client, f"{base}/moves", {"move": "qualify"}, seen=1, role=Role.AGENT)
    await done(client, f"{base}/moves", {"to": "structuring"}, seen=2, role=Role.AGENT)
    project = await funded(client, project, {"step": "request", "on": day})
    project = await done(client, f"{base}/moves", {"move": "file"}, seen=project["version"])
    line = project["funding"][0]["id"]
    for step in ({"step": "review"}, {"step": "grant", "reference": "CP-12"}, {"step": "pay", "amount": "400.00"}):
        project = await done(client, f"{base}/funding/{line}/steps", step, seen=project["version"])
    decision = {"outcome": "favourable", "body": "territory_committee", "decided_on": day, "reference": "CT-1"}
    project = await done(client, f"{base}/decisions", decision)
    project = await done(client, f"{base}/moves", {"move": "commit"}, seen=project["version"])
    project = await done(client, f"{base}/moves", {"move": "start", "actual_start": day}, seen=project["version"])
    project = await done(client, f"{base}/milestones", {"label": "Toiture", "due": day, "status": "done"})
    project = await done(client, f"{base}/moves", {"move": "complete", "actual_end": day}, seen=project["version"])
    project = await done(client, f"{base}/indicators", {"code": "jobs_created", "target": {"value": "4"}})
    stuck = await client.ask("POST", f"{base}/moves", body={"move": "evaluate"}, seen=project["version"])
    indicator = project["indicators"][0]["id"]
    path, seen = f"{base}/indicators/{indicator}", project["version"]
    changed = await client.ask("PATCH", path, body={"actual": {"value": "3.5"}}, seen=seen)
    project = await done(client, f"{base}/moves", {"move": "evaluate"}, seen=changed.json()["version"])

    assert stuck.status_code == 409
    assert [one["code"] for one in stuck.json()["unmet"]] == ["actual_missing"]
    assert project["stage"] == "evaluated"
    assert [one["to_stage"] for one in project["history"]] == [
        "idea", "qualification", "structuring", "appraisal", "committed", "delivery", "completed", "evaluated",
    ]  # fmt: skip
    figures = project["figures"]
    assert (figures["granted"], figures["paid"], figures["gap"]) == ("1000.00", "400.00", "0.00")
    assert (figures["payment_rate"], figures["leverage"]) == ("0.4000", "0.0000")


async def test_a_refused_move_names_every_guard_in_french_and_changes_nothing(client: Client) -> None:
    project = await logged(client, axis=None, commune_insee=[], sponsor={"type": "other"})

    refused = await client.ask("POST", f"/projects/{project['id']}/moves", body={"move": "qualify"}, seen=1)
    read = await client.ask("GET", f"/projects/{project['id']}")

    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert {one["field"] for one in refused.json()["unmet"]} == {"axis", "commune_insee", "sponsor"}
    assert refused.json()["unmet"][0]["message"] == "Choisissez l’axe du projet."
    assert (read.json()["stage"], read.headers["etag"]) == ("idea", '"1"')


async def test_transitions_say_what_is_possible_and_what_is_missing(client: Client) -> None:
    project = await logged(client, need_statement="")
    await done(client, f"/projects/{project['id']}/moves", {"move": "qualify"}, seen=1)

    answer = await client.ask("GET", f"/projects/{project['id']}/transitions", role=Role.AGENT)

    moves = {one["move"]: one for one in answer.json()["transitions"]}
    assert set(moves) == {"structure", "reject", "abandon", "correct"}
    assert (moves["structure"]["possible"], moves["structure"]["unmet"][0]["field"]) == (False, "need_statement")
    assert (moves["abandon"]["possible"], moves["abandon"]["label"]) == (True, "Abandonner")
    assert (moves["reject"]["possible"], moves["reject"]["coordinator_only"]) == (False, True)


@pytest.mark.parametrize(("seen", "status"), [(None, 428), (7, 412), (1, 200)])
async def test_a_fiche_changes_upon_the_version_seen(client: Client, seen: int | None, status: int) -> None:
    project = await logged(client)

    answer = await client.ask("PATCH", f"/projects/{project['id']}", body={"title": "Autre titre"}, seen=seen)

    assert answer.status_code == status


async def test_a_change_of_nothing_raises_no_version(client: Client) -> None:
    project = await logged(client)

    answer = await client.ask("PATCH", f"/projects/{project['id']}", body={"title": project["title"]}, seen=1)

    assert (answer.status_code, answer.json()["version"]) == (200, 1)


async def test_the_same_request_with_one_key_logs_one_project(client: Client) -> None:
    body = fiche_body()

    first = await client.ask("POST", "/projects", body=body, key="une-fois")
    again = await client.ask("POST", "/projects", body=body, key="une-fois")
    listed = await client.ask("GET", "/projects")

    assert first.json() == again.json()
    assert (again.headers["etag"], again.headers["location"]) == ('"1"', f"/api/v1/projects/{first.json()['id']}")
    assert len(listed.json()["items"]) == 1


async def test_a_move_whose_answer_was_lost_is_answered_again_not_made_again(client: Client) -> None:
    project = await logged(client)
    path, body = f"/projects/{project['id']}/moves", {"move": "qualify"}

    first = await client.ask("POST", path, body=body, seen=1, key="perdu")
    again = await client.ask("POST", path, body=body, seen=1, key="perdu")
    without = await client.ask("POST", path, body=body, seen=1)

    assert (first.status_code, again.status_code, without.status_code) == (200, 200, 412)
    assert (again.json(), again.headers["etag"]) == (first.json(), '"2"')


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        (Role.VISITOR, "GET", "/projects", 401),
        (Role.INTEGRATOR, "GET", "/projects", 200),
        (Role.INTEGRATOR, "POST", "/projects", 403),
        (Role.AGENT, "POST", "/projects", 201),
        (Role.AGENT, "POST", "/projects/import", 403),
        (Role.AGENT, "POST", "/participations", 403),
    ],
)
async def test_each_role_has_its_rights(client: Client, role: Role, method: str, path: str, status: int) -> None:
    answer = await client.ask(method, path, role=role, body=fiche_body() if method == "POST" else None)

    assert answer.status_code == status


async def test_a_coordinators_move_is_not_an_agents(client: Client) -> None:
    project = await logged(client)

    answer = await client.ask(
        "POST", f"/projects/{project['id']}/moves", role=Role.AGENT, body={"move": "commit"}, seen=1
    )

    assert answer.status_code == 403


async def test_a_private_project_does_not_exist_for_a_program(client: Client) -> None:
    project = await logged(client, visibility="private")

    read = await client.ask("GET", f"/projects/{project['id']}", role=Role.INTEGRATOR)
    unknown = await client.ask("GET", f"/projects/{uuid7()}", role=Role.INTEGRATOR)
    listed = await client.ask("GET", "/projects", role=Role.INTEGRATOR)
    own = await client.ask("GET", "/projects", role=Role.AGENT)

    assert (read.status_code, unknown.status_code) == (404, 404)
    assert {**read.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert listed.json()["items"] == []
    assert [one["id"] for one in own.json()["items"]] == [project["id"]]


async def test_a_program_reads_what_is_published_and_no_more(client: Client) -> None:
    project = await logged(client, tags=["secret"])

    read = await client.ask("GET", f"/projects/{project['id']}", role=Role.INTEGRATOR)

    assert read.json()["title"] == project["title"]
    assert not {"need_statement", "tags", "yearly", "health_reason", "origin"} & set(read.json())


async def test_lists_are_filtered_and_paged(client: Client, home: Epci) -> None:
    for number in range(5):
        await logged(client, kind="study" if number % 2 else "public_facility")

    studies = await client.ask("GET", "/projects?kind=study")
    others = await client.ask("GET", f"/projects?epci={home.siren}&stage=committed")
    first = (await client.ask("GET", "/projects?limit=3")).json()
    second = (await client.ask("GET", f"/projects?limit=3&after={first['next_after']}")).json()

    assert len(studies.json()["items"]) == 2
    assert others.json()["items"] == []
    assert [len(first["items"]), len(second["items"]), second["next_after"]] == [3, 2, None]
    assert len({one["id"] for one in first["items"] + second["items"]}) == 5


async def test_a_fiche_shown_less_far_is_being_withdrawn(client: Client) -> None:
    project = await logged(client)
    path = f"/projects/{project['id']}/visibility"

    wider = await client.ask("POST", path, body={"visibility": "public"}, seen=1)
    narrower = await client.ask("POST", path, body={"visibility": "territory"}, seen=2)

    shown = [(one.status_code, one.json()["visibility"], one.json()["withdrawing"]) for one in (wider, narrower)]
    assert shown == [(200, "public", False), (200, "territory", True)]
    assert narrower.json()["version"] == 4, "the end in the wider topic has a version of its own"


async def test_a_withdrawn_project_is_gone(client: Client) -> None:
    project = await logged(client)

    gone = await client.ask("DELETE", f"/projects/{project['id']}", seen=1)
    read = await client.ask("GET", f"/projects/{project['id']}")
    listed = await client.ask("GET", "/projects")

    assert (gone.status_code, read.status_code, listed.json()["items"]) == (204, 404, [])


async def test_an_import_lands_on_any_stage_once(client: Client) -> None:
    body = fiche_body(
        external_ids=[{"service": "demo", "id": "socrate-zibac"}],
        source={"label": "haropaport.com", "dated": "2023-04-28", "quality": "announced"},
        stage="committed",
        health="unknown",
        visibility="public",
        funding=[{"funder": "region", "amount_planned": "100", "amount_granted": "100", "status": "granted"}],
    )

    first = await client.ask("POST", "/projects/import", body=body)
    again = await client.ask("POST", "/projects/import", body=body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json()["id"], again.json()["version"]) == (first.json()["id"], 1)
    assert first.json()["history"][0]["move"] == "import"
    assert (first.json()["stage"], first.json()["figures"]["secured"]) == ("committed", "100.00")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": "ab"}, "title"),
        ({"surprise": 1}, "surprise"),
        ({"total_cost_ht": "12.345"}, "total_cost_ht"),
        ({"commune_insee": ["rouen"]}, "commune_insee.0"),
        ({"planned_start": "2026-02-01", "planned_end": "2026-01-01"}, ""),
        ({"health": "late"}, ""),
        ({"health": "blocked"}, ""),
        ({"title": "Titre\u202einversé"}, "title"),
    ],
)
async def test_malformed_input_names_its_field_in_french(client: Client, given: dict[str, Any], field: str) -> None:
    answer = await client.ask("POST", "/projects", body=fiche_body(**given))

    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]
