"""The pages of the agenda: its form, those behind the links of mails, its feed, its part of the public page."""

import asyncio
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import httpx2
import pytest
from icalendar import Calendar

from services.events.commands.requests import cancel_by_person
from services.events.queries.home import load_agenda
from services.events.rules.screens import PATHS
from shared.clock import now, shifted
from shared.contracts.events import RegistrationState as S
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.events.conftest import Client
from tests.support.events import Office, event_body, known
from tests.support.routes import held, write_during

FORM = {"name": "Alix Exemple", "email": "alix@example.org", "organisation": "", "siren": "", "notice_accepted": "on"}


async def test_a_form_says_what_is_to_be_corrected_and_keeps_what_was_typed(client: Client, office: Office) -> None:
    event = await client.publish()
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
    event = await client.publish()
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
    event = await client.publish(capacity=1)
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
    event = await client.publish()
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


@pytest.mark.parametrize("path", sorted(PATHS.values()))
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_was_bent_is_an_unknown_page(client: Client, office: Office, method: str, path: str) -> None:
    event = await client.publish()
    asked = await office.ask(UUID(event["id"]), "alix@example.org")
    good = client.token("registration-confirm", asked)
    other, stranger = client.token("newsletter-confirm", asked), client.token("registration-confirm", "nobody")
    bent = (good[:-3], good[:5], good.swapcase(), good + "xyz", "x" * 400, "%20", "", ".", "%00", other, stranger)

    for token in bent:
        page = await client.page(method, path.replace("{token}", token))

        assert page.status_code == 404, (token, page.text)
        assert page.headers["content-type"].startswith("text/html")
        assert "Page introuvable" in page.text
    assert await office.state(asked) is S.PENDING_EMAIL


@pytest.mark.parametrize("path", sorted(PATHS.values()))
async def test_a_forged_link_does_not_wait_for_the_database(client: Client, office: Office, path: str) -> None:
    forged = path.replace("{token}", client.token("registration-reminder", uuid7()))

    async with held(office.database), asyncio.timeout(2):
        page = await client.page("POST", forged, data={"decision": "accept"})

    assert (page.status_code, "Page introuvable" in page.text) == (404, True)


async def test_who_sends_a_form_slowly_keeps_nobody_from_writing(client: Client, office: Office) -> None:
    event = await client.publish()
    address, body = f"/agenda/{event['id']}/inscription", urlencode(FORM).encode()

    page = await write_during(client.http, address, body, database=office.database)

    assert "Consultez votre messagerie" in page.text
    assert len(await office.registrations(UUID(event["id"]))) == 1


async def test_who_answers_an_offer_slowly_keeps_nobody_from_writing(client: Client, office: Office) -> None:
    event_id = await office.publish(capacity=1)
    seated = await office.register(event_id, "seated@example.org")
    waiting = await office.register(event_id, "waiting@example.org")
    await client.page("POST", f"/agenda/inscription/gerer/{client.token('registration-manage', seated)}")
    offer = f"/agenda/inscription/place/{client.token('registration-offer', waiting)}"

    page = await write_during(client.http, offer, b"decision=decline", database=office.database)

    assert page.status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("event_id", ["1", "x%20y", "01890000-0000-7000-8000-00000000000"])
async def test_the_form_of_no_event_is_an_unknown_page(client: Client, method: str, event_id: str) -> None:
    page = await client.page(method, f"/agenda/{event_id}/inscription")

    assert page.status_code == 404
    assert "Page introuvable" in page.text


async def test_the_public_feed_is_a_calendar_of_the_whole_territory(
    client: Client, office: Office, territory: Territory
) -> None:
    ours = await client.publish()
    await client.publish(visibility="territory", title="Entre nous")
    await office.hear(known(territory.members[1].siren))

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
    await office.hear(known(neighbour.siren, registration_url=url))
    await office.hear(known(neighbour.siren, registration_url="https://elsewhere.example/x", title="Ailleurs"))
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


async def test_what_has_begun_is_listed_until_it_ends_and_no_longer_counted_as_to_come(office: Office) -> None:
    await office.publish(start=now() + timedelta(days=1))
    await office.publish(start=now() + timedelta(days=3))
    cycle = [event_body(start=now() + timedelta(days=days))["sessions"][0] for days in (1, 4)]
    await office.publish(sessions=cycle)

    async def seen(after: timedelta) -> tuple[int, str]:
        with shifted(after):
            async with office.database.reading() as session:
                data = await load_agenda(session, office.visitor)
        return len(data["lines"]), data["figures"][0].value

    assert await seen(timedelta()) == (3, "3")
    assert await seen(timedelta(days=1, minutes=5)) == (3, "2")
    assert await seen(timedelta(days=2)) == (2, "2")
    assert await seen(timedelta(days=4, minutes=5)) == (1, "0")
    assert await seen(timedelta(days=5)) == (0, "0")
