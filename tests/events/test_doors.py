"""The doors of the agenda: rights, versions, one answer for every form."""

from collections.abc import Iterator
from datetime import timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import event as listening

from services.events.api import router
from shared.clock import now, shifted
from shared.contracts.base import Visibility
from shared.contracts.events import RegistrationState as S
from shared.contracts.events import Slot
from shared.identity.access import Role
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.events.conftest import BASE_URL, Client
from tests.support.events import Office, event_body, known

FORM = {"name": "Alix Exemple", "email": "alix@example.org", "organisation": "", "siren": "", "notice_accepted": "on"}
NOBODY = "01890000-0000-7000-8000-000000000000"
BODIES: dict[str, dict[str, Any]] = {
    "/events/{event_id}": {"title": "Autre titre"},
    "publication": {"to": "archived"},
    "schedule": {"to": "postponed"},
    "registrations": {"name": "Alix Exemple", "email": "alix@example.org", "notice_accepted": True},
    "cancel": {},
    "attendance": {"registration_id": NOBODY, "present": True},
    "close-sheet": {},
}


async def test_agents_propose_coordinators_publish(client: Client) -> None:
    made = await client.ask("POST", "/events", role=Role.AGENT, body=event_body())

    early = await client.take(made, "published")
    proposed = await client.take(made, "in_review", role=Role.AGENT)
    bold = await client.take(proposed, "ready", role=Role.AGENT)

    assert (early.status_code, bold.status_code) == (409, 403)
    assert "«\u00a0brouillon\u00a0»" in early.json()["detail"]


async def test_visitors_see_public_events_once_published(client: Client) -> None:
    draft = (await client.ask("POST", "/events", body=event_body())).json()
    public = await client.publish()
    restricted = await client.publish(visibility="territory")

    async def statuses(role: Role) -> list[int]:
        return [
            (await client.ask("GET", f"/events/{one['id']}", role=role)).status_code
            for one in (draft, public, restricted)
        ]

    assert await statuses(Role.VISITOR) == [404, 200, 404]
    assert await statuses(Role.INTEGRATOR) == [404, 200, 200]
    assert await statuses(Role.AGENT) == [200, 200, 200]


async def test_the_agenda_joins_our_events_and_those_heard_of(
    client: Client, office: Office, territory: Territory
) -> None:
    ours = await client.publish()
    neighbour = territory.members[1].siren
    theirs, quiet = known(neighbour), known(neighbour, visibility=Visibility.TERRITORY)
    await office.hear(theirs, quiet, known(office.siren))

    visitor = (await client.ask("GET", "/events", role=Role.VISITOR)).json()["items"]
    agent = (await client.ask("GET", "/events", role=Role.AGENT)).json()["items"]
    filtered = (await client.ask("GET", f"/events?epci={neighbour}&type=atelier", role=Role.AGENT)).json()["items"]
    first = (await client.ask("GET", "/events?limit=1", role=Role.VISITOR)).json()
    rest = (await client.ask("GET", f"/events?after={first['next_after']}", role=Role.VISITOR)).json()["items"]

    assert [one["id"] for one in visitor] == [str(theirs.id), ours["id"]]
    assert len(agent) == 3
    assert {one["id"] for one in filtered} == {str(theirs.id), str(quiet.id)}
    assert [one["id"] for one in (*first["items"], *rest)] == [one["id"] for one in visitor]


async def test_the_agenda_goes_on_behind_an_event_told_in_another_time_zone(
    client: Client, office: Office, territory: Territory
) -> None:
    neighbour, paris = territory.members[1].siren, timezone(timedelta(hours=2))
    start = (now() + timedelta(days=5)).replace(minute=0, second=0, microsecond=0)
    hours = [start.astimezone(paris) + timedelta(minutes=30 * number) for number in range(6)]
    told = [known(neighbour, slots=(Slot(id=uuid7(), start=one, end=one + timedelta(hours=2)),)) for one in hours]
    await office.hear(*told)
    seen: list[str] = []
    address = "/events?limit=1"
    while True:
        page = (await client.ask("GET", address, role=Role.VISITOR)).json()
        seen += [one["id"] for one in page["items"]]
        if not page["next_after"]:
            break
        address = f"/events?limit=1&after={page['next_after']}"

    assert seen == [str(record.id) for record in told]


