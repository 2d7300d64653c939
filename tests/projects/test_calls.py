"""Calls: drafted, published, closing, closed; which project they are for; answers; what the public proposes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.projects.commands import calls, keeping, submissions
from services.projects.queries.calls import find_open_call, list_calls
from shared.clock import now, shifted, today
from shared.identity.access import Role, Scope, instance_scope
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.projects.test_doors import done, funded, logged
from tests.projects.test_governance import told
from tests.support.projects import Epci, facts, outbox, people
from tests.support.routes import Client

CALL = {"kind": "aap", "title": "Appel fictif", "axes": ["industrial_land"], "cost_max": "5000.00"}
PROPOSAL = {
    "title": "Une ressourcerie fictive",
    "text": "Réparer et revendre ce que les ateliers jettent.",
    "name": "Camille Exemple",
    "email": "camille@example.org",
}


async def published(client: Client, **given: object) -> dict[str, Any]:
    made = await done(client, "/calls", CALL | given)
    return await done(client, f"/calls/{made['id']}/publication", {}, seen=1)


async def test_a_draft_is_nobodys_and_a_published_call_everybodys(
    client: Client, home: Epci, partner: Epci, territory: Territory
) -> None:
    made = await done(client, "/calls", CALL)
    hidden = await client.ask("GET", f"/calls/{made['id']}", role=Role.INTEGRATOR)
    shown = await done(client, f"/calls/{made['id']}/publication", {}, seen=1)
    read = await client.ask("GET", f"/calls/{made['id']}", role=Role.INTEGRATOR)

    assert (hidden.status_code, read.status_code, shown["status"]) == (404, 200, "published")
    await hear(partner, await home.sent(territory.sirens))
    async with partner.database.reading() as session:
        heard = await list_calls(session, people(partner.siren))
        open_ = await find_open_call(session, people(partner.siren), home.siren, heard[0].id)
    assert [(one.title, one.own, one.axes) for one in heard] == [("Appel fictif", False, ["industrial_land"])]
    assert open_ == heard[0]


async def hear(epci: Epci, records: list[Any]) -> None:
    async with epci.database.transaction() as session:
        await keeping.keep_calls(session, [one for one in records if one.aggregate == "call"])


async def test_a_call_closes_by_itself_and_says_so_before(
    client: Client, home: Epci, partner: Epci, territory: Territory
) -> None:
    call = await published(client, closes_at=(now() + timedelta(days=20)).isoformat())
    scope = instance_scope(home.siren)

    with shifted(timedelta(days=15)):
        async with home.database.transaction() as session:
            assert (await calls.tell_closing_calls(session, scope), await calls.close_due_calls(session, scope)) == (
                1,
                0,
            )
        async with home.database.transaction() as session:
            assert await calls.tell_closing_calls(session, scope) == 0, "once"
    with shifted(timedelta(days=21)):
        async with home.database.transaction() as session:
            assert await calls.close_due_calls(session, scope) == 1
        await hear(partner, await home.sent(territory.sirens))
    async with home.database.reading() as session:
        rows = [one for one in await outbox(session) if ".call." in one.topic]

    assert facts(rows) == facts(rows, scope="public") == ["published", "closing_soon", "closed", "closed"]
    async with partner.database.reading() as session:
        assert await list_calls(session, people(partner.siren)) == []
    read = (await client.ask("GET", f"/calls/{call['id']}")).json()
    again = await client.ask("PATCH", f"/calls/{call['id']}", body={"title": "Encore"}, seen=read["version"])
    assert (read["status"], again.status_code) == ("closed", 409)


async def test_a_call_whose_time_is_over_is_not_open_before_anybody_says_so(
    client: Client, home: Epci, partner: Epci, territory: Territory
) -> None:
    call = await published(client, closes_at=(now() + timedelta(days=5)).isoformat())
    await hear(partner, await home.sent(territory.sirens))

    with shifted(timedelta(days=6)):
        own = (await client.ask("GET", "/calls")).json()["items"]
        async with partner.database.reading() as session:
            heard = await list_calls(session, people(partner.siren))
            open_ = await find_open_call(session, people(partner.siren), home.siren, UUID(call["id"]))

    assert (own, heard, open_) == ([], [], None)


async def test_a_later_closing_is_told_again(client: Client, home: Epci) -> None:
    call = await published(client, closes_at=(now() + timedelta(days=5)).isoformat())
    scope = instance_scope(home.siren)
    async with home.database.transaction() as session:
        assert await calls.tell_closing_calls(session, scope) == 1
    later = {"closes_at": (now() + timedelta(days=6)).isoformat()}
    answer = await client.ask("PATCH", f"/calls/{call['id']}", body=later, seen=call["version"] + 1)

    async with home.database.transaction() as session:
        assert (answer.status_code, await calls.tell_closing_calls(session, scope)) == (200, 1)


async def test_a_cancelled_call_is_gone_and_a_cancelled_draft_was_never_told(client: Client, home: Epci) -> None:
    call, draft = await published(client), await done(client, "/calls", CALL)

    gone = await client.ask("POST", f"/calls/{call['id']}/cancellation", body={}, seen=2)
    quiet = await client.ask("POST", f"/calls/{draft['id']}/cancellation", body={}, seen=1)
    twice = await client.ask("POST", f"/calls/{draft['id']}/cancellation", body={}, seen=2)

    unseen = [await client.ask("GET", f"/calls/{one['id']}", role=Role.INTEGRATOR) for one in (call, draft)]
    assert (gone.status_code, quiet.status_code, twice.status_code) == (200, 200, 409)
    assert [one.status_code for one in unseen] == [404, 404]
    assert [one.get("status") for one in await told(home, "call")][-1] is None
    assert (await client.ask("GET", "/calls")).json()["items"] == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"cost_min": "9000.00"}, "inférieur au coût minimal"),
        ({"visibility": "private"}, "au territoire ou au public"),
        ({"opens_at": "2026-02-01T00:00:00Z", "closes_at": "2026-01-01T00:00:00Z"}, "précède l’ouverture"),
        ({"rate": "1.2"}, "rate"),
    ],
)
async def test_a_call_that_contradicts_itself_is_refused(client: Client, given: dict[str, Any], says: str) -> None:
    answer = await client.ask("POST", "/calls", body=CALL | given)

    assert (answer.status_code, says in answer.text) == (422, True)


async def test_a_call_that_is_over_is_not_published_and_one_published_is_not_hidden(client: Client) -> None:
    past = await done(client, "/calls", CALL | {"closes_at": "2026-01-01T00:00:00Z"})
    call = await published(client)

    late = await client.ask("POST", f"/calls/{past['id']}/publication", body={}, seen=1)
    hidden = await client.ask("PATCH", f"/calls/{call['id']}", body={"visibility": "territory"}, seen=2)
    again = await client.ask("POST", f"/calls/{call['id']}/publication", body={}, seen=2)

    assert (late.status_code, hidden.status_code, again.status_code) == (422, 409, 409)


async def test_a_new_call_meets_the_projects_it_may_be_for(client: Client, home: Epci) -> None:
    fits = await logged(client)
    early = await logged(client, total_cost_ht=None)
    other = await logged(client, axis="skills_recruitment")
    for project in (fits, early, other):
        await done(client, f"/projects/{project['id']}/moves", {"move": "qualify"}, seen=1)
    await done(client, f"/projects/{fits['id']}/moves", {"move": "structure"}, seen=2)
    call = await published(client)
    path = f"/territory/calls/{home.siren}/{call['id']}/projects"

    found = (await client.ask("GET", path)).json()["items"]
    of_project = (await client.ask("GET", f"/projects/{fits['id']}/calls")).json()["items"]
    dismissal = f"/projects/{fits['id']}/calls/{home.siren}/{call['id']}/dismissal"
    dismissed = await client.ask("POST", dismissal, body={"reason": "Déjà financé"})
    twice = await client.ask("POST", dismissal, body={"reason": "Déjà financé"})

    assert [(one["id"], one["early"]) for one in found] == [(fits["id"], False), (early["id"], True)]
    assert {one["code"]: one["fit"] for one in found[1]["criteria"]}["cost"] == "unknown"
    assert [one["call"]["id"] for one in of_project] == [call["id"]]
    assert (dismissed.status_code, twice.status_code) == (204, 204)
    assert [one["id"] for one in (await client.ask("GET", path)).json()["items"]] == [early["id"]]
    assert (await client.ask("GET", f"/projects/{fits['id']}/calls")).json()["items"] == []


async def test_a_project_answers_a_call_with_one_of_its_lines(client: Client, home: Epci) -> None:
    call, project = await published(client), await logged(client)
    project = await funded(client, project)
    path = f"/projects/{project['id']}/applications"
    wanted = {"call_epci": home.siren, "call_id": call["id"], "line_id": project["funding"][0]["id"]}

    shown = await done(client, path, wanted)
    twice = await client.ask("POST", path, body=wanted)
    unknown = await client.ask("POST", path, body=wanted | {"call_id": str(uuid7())})
    place = f"{path}/{shown['applications'][0]['id']}"
    ahead = await client.ask("PATCH", place, body={"status": "laureate"}, seen=shown["version"])
    filed = await client.ask("PATCH", place, body={"status": "submitted"}, seen=shown["version"])
    won = await client.ask("PATCH", place, body={"status": "laureate"}, seen=shown["version"] + 1)

    assert (twice.status_code, unknown.status_code, ahead.status_code) == (409, 404, 409)
    assert ahead.json()["detail"] == "« Lauréat » ne suit pas l’état « Repéré »."
    assert (filed.status_code, won.status_code) == (200, 200)
    application = won.json()["applications"][0]
    assert (application["status"], application["call_title"]) == ("laureate", "Appel fictif")
    assert (application["submitted_on"], application["decided_on"]) == (today().isoformat(),) * 2
    state = (await told(home, "project"))[-1]
    assert [(one["status"], one["line_id"]) for one in state["applications"]] == [("laureate", wanted["line_id"])]
    assert "note" not in state["applications"][0]


async def test_what_the_public_proposes_is_a_project_only_once_it_was_read(client: Client, home: Epci) -> None:
    call = await published(client, accepts_submissions=True)
    path = f"/calls/{call['id']}/submissions"

    sent = await client.ask("POST", path, role=Role.VISITOR, body=PROPOSAL)
    machine = await client.ask("POST", path, role=Role.VISITOR, body=PROPOSAL | {"website": "http://spam.example"})
    before = (await client.ask("GET", "/projects")).json()["items"]
    waiting = (await client.ask("GET", "/submissions?status=received")).json()["items"]
    decision = f"/submissions/{sent.json()['id']}/decision"
    accepted = await client.ask("POST", decision, body={"status": "accepted"}, seen=1)
    again = await client.ask("POST", decision, body={"status": "refused", "reason": "trop tard"}, seen=2)

    assert (sent.status_code, set(sent.json())) == (201, {"id", "message"})
    assert (machine.status_code, before, len(waiting)) == (201, [], 1)
    assert (accepted.status_code, again.status_code) == (200, 409)
    project = (await client.ask("GET", f"/projects/{accepted.json()['project_id']}")).json()
    assert (project["kind"], project["stage"], project["title"]) == ("citizen_initiative", "idea", PROPOSAL["title"])
    assert project["origin"] == [{"kind": "submission", "id": sent.json()["id"]}]
    assert not {"Camille", "camille@example.org"} & set(str(project).replace("'", " ").split())
    assert "Camille" not in str(await told(home, "project"))


@pytest.mark.parametrize(
    ("given", "status"),
    [({"accepts_submissions": False}, 404), ({"visibility": "territory", "accepts_submissions": True}, 404)],
)
async def test_nobody_proposes_where_nobody_asked(client: Client, given: dict[str, Any], status: int) -> None:
    call = await published(client, **given)

    answer = await client.ask("POST", f"/calls/{call['id']}/submissions", role=Role.VISITOR, body=PROPOSAL)

    assert answer.status_code == status


async def test_who_proposed_is_forgotten_a_year_after_the_decision(
    client: Client, home: Epci, coordinator: Scope
) -> None:
    call = await published(client, accepts_submissions=True)
    sent = await client.ask("POST", f"/calls/{call['id']}/submissions", role=Role.VISITOR, body=PROPOSAL)
    refused = {"status": "refused", "reason": "Hors du territoire"}
    await client.ask("POST", f"/submissions/{sent.json()['id']}/decision", body=refused, seen=1)

    async with home.database.transaction() as session:
        early = await submissions.forget_proposers(session, coordinator)
    with shifted(timedelta(days=366)):
        async with home.database.transaction() as session:
            late = [await submissions.forget_proposers(session, coordinator) for _ in range(2)]

    kept = (await client.ask("GET", "/submissions")).json()["items"][0]
    assert (early, late) == (0, [1, 0])
    assert (kept["name"], kept["email"], kept["title"], kept["reason"]) == (
        "",
        "",
        PROPOSAL["title"],
        "Hors du territoire",
    )


async def test_who_proposed_is_forgotten_also_where_nobody_decides(
    client: Client, home: Epci, coordinator: Scope
) -> None:
    call = await published(client, accepts_submissions=True)
    await client.ask("POST", f"/calls/{call['id']}/submissions", role=Role.VISITOR, body=PROPOSAL)

    with shifted(timedelta(days=366)):
        async with home.database.transaction() as session:
            assert await submissions.forget_proposers(session, coordinator) == 1

    [kept] = (await client.ask("GET", "/submissions?status=received")).json()["items"]
    assert (kept["name"], kept["email"], kept["text"]) == ("", "", PROPOSAL["text"])


async def test_a_visitor_reads_no_proposal_and_an_agent_decides_on_none(client: Client) -> None:
    for role, method, path, status in (
        (Role.VISITOR, "GET", "/submissions", 401),
        (Role.INTEGRATOR, "GET", "/submissions", 403),
        (Role.AGENT, "GET", "/submissions", 200),
        (Role.AGENT, "POST", f"/submissions/{uuid7()}/decision", 403),
    ):
        body = {"status": "spam"} if method == "POST" else None
        assert (await client.ask(method, path, role=role, body=body, seen=1)).status_code == status
