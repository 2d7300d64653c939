"""A migrated database of the agenda, and a client of its doors."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request, Response

from services.events.manifest import SERVICE
from shared.db.session import Origin
from shared.errors import Refusal
from shared.http.guards import LIMITS
from shared.identity.access import Role
from shared.ids import uuid7
from shared.signing import Signer
from shared.territory.members import Territory
from shared.web.shell import Site
from shared.web.templates import build_templates, install, render
from shared.web.theme import build_theme
from tests.support import routes
from tests.support.databases import Store, opened
from tests.support.events import Office, event_body
from tests.support.routes import app_of, identified

BASE_URL = "http://agenda.example.org"
ROLES = (Role.AGENT, Role.COORDINATOR, Role.INTEGRATOR)
UNLIMITED = dict.fromkeys(LIMITS, 10_000)


@pytest.fixture
async def office(store: Store, tmp_path: Path, siren: str) -> AsyncIterator[Office]:
    """Return the agenda of one EPCI."""
    url = await store.url(SERVICE.package, folder=tmp_path, name="events")
    origin = Origin(epci=siren, service="events", instance=uuid7(), base_url=BASE_URL)
    async with opened(url, origin) as database:
        yield Office(siren, database)


class Client(routes.Client):
    """Asks the doors of the agenda, its pages too."""

    async def publish(self, **over: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Write an event and take it to the public, as an agent and a coordinator do; return what the API shows."""
        made = await self.ask("POST", "/events", role=Role.AGENT, body=event_body(**over))
        assert made.status_code == 201, made.text
        answer = await self.take(made, "in_review", role=Role.AGENT)
        for to in ("ready", "published"):
            answer = await self.take(answer, to)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def take(self, last: httpx2.Response, to: str, *, role: Role = Role.COORDINATOR) -> httpx2.Response:
        """Take the event of the last answer along, as whoever has read that answer."""
        address = f"/events/{last.json()['id']}/publication"
        return await self.ask("POST", address, role=role, body={"to": to}, seen=last.headers["etag"])

    async def page(self, method: str, path: str, *, data: dict[str, str] | None = None) -> httpx2.Response:
        """Ask for a page, as a browser does."""
        return await self.http.request(method, path, data=data, headers={"accept": "text/html"})

    def token(self, purpose: str, subject: object) -> str:
        """Return the token that a mail would carry."""
        signer: Signer = self.app.state.signer
        return signer.token(purpose, str(subject))


@pytest.fixture
async def client(
    office: Office, territory: Territory, stores: dict[str, Store], tmp_path: Path
) -> AsyncIterator[Client]:
    async with identified(stores, tmp_path, epci=office.siren, roles=ROLES) as (identity, secrets):
        app = app_of(SERVICE, office.database, identity, epci=office.siren, limits=UNLIMITED, page_of=_refused)
        app.state.signer, app.state.territory = Signer("a secret of this test"), territory
        _dress(app, territory)
        client = Client(app, secrets, role=Role.COORDINATOR, base_url=BASE_URL)
        yield client
        await client.http.aclose()


def _dress(app: FastAPI, territory: Territory) -> None:
    own = territory.members[0]
    theme = build_theme(own, members=list(territory))
    site = Site(
        epci=own,
        territory=territory.name,
        members=list(territory),
        navigation=(),
        footer=(),
        footnote="",
        theme_url=theme.url,
    )
    install(app, templates=build_templates({"events": ("services.events", "templates")}), site=site, theme=theme)


def _refused(request: Request, refusal: Refusal) -> Response:
    context = {"title": refusal.title, "detail": refusal.detail, "status": refusal.status, "reference": ""}
    return render(request, "shared/error.html", context, status=refusal.status)
