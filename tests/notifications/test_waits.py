"""Nobody waits for a stranger: a slow form and a forged link never hold the database, nor need it."""

import asyncio
from urllib.parse import urlencode

import pytest

from services.notifications.commands import subscriptions
from shared.db.engine import Database
from tests.notifications.doors import Doors
from tests.support.notifications import Instance, subscribe
from tests.support.routes import held, write_during

WHO = "alix@example.org"
LINKS = (
    (subscriptions.CONFIRM, subscriptions.CONFIRM_PATH),
    (subscriptions.MANAGE, subscriptions.MANAGE_PATH),
    (subscriptions.UNSUBSCRIBE, subscriptions.UNSUBSCRIBE_PATH),
)


def database_of(doors: Doors) -> Database:
    """Return the database which the routes write to, with its queue of writers."""
    database = doors.app.state.instance.services[0].database
    assert isinstance(database, Database)
    return database


async def test_who_sends_the_form_slowly_keeps_nobody_from_writing(doors: Doors) -> None:
    body = urlencode({"email": WHO, "rhythm": "weekly"}).encode()

    page = await write_during(doors.http, "/lettres/abonnement", body, database=database_of(doors))

    assert "Consultez votre messagerie" in page.text


@pytest.mark.parametrize(("purpose", "path"), LINKS)
async def test_who_presses_the_button_of_a_link_slowly_keeps_nobody_from_writing(
    doors: Doors, instance: Instance, purpose: str, path: str
) -> None:
    reader = await subscribe(instance, WHO)
    subject = subscriptions.request_of(reader) if purpose == subscriptions.CONFIRM else str(reader.id)
    address, body = instance.house.link(purpose, subject, path), b"rhythm=monthly&List-Unsubscribe=One-Click"

    page = await write_during(doors.http, address, body, database=database_of(doors))

    assert page.status_code == 200


@pytest.mark.parametrize(("purpose", "path"), LINKS)
async def test_a_forged_link_does_not_wait_for_the_database(
    doors: Doors, instance: Instance, purpose: str, path: str
) -> None:
    forged = instance.house.link(f"not.{purpose}", WHO, path)

    async with held(database_of(doors)), asyncio.timeout(2):
        page = await doors.press(forged, {"rhythm": "weekly"})

    assert (page.status_code, "Page introuvable" in page.text) == (404, True)
