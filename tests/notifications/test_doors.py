"""The doors: who may pass, what a link does, what a feed reader and a mail program see."""

import re

import feedparser
import pytest
from sqlmodel import select

from services.notifications.models import Subscription, SubscriptionState
from shared.identity.access import Role
from tests.notifications.doors import Doors, link_in
from tests.support.notifications import Instance, Sink, hear_news, subscribe

SOURCES = [("coordinator", 201), ("agent", 403), ("integrator", 403), ("visitor", 401)]


async def state_of(instance: Instance) -> SubscriptionState:
    from_hash = instance.house.keys.address("alix@example.org")
    async with instance.database.reading() as session:
        reader = (await session.exec(select(Subscription).where(Subscription.address_hash == from_hash))).one()
    return reader.state


async def test_a_reader_subscribes_reads_and_leaves_by_the_links_of_her_mails(
    doors: Doors, instance: Instance, sink: Sink
) -> None:
    asked = await doors.post("/api/v1/subscriptions", {"email": " Alix@Example.org", "rhythm": "weekly"})
    assert asked.status_code == 202
    await instance.send_mails()
    confirm = link_in(sink, "alix@example.org", "/lettres/confirmation")

    shown = await doors.open(confirm)
    assert shown.status_code == 200
    assert "Confirmer mon abonnement" in shown.text
    assert await state_of(instance) is SubscriptionState.PENDING
    for _ in range(2):
        confirmed = await doors.press(confirm)
        assert (confirmed.status_code, "est confirmé" in confirmed.text) == (200, True)
    assert await state_of(instance) is SubscriptionState.ACTIVE

    await hear_news(instance, epci=instance.neighbours[0])
    rule = (await doors.post("/api/v1/rules", {"name": "La lettre"}, role=Role.COORDINATOR)).json()
    issue = await doors.post(f"/api/v1/rules/{rule['id']}/runs", {"rhythm": "weekly"}, role=Role.COORDINATOR)
    assert (issue.status_code, issue.json()["audience"]) == (201, 1)
    await instance.send_mails()

    [header] = sink.mails("alix@example.org")[-1].get_all("list-unsubscribe", [])
    leave = re.sub(r"^<https?://[^/]+|>$", "", header)
    assert (await doors.open(leave)).status_code == 200
    assert await state_of(instance) is SubscriptionState.ACTIVE
    for _ in range(2):
        left = await doors.http.post(leave, data={"List-Unsubscribe": "One-Click"})
        assert (left.status_code, left.history, "set-cookie" in left.headers) == (200, [], False)
    assert await state_of(instance) is SubscriptionState.UNSUBSCRIBED


async def test_the_answer_never_tells_whether_an_address_is_known(doors: Doors, instance: Instance) -> None:
    await subscribe(instance, "alix@example.org")

    known = await doors.post("/api/v1/subscriptions", {"email": "alix@example.org"})
    unknown = await doors.post("/api/v1/subscriptions", {"email": "autre@example.org"})

    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())


async def test_a_flood_of_subscriptions_is_stopped(doors: Doors) -> None:
    answers = [
        (await doors.post("/api/v1/subscriptions", {"email": f"a{number}@example.org"})).status_code
        for number in range(12)
    ]

    assert answers == [202] * 10 + [429] * 2


BAD = [
    {"email": "x@y.fr\r\nRCPT TO:<e@e.fr>"},
    {"email": "pas une adresse"},
    {"email": "a@example.org", "rhythm": "yearly"},
    {"email": "a@example.org", "filter": {"epci": ["123456789"]}},
    {"email": "a@example.org", "filter": {"kinds": ["tout"]}},
    {"email": "a@example.org", "role": "admin"},
]


@pytest.mark.parametrize("body", BAD)
async def test_a_malformed_subscription_is_refused(doors: Doors, body: dict[str, object]) -> None:
    answer = await doors.post("/api/v1/subscriptions", body)

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_an_epci_of_elsewhere_is_no_filter(doors: Doors) -> None:
    body = {"email": "a@example.org", "filter": {"epci": ["200023414"]}}

    answer = await doors.post("/api/v1/subscriptions", body)

    assert answer.status_code == 422
    assert "n’appartient pas au territoire" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(("role", "expected"), SOURCES)
async def test_only_coordinators_manage_letters(doors: Doors, role: str, expected: int) -> None:
    answer = await doors.post("/api/v1/rules", {"name": "La lettre"}, role=Role(role))

    assert answer.status_code == expected
    for path in ("/api/v1/rules", "/api/v1/issues", "/api/v1/subscriptions", "/api/v1/deliveries/summary"):
        assert (await doors.get(path, role=Role(role))).status_code == (200 if expected == 201 else expected)