async def test_an_event_of_a_neighbour_is_shown_to_who_names_the_neighbour(
    client: Client, office: Office, territory: Territory
) -> None:
    ours, neighbour = await client.publish(), territory.members[1].siren
    theirs, copied = known(neighbour), known(neighbour, id=UUID(ours["id"]), title="Copie")
    await office.hear(theirs, copied)

    async def title(event_id: object, epci: str = "") -> str:
        answer = await client.ask("GET", f"/events/{event_id}{epci}", role=Role.VISITOR)
        return str(answer.json()["title"]) if answer.status_code == 200 else str(answer.status_code)

    assert await title(theirs.id, f"?epci={neighbour}") == "Atelier d’à côté"
    assert await title(theirs.id) == "404"
    assert [await title(ours["id"], epci) for epci in ("", f"?epci={neighbour}")] == [ours["title"], "Copie"]


async def test_an_edit_needs_the_tag_last_read_and_a_registration_does_not_make_it_stale(
    client: Client, office: Office
) -> None:
    event = await client.publish(capacity=1)
    address = f"/events/{event['id']}"
    tag = (await client.ask("GET", address)).headers["etag"]
    await client.ask("POST", f"{address}/registrations", role=Role.VISITOR, body={**FORM, "notice_accepted": True})

    blind = await client.ask("PATCH", address, body={"title": "Autre titre"})
    done = await client.ask("PATCH", address, body={"title": "Autre titre"}, seen=tag)
    stale = await client.ask("PATCH", address, body={"title": "Encore un"}, seen=tag)

    assert (blind.status_code, done.status_code, stale.status_code) == (428, 200, 412)
    assert done.json()["version"] > event["version"]
    assert done.json()["title"] == "Autre titre"


def writing_routes() -> Iterator[tuple[str, str]]:
    """Return method and address of each JSON route that changes an event or a registration there is."""
    for route in router.routes:
        if isinstance(route, APIRoute) and "{event_id}" in route.path:
            yield from ((method, route.path.removeprefix("/api/v1")) for method in (route.methods or set()) - {"GET"})


# A form of somebody without account, and notes of a day on which the last word counts, from however many telephones.
WITHOUT_TAG = {
    "/events/{event_id}/registrations": (202, 202),
    "/events/{event_id}/attendance": (404, 404),  # nobody of that name
    "/events/{event_id}/close-sheet": (409, 409),  # too early
}


@pytest.mark.parametrize(("method", "path"), sorted(writing_routes()))
async def test_every_change_needs_the_tag_last_read(client: Client, office: Office, method: str, path: str) -> None:
    event = await client.publish()
    place = await office.register(UUID(event["id"]), "alix@example.org")
    address = path.format(event_id=event["id"], registration_id=place)
    body = BODIES[path.rpartition("}/")[2]]

    blind = await client.ask(method, address, body=body)
    stale = await client.ask(method, address, body=body, seen='"99"')

    answers = (blind.status_code, stale.status_code)
    assert answers == WITHOUT_TAG.get(path, (428, 412)), blind.text


async def test_the_revision_shown_is_the_tag_and_one_key_moves_once(client: Client, office: Office) -> None:
    event = await client.publish(capacity=1)
    address, tag = f"/events/{event['id']}", f'"{event["revision"]}"'
    await office.register(UUID(event["id"]), "alix@example.org")

    read = await client.ask("GET", address)
    listed = (await client.ask("GET", "/events", role=Role.VISITOR)).json()["items"][0]
    move = {"to": "postponed"}
    moved = [await client.ask("POST", f"{address}/schedule", body=move, seen=tag, key="k") for _ in range(2)]

    assert (read.headers["etag"], read.json()["revision"]) == (tag, event["revision"])
    assert read.json()["version"] == listed["version"] > event["version"]
    assert [one.status_code for one in moved] == [200, 200]
    assert moved[0].content == moved[1].content
    assert {one.headers["etag"] for one in moved} == {f'"{event["revision"] + 1}"'}


async def test_an_organiser_cancels_the_registration_as_it_was_read(client: Client, office: Office) -> None:
    event = await client.publish()
    place = await office.register(UUID(event["id"]), "alix@example.org")
    address = f"/events/{event['id']}/registrations"
    (listed,) = (await client.ask("GET", address)).json()["items"]

    done = await client.ask("POST", f"{address}/{place}/cancel", body={}, seen=f'"{listed["version"]}"')

    assert done.status_code == 200
    assert done.headers["etag"] == f'"{done.json()["version"]}"' != f'"{listed["version"]}"'


