"""The doors: who may pass, what a link does, what a feed reader and a mail program see."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import feedparser
import httpx2
import pytest
import yaml
from fastapi import FastAPI
from sqlmodel import select

from services.host import build_app
from services.notifications.commands.subscriptions import UNSUBSCRIBE
from services.notifications.models import Subscription, SubscriptionState
from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.identity.access import Role
from shared.identity.tokens import add_token
from tests.support.notifications import Instance, Sink, hear_news, subscribe, text_of

PAGE = {"accept": "text/html"}
EMPTY: Mapping[str, str] = MappingProxyType({})
SOURCES = [("coordinator", 201), ("agent", 403), ("integrator", 403), ("visitor", 401)]


@dataclass
class Doors:
    """A client of one instance, with a token of each role."""

    http: httpx2.AsyncClient
    tokens: dict[Role, str]

    def bearer(self, role: Role) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[role]}"} if role in self.tokens else {}

    async def get(self, path: str, headers: Mapping[str, str] = EMPTY, *, role: Role = Role.VISITOR) -> httpx2.Response:
        return await self.http.get(path, headers={**self.bearer(role), **headers})

    async def post(self, path: str, body: object = None, *, role: Role = Role.VISITOR, **more: str) -> httpx2.Response:
        return await self.http.post(path, json=body, headers=self.bearer(role) | more)


@pytest.fixture(scope="session")
def migrated_identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("identity") / "identity.sqlite"

    async def migrate() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await upgrade(database, package="shared.identity")
        await database.close()

    asyncio.run(migrate())
    return path


@pytest.fixture
async def doors(instance: Instance, migrated_identity: Path) -> AsyncIterator[Doors]:
    settings = instance.work.settings
    territory = instance.territory.model_dump(mode="json")
    settings.territory_file.write_text(yaml.safe_dump(territory), encoding="utf-8")
    shutil.copy(migrated_identity, settings.data_dir / "identity.sqlite")
    app: FastAPI = build_app(["notifications"], settings)
    running = app.state.instance.services[0]
    running.database.origin = instance.database.origin
    async with app.state.identity.transaction() as session:
        roles = [role for role in Role if role is not Role.VISITOR]
        tokens: dict[Role, str] = {}
        tokens |= {role: (await add_token(session, name=role, epci=settings.siren, role=role))[1] for role in roles}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as http:
        yield Doors(http, tokens)
    await running.database.close()
    await app.state.identity.close()


def link_in(sink: Sink, address: str, path: str) -> str:
    """Return the path of the last link under ``path`` in the last mail of an address."""
    found: list[str] = re.findall(rf"https?://[^/]+({path}/\S+)", text_of(sink.mails(address)[-1]))
    return found[-1]


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

    shown = await doors.get(confirm, PAGE)
    assert shown.status_code == 200
    assert "Confirmer mon abonnement" in shown.text
    assert await state_of(instance) is SubscriptionState.PENDING
    for _ in range(2):
        confirmed = await doors.http.post(confirm, headers=PAGE)
        assert (confirmed.status_code, "est confirmé" in confirmed.text) == (200, True)
    assert await state_of(instance) is SubscriptionState.ACTIVE

    await hear_news(instance, epci=instance.neighbours[0])
    rule = (await doors.post("/api/v1/rules", {"name": "La lettre"}, role=Role.COORDINATOR)).json()
    issue = await doors.post(f"/api/v1/rules/{rule['id']}/runs", {"rhythm": "weekly"}, role=Role.COORDINATOR)
    assert (issue.status_code, issue.json()["audience"]) == (201, 1)
    await instance.send_mails()

    [header] = sink.mails("alix@example.org")[-1].get_all("list-unsubscribe", [])
    leave = re.sub(r"^<https?://[^/]+|>$", "", header)
    assert (await doors.get(leave, PAGE)).status_code == 200
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


async def test_altered_links_open_nothing(doors: Doors, instance: Instance) -> None:
    reader = await subscribe(instance, "alix@example.org")
    token = instance.house.signer.token(UNSUBSCRIBE, str(reader.id))

    for bad in (token[:-2], f"{token}x", "x", "../../etc"):
        assert (await doors.get(f"/lettres/desabonnement/{bad}", PAGE)).status_code == 404
        assert (await doors.http.post(f"/lettres/desabonnement/{bad}")).status_code == 404
    assert await state_of(instance) is SubscriptionState.ACTIVE


async def test_a_reader_chooses_another_rhythm(doors: Doors, instance: Instance) -> None:
    reader = await subscribe(instance, "alix@example.org")
    token = instance.house.signer.token("letter.manage", str(reader.id))

    shown = await doors.get(f"/lettres/preferences/{token}", PAGE)
    changed = await doors.http.post(f"/lettres/preferences/{token}", data={"rhythm": "monthly"}, headers=PAGE)

    assert "chaque semaine" in shown.text
    assert "chaque mois" in changed.text
    assert "/lettres/desabonnement/" in changed.text


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