async def test_a_rule_is_made_once_under_one_key(doors: Doors) -> None:
    key = {"idempotency-key": "une-fois"}

    first = await doors.post("/api/v1/rules", {"name": "La lettre"}, role=Role.COORDINATOR, **key)
    again = await doors.post("/api/v1/rules", {"name": "La lettre"}, role=Role.COORDINATOR, **key)

    assert first.json() == again.json()
    assert len((await doors.get("/api/v1/rules", role=Role.COORDINATOR)).json()["items"]) == 1


async def test_the_feed_is_read_by_any_reader_of_atom(doors: Doors, instance: Instance) -> None:
    await hear_news(instance, title="Première & <dernière>", epci=instance.neighbours[0])
    await hear_news(instance, title="Entre nous", visibility="territory")

    answer = await doors.get("/actualites.atom")
    feed = feedparser.parse(answer.content)

    assert (feed.bozo, feed.version, feed.feed.language) == (False, "atom10", "fr")
    assert [entry.title for entry in feed.entries] == ["Première & <dernière>"]
    assert feed.entries[0].author == "EPCI d’essai 1"
    again = await doors.get("/actualites.atom", {"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_same_news_are_a_json_feed(doors: Doors, instance: Instance) -> None:
    await hear_news(instance, title="Première & <dernière>", epci=instance.neighbours[0])
    await hear_news(instance, title="Entre nous", visibility="territory")

    answer = await doors.get("/actualites.json")
    told, atom = answer.json(), feedparser.parse((await doors.get("/actualites.atom")).content)

    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    assert (told["version"], told["language"]) == ("https://jsonfeed.org/version/1.1", "fr")
    assert told["feed_url"].endswith("/actualites.json")
    [item], [entry] = told["items"], atom.entries
    assert (item["title"], item["id"], item["url"]) == ("Première & <dernière>", entry.id, entry.link)
    assert (item["authors"], item["date_published"]) == ([{"name": "EPCI d’essai 1"}], entry.updated)
    assert item["content_text"]
    again = await doors.get("/actualites.json", {"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_public_page_shows_the_public_feed_and_who_was_heard(doors: Doors, instance: Instance) -> None:
    await hear_news(instance, title="Pour tous")
    await hear_news(instance, title="Entre nous", visibility="territory")

    page = (await doors.get("/", role=Role.COORDINATOR)).text

    assert "Pour tous" in page
    assert "Entre nous" not in page
    assert "Qui a donné des nouvelles" in page
    assert "cette page" in page


async def test_the_summary_counts_every_mail(doors: Doors, instance: Instance) -> None:
    await subscribe(instance, "alix@example.org")
    await instance.send_mails()

    summary = (await doors.get("/api/v1/deliveries/summary", role=Role.COORDINATOR)).json()

    assert (summary["total"], summary["expected"], summary["underway"]) == (1, 1, 0)
    assert summary["states"]["accepted"] == 1


async def test_a_piece_of_news_has_a_page_that_stays(doors: Doors, instance: Instance) -> None:
    [entry] = await hear_news(instance, title="Pour <tous>")
    [hidden] = await hear_news(instance, title="Entre nous", visibility="territory")

    shown = await doors.open(f"/actualites/{entry.id}")
    refused = [await doors.open(f"/actualites/{one}") for one in (hidden.id, "x")]

    assert (shown.status_code, "Pour &lt;tous&gt;" in shown.text) == (200, True)
    assert [(one.status_code, "Entre nous" in one.text) for one in refused] == [(404, False), (404, False)]


async def test_a03_a_piece_of_news_with_our_id_takes_no_page_of_ours(doors: Doors, instance: Instance) -> None:
    thief = instance.house.territory.sirens[1]
    [entry] = await hear_news(instance, title="À nous")
    await hear_news(instance, epci=thief, id=entry.id, title="À eux")

    ours = await doors.open(f"/actualites/{entry.id}")
    theirs = await doors.open(f"/actualites/{entry.id}?epci={thief}")
    feed = (await doors.open("/actualites.atom")).text

    assert ("À nous" in ours.text, "À eux" in ours.text) == (True, False)
    assert ("À nous" in theirs.text, "À eux" in theirs.text) == (False, True)
    assert len(set(re.findall("<id>(.*?)</id>", feed))) == 3