async def test_an_event_held_online_is_published_once_it_has_a_link(client: Client) -> None:
    made = await client.ask("POST", "/events", body=event_body(attendance_mode="mixed"))
    ready = await client.take(await client.take(made, "in_review"), "ready")
    address = f"/events/{made.json()['id']}"

    refused = await client.take(ready, "published")
    link = {"online_link": "https://visio.example.org/salle"}
    linked = await client.ask("PATCH", address, body=link, seen=ready.headers["etag"])
    published = await client.take(linked, "published")
    unlinked = await client.ask("PATCH", address, body={"online_link": None}, seen=published.headers["etag"])

    assert refused.status_code == unlinked.status_code == 409
    assert refused.json()["errors"][0]["field"] == "online_link"
    assert "lien de connexion" in refused.json()["errors"][0]["message"]
    assert published.json()["publication"] == "published"
    assert "visio.example" not in published.text


async def test_the_answer_to_a_form_is_the_same_for_an_address_that_is_there(client: Client, office: Office) -> None:
    event = await client.publish()
    address = f"/events/{event['id']}/registrations"
    body = {"name": "Alix Exemple", "email": "Alix@Example.org", "notice_accepted": True}

    new = await client.ask("POST", address, role=Role.VISITOR, body=body)
    again = await client.ask("POST", address, role=Role.VISITOR, body=body)
    pages = [await client.page("POST", f"/agenda/{event['id']}/inscription", data=FORM) for _ in range(2)]
    other = await client.page("POST", f"/agenda/{event['id']}/inscription", data={**FORM, "email": "b@example.org"})

    assert new.status_code == again.status_code == 202
    assert new.content == again.content
    assert {page.text for page in (*pages, other)} == {other.text}
    people = (await client.ask("GET", address, role=Role.AGENT)).json()["items"]
    assert [one["email"] for one in people] == ["alix@example.org", "b@example.org"]


async def test_the_same_key_registers_once(client: Client, office: Office) -> None:
    event = await client.publish()
    address = f"/events/{event['id']}/registrations"
    body = {"name": "Alix Exemple", "email": "alix@example.org", "notice_accepted": True}

    first = await client.ask("POST", address, role=Role.VISITOR, body=body, key="one")
    second = await client.ask("POST", address, role=Role.VISITOR, body=body, key="one")

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.headers["idempotent-replayed"] == "true"
    assert first.json() == second.json()


async def test_visitors_read_no_registration(client: Client) -> None:
    event = await client.publish()

    answer = await client.ask("GET", f"/events/{event['id']}/registrations", role=Role.VISITOR)
    integrator = await client.ask("GET", f"/events/{event['id']}/registrations", role=Role.INTEGRATOR)

    assert (answer.status_code, integrator.status_code) == (401, 403)


async def test_the_sheet_opens_with_the_doors_and_closes_once_the_session_has_started(
    client: Client, office: Office
) -> None:
    event = await client.publish(start=now() + timedelta(hours=5))
    event_id = UUID(event["id"])
    there, missing = [await office.register(event_id, f"n{number}@example.org") for number in range(2)]
    address = f"/events/{event['id']}"
    mark = {"registration_id": str(there), "present": True}

    too_early = await client.ask("POST", f"{address}/attendance", role=Role.AGENT, body=mark)
    not_started = await client.ask("POST", f"{address}/close-sheet", role=Role.AGENT)
    with shifted(timedelta(hours=5, minutes=1)):
        marked = await client.ask("POST", f"{address}/attendance", role=Role.AGENT, body=mark)
        closed = [await client.ask("POST", f"{address}/close-sheet", role=Role.AGENT) for _ in range(2)]

    assert (too_early.status_code, not_started.status_code) == (409, 409)
    assert "une fois la séance commencée" in not_started.json()["detail"]
    assert marked.json()["state"] == "attended"
    assert [one.json() for one in closed] == [{"attended": 1, "no_show": 1}] * 2
    assert await office.state(missing) is S.NO_SHOW
    assert await office.facts("registration", missing) == ["requested", "registered", "no_show"]


async def test_the_number_of_statements_does_not_grow_with_the_agenda(client: Client, office: Office) -> None:
    seen: list[str] = []
    for _ in range(3):
        await office.publish()
    first = await _statements(client, office, seen)
    for _ in range(5):
        await office.publish()

    assert await _statements(client, office, seen) == first, "\n".join(seen)


async def _statements(client: Client, office: Office, seen: list[str]) -> int:
    from_now = len(seen)

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    engine = office.database.engine.sync_engine
    listening.listen(engine, "before_cursor_execute", note)
    answer = await client.ask("GET", "/events", role=Role.VISITOR)
    listening.remove(engine, "before_cursor_execute", note)
    assert answer.json()["items"][0]["registration_url"].startswith(BASE_URL)
    return len(seen) - from_now
