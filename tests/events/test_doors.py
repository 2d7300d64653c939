"""The doors of the agenda: rights, versions, one answer for every form, the pages behind links."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from icalendar import Calendar
from sqlalchemy import event as listening

from services.events.commands.requests import cancel_by_person
from services.events.commands.upkeep import keep_events
from services.events.queries.home import load_agenda
from shared.clock import now, shifted
from shared.contracts.base import Visibility
from shared.contracts.events import AgendaEvent, EventType, Slot
from shared.contracts.events import RegistrationState as S
from shared.identity.access import Role
from shared.ids import uuid7
from shared.messaging.registry import Record
from shared.territory.members import Territory
from tests.events.conftest import BASE_URL, Client
from tests.support.events import Office, event_body

FORM = {"name": "Alix Exemple", "email": "alix@example.org", "organisation": "", "siren": "", "notice_accepted": "on"}


async def published(client: Client, **over: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    made = await client.ask("POST", "/events", role=Role.AGENT, body=event_body(**over))
    assert made.status_code == 201, made.text
    address = f"/events/{made.json()['id']}"
    await client.ask("POST", f"{address}/publication", role=Role.AGENT, body={"to": "in_review"})
    await client.ask("POST", f"{address}/publication", body={"to": "ready"})
    answer = await client.ask("POST", f"{address}/publication", body={"to": "published"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def known(epci: str, **over: Any) -> Record[AgendaEvent]:  # noqa: ANN401 - fields of a state
    """Return a record of another EPCI’s event."""
    start = now() + timedelta(days=5)
    state = AgendaEvent(
        id=uuid7(),
        home_epci=epci,
        version=3,
        updated_at=now(),
        **{
            "type": EventType.ATELIER,
            "title": "Atelier d’à côté",
            "slots": (Slot(id=uuid7(), start=start, end=start + timedelta(hours=2), commune="Bolbec"),),
            "visibility": Visibility.PUBLIC,
            **over,
        },
    )
    return Record(
        state=state,
        aggregate="agenda-event",
        id=state.id,
        epci=epci,
        version=3,
        fact="published",
        time=now(),
        source=f"/epci/{epci}/events",
        message_id=str(uuid7()),
        instance=str(uuid7()),
        visibility=Visibility.TERRITORY,
    )


async def hear(office: Office, *records: Record[AgendaEvent]) -> None:
    async with office.transaction() as session:
        await keep_events(session, records)


async def test_agents_propose_coordinators_publish(client: Client) -> None:
    made = await client.ask("POST", "/events", role=Role.AGENT, body=event_body())
    address = f"/events/{made.json()['id']}/publication"

    early = await client.ask("POST", address, body={"to": "published"})
    await client.ask("POST", address, role=Role.AGENT, body={"to": "in_review"})
    bold = await client.ask("POST", address, role=Role.AGENT, body={"to": "ready"})

    assert (early.status_code, bold.status_code) == (409, 403)
    assert "«\u00a0brouillon\u00a0»" in early.json()["detail"]


async def test_visitors_see_public_events_once_published(client: Client) -> None:
    draft = (await client.ask("POST", "/events", body=event_body())).json()
    public = await published(client)
    restricted = await published(client, visibility="territory")

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
    ours = await published(client)
    neighbour = territory.members[1].siren
    theirs, quiet = known(neighbour), known(neighbour, visibility=Visibility.TERRITORY)
    await hear(office, theirs, quiet, known(office.siren))

    visitor = (await client.ask("GET", "/events", role=Role.VISITOR)).json()["items"]
    agent = (await client.ask("GET", "/events", role=Role.AGENT)).json()["items"]
    filtered = (await client.ask("GET", f"/events?epci={neighbour}&type=atelier", role=Role.AGENT)).json()["items"]
    first = (await client.ask("GET", "/events?limit=1", role=Role.VISITOR)).json()
    rest = (await client.ask("GET", f"/events?after={first['next_after']}", role=Role.VISITOR)).json()["items"]

    assert [one["id"] for one in visitor] == [str(theirs.id), ours["id"]]
    assert len(agent) == 3
    assert {one["id"] for one in filtered} == {str(theirs.id), str(quiet.id)}
    assert [one["id"] for one in (*first["items"], *rest)] == [one["id"] for one in visitor]


async def test_an_edit_needs_the_tag_last_read_and_a_registration_does_not_make_it_stale(
    client: Client, office: Office
) -> None:
    event = await published(client, capacity=1)
    address = f"/events/{event['id']}"
    tag = (await client.ask("GET", address)).headers["etag"]
    await client.ask("POST", f"{address}/registrations", role=Role.VISITOR, body={**FORM, "notice_accepted": True})

    blind = await client.ask("PATCH", address, body={"title": "Autre titre"})
    done = await client.ask("PATCH", address, body={"title": "Autre titre"}, seen=tag)
    stale = await client.ask("PATCH", address, body={"title": "Encore un"}, seen=tag)

    assert (blind.status_code, done.status_code, stale.status_code) == (428, 200, 412)
    assert done.json()["version"] > event["version"]
    assert done.json()["title"] == "Autre titre"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sessions": []}, "sessions"),
        ({"capacity": 0}, "capacity"),
        ({"title": "Titre\r\nBcc: x@example.org"}, "title"),
        ({"registration_mode": "external"}, "adresse où l’on s’inscrit"),
        ({"minutes": -5}, "finit après"),
        ({"themes": ["<script>"]}, "themes"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_malformed_event_is_refused_in_french(client: Client, change: dict[str, Any], told: str) -> None:
    answer = await client.ask("POST", "/events", body=event_body(**change))

    assert answer.status_code == 422
    assert told in answer.text


async def test_the_answer_to_a_form_is_the_same_for_an_address_that_is_there(client: Client, office: Office) -> None:
    event = await published(client)
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
    event = await published(client)
    address = f"/events/{event['id']}/registrations"
    body = {"name": "Alix Exemple", "email": "alix@example.org", "notice_accepted": True}

    first = await client.ask("POST", address, role=Role.VISITOR, body=body, key="one")
    second = await client.ask("POST", address, role=Role.VISITOR, body=body, key="one")

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.headers["idempotent-replayed"] == "true"
    assert first.json() == second.json()


async def test_visitors_read_no_registration(client: Client) -> None:
    event = await published(client)

    answer = await client.ask("GET", f"/events/{event['id']}/registrations", role=Role.VISITOR)
    integrator = await client.ask("GET", f"/events/{event['id']}/registrations", role=Role.INTEGRATOR)

    assert (answer.status_code, integrator.status_code) == (401, 403)


async def test_a_form_says_what_is_to_be_corrected_and_keeps_what_was_typed(client: Client, office: Office) -> None:
    event = await published(client)
    event_id = UUID(event["id"])
    address = f"/agenda/{event['id']}/inscription"

    empty = await client.page("GET", address)
    wrong = await client.page("POST", address, data={"name": "Alix Exemple", "email": "alix@", "siren": "123"})

    assert empty.status_code == 200
    assert "Place de la Maquette, Bolbec" in empty.text
    assert wrong.status_code == 422
    assert "Erreur\u00a0:" in wrong.text or "Erreur :" in wrong.text
    for sentence in ("n’est pas valide", "9 chiffres", "Cochez cette case", 'value="alix@"'):
        assert sentence in wrong.text
    assert await office.registrations(event_id) == []


async def test_a_link_shows_on_get_and_acts_on_post(client: Client, office: Office) -> None:
    event = await published(client)
    event_id = UUID(event["id"])
    asked = await office.ask(event_id, "alix@example.org")
    address = f"/agenda/inscription/confirmer/{client.token('registration-confirm', asked)}"

    shown = await client.page("GET", address)
    assert await office.state(asked) is S.PENDING_EMAIL
    acted = [await client.page("POST", address) for _ in range(2)]

    assert "Confirmer mon inscription" in shown.text
    assert await office.state(asked) is S.REGISTERED
    assert [page.status_code for page in acted] == [200, 200]
    assert acted[0].text == acted[1].text
    assert len(await office.orders(asked, "registered")) == 1


async def test_a_place_is_managed_and_offered_through_links(client: Client, office: Office) -> None:
    event = await published(client, capacity=1)
    event_id = UUID(event["id"])
    seated = await office.register(event_id, "seated@example.org")
    waiting = await office.register(event_id, "waiting@example.org")
    manage = f"/agenda/inscription/gerer/{client.token('registration-manage', seated)}"
    offer = f"/agenda/inscription/place/{client.token('registration-offer', waiting)}"

    shown = await client.page("GET", manage)
    cancelled = await client.page("POST", manage)
    offered = await client.page("GET", offer)
    accepted = await client.page("POST", offer, data={"decision": "accept"})
    late = await client.page("POST", offer, data={"decision": "decline"})

    assert "Annuler mon inscription" in shown.text
    assert "Votre inscription est annulée" in cancelled.text
    assert "Accepter la place" in offered.text
    assert "Votre place est réservée" in accepted.text
    assert late.status_code == 410
    assert await office.state(waiting) is S.REGISTERED


async def test_an_expired_link_is_gone_and_a_forged_one_unknown(client: Client, office: Office) -> None:
    event = await published(client)
    event_id = UUID(event["id"])
    asked = await office.ask(event_id, "alix@example.org")
    address = f"/agenda/inscription/confirmer/{client.token('registration-confirm', asked)}"
    other_purpose = f"/agenda/inscription/gerer/{client.token('registration-confirm', asked)}"

    with shifted(timedelta(days=2)):
        shown, acted = await client.page("GET", address), await client.page("POST", address)
    forged = await client.page("GET", address + "x")

    assert (shown.status_code, acted.status_code) == (410, 410)
    assert "Lien expiré" in shown.text
    assert forged.status_code == (await client.page("GET", other_purpose)).status_code == 404


async def test_the_sheet_opens_with_the_doors_and_closes_once_the_session_has_started(
    client: Client, office: Office
) -> None:
    event = await published(client, start=now() + timedelta(hours=5))
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


async def test_the_public_feed_is_a_calendar_of_the_whole_territory(
    client: Client, office: Office, territory: Territory
) -> None:
    ours = await published(client)
    await published(client, visibility="territory", title="Entre nous")
    await hear(office, known(territory.members[1].siren))

    answer: httpx2.Response = await client.page("GET", "/agenda.ics")

    calendar = Calendar.from_ical(answer.text)
    events = calendar.walk("VEVENT")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert calendar["METHOD"] == "PUBLISH"
    assert {str(one["SUMMARY"]) for one in events} == {"Atelier d’à côté", ours["title"]}
    assert all("ATTENDEE" not in one and "ORGANIZER" not in one for one in events)


async def test_the_home_section_shows_seats_and_links_only_to_owners(
    client: Client, office: Office, territory: Territory
) -> None:
    neighbour = territory.members[1]
    url = f"{neighbour.base_url}/agenda/{uuid7()}/inscription"
    await hear(office, known(neighbour.siren, registration_url=url))
    await hear(office, known(neighbour.siren, registration_url="https://elsewhere.example/x", title="Ailleurs"))
    event_id = await office.publish(capacity=1)
    seated = await office.register(event_id, "seated@example.org")
    await office.register(event_id, "waiting@example.org")

    async with office.database.reading() as session:
        data = await load_agenda(session, office.agent)
    template = client.app.state.templates.get_template("events/home_agenda.html")
    text = template.render(data=data, territory=territory, site=client.app.state.site)

    assert f'href="{url}"' in text
    assert "elsewhere.example" not in text
    assert "complet, liste d’attente" in text
    assert "Bolbec" in text
    async with office.transaction() as session:
        await cancel_by_person(session, office.house, seated)


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
