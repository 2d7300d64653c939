"""What the doors of the agenda take, and the sentence next to the field of what they do not."""

from datetime import timedelta
from typing import Any

import pytest

from services.events.schemas import CLEARABLE, EventChange
from shared.clock import now
from shared.identity.access import Role
from tests.events.conftest import Client
from tests.support.events import event_body

PERSON: dict[str, Any] = {"name": "Alix Exemple", "email": "alix@example.org", "notice_accepted": True}


def told(answer: Any) -> dict[str, str]:  # noqa: ANN401 - an answer of httpx2
    """Return the refusals of an answer by field."""
    assert answer.status_code == 422, answer.text
    return {one["field"]: one["message"] for one in answer.json()["errors"]}


def slot(**over: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the only session of a new event, with changes."""
    return {"sessions": [{**event_body()["sessions"][0], **over}]}


@pytest.mark.parametrize(
    ("change", "words"),
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
async def test_a_malformed_event_is_refused_in_french(client: Client, change: dict[str, Any], words: str) -> None:
    answer = await client.ask("POST", "/events", body=event_body(**change))

    assert answer.status_code == 422
    assert words in answer.text


@pytest.mark.parametrize(
    "change", [{"capacity": "2"}, {"capacity": True}, {"capacity": 2.0}, {"demo": "true"}, {"demo": 1}]
)
async def test_numbers_and_truths_are_not_guessed(client: Client, change: dict[str, Any]) -> None:
    refused = told(await client.ask("POST", "/events", body=event_body(**change)))

    assert list(refused) == list(change)


async def test_neither_a_presence_nor_a_consent_is_guessed(client: Client) -> None:
    event = await client.publish()
    person = {**PERSON, "notice_accepted": "oui"}
    mark = {"registration_id": event["id"], "present": "yes"}

    form = await client.ask("POST", f"/events/{event['id']}/registrations", role=Role.VISITOR, body=person)
    sheet = await client.ask("POST", f"/events/{event['id']}/attendance", body=mark)

    assert (list(told(form)), list(told(sheet))) == (["notice_accepted"], ["present"])


@pytest.mark.parametrize("field", sorted(EventChange.model_fields))
async def test_a_change_empties_only_what_may_be_empty(client: Client, field: str) -> None:
    made = await client.ask("POST", "/events", body=event_body(online_link="https://visio.example.org/salle"))
    address, tag = f"/events/{made.json()['id']}", made.headers["etag"]

    answer = await client.ask("PATCH", address, body={"summary": "Autre résumé.", field: None}, seen=tag)

    after = (await client.ask("GET", address)).json()
    if field in CLEARABLE:
        assert (answer.status_code, after["summary"]) == (200, "Autre résumé.")
    else:
        assert told(answer) == {field: "Ce champ ne peut pas être vidé."}
        assert after == made.json()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": "  "}, "Ce texte est trop court (longueur minimale : 3)."),
        ({"title": "x" * 141}, "Ce texte est trop long (140 caractères au plus)."),
        ({"summary": "x" * 201}, "Ce texte est trop long (200 caractères au plus)."),
        ({"description": "x" * 10_001}, "Ce texte est trop long (10\u202f000 caractères au plus)."),
        ({"conditions": "x" * 256}, "Ce texte est trop long (255 caractères au plus)."),
        ({"themes": ["x"] * 21}, "Cette liste est trop longue (20 au plus)."),
    ],
)
async def test_a_text_is_not_called_a_list(client: Client, change: dict[str, Any], sentence: str) -> None:
    refused = told(await client.ask("POST", "/events", body=event_body(**change)))

    assert list(refused.values()) == [sentence]


@pytest.mark.parametrize("name", ["", " ", "A"])
async def test_who_gives_no_name_is_asked_for_it(client: Client, name: str) -> None:
    event = await client.publish()
    filled = {**PERSON, "name": name}

    answer = await client.ask("POST", f"/events/{event['id']}/registrations", role=Role.VISITOR, body=filled)
    page = await client.page("POST", f"/agenda/{event['id']}/inscription", data={**filled, "notice_accepted": "on"})

    assert told(answer) == {"name": "Écrivez votre nom."}
    assert page.status_code == 422
    assert "Écrivez votre nom." in page.text


@pytest.mark.parametrize("insee", ["99999", "75056"])
async def test_a_commune_is_one_of_the_reference_table(client: Client, insee: str) -> None:
    refused = told(await client.ask("POST", "/events", body=event_body(**slot(commune_insee=insee))))
    elsewhere = await client.ask("POST", "/events", body=event_body(**slot(commune_insee=None, place="Gare, Paris")))

    assert "table de référence" in refused["sessions.0.commune_insee"]
    assert elsewhere.status_code == 201


async def test_people_write_minutes_and_a_demonstration_seconds(client: Client) -> None:
    start = now().replace(second=0, microsecond=0) + timedelta(days=3, seconds=17)
    odd = slot(start=start.isoformat(), end=(start + timedelta(hours=1)).isoformat())
    draft = await client.ask("POST", "/events", body=event_body())

    refused = await client.ask("POST", "/events", body=event_body(**odd))
    changed = await client.ask("PATCH", f"/events/{draft.json()['id']}", body=odd, seen=draft.headers["etag"])
    moved = await client.ask(
        "POST", f"/events/{draft.json()['id']}/schedule", body={"to": "rescheduled", **odd}, seen=draft.headers["etag"]
    )
    demo = await client.ask("POST", "/events", body=event_body(demo=True, **odd))

    for answer in (refused, changed, moved):
        assert told(answer) == {"sessions": "Écrivez les heures à la minute, sans secondes."}
    assert demo.status_code == 201
