"""A migrated database of the agenda, and a client of its doors."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request, Response

from services.events.manifest import SERVICE
from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.db.session import Origin
from shared.errors import Refusal
from shared.http.guards import LIMITS, Windows
from shared.http.refusals import install_refusals
from shared.identity.access import Role
from shared.identity.tokens import add_token
from shared.ids import uuid7
from shared.service import RunningService
from shared.signing import Signer
from shared.territory.members import Territory
from shared.web.shell import Site
from shared.web.templates import build_templates, install, render
from shared.web.theme import build_theme
from tests.support.events import Office, event_body

BASE_URL = "http://agenda.example.org"
PACKAGES = {"events": "services.events", "identity": "shared.identity"}


async def _migrate(path: Path, package: str) -> None:
    database = Database(f"sqlite+aiosqlite:///{path}")
    await upgrade(database, package=package)
    await database.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return empty databases brought to the newest revision, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    for name, package in PACKAGES.items():
        asyncio.run(_migrate(folder / f"{name}.sqlite", package))
    return {name: folder / f"{name}.sqlite" for name in PACKAGES}


@pytest.fixture
async def office(migrated: dict[str, Path], tmp_path: Path, siren: str) -> AsyncIterator[Office]:
    """Return the agenda of one EPCI."""
    path = shutil.copy(migrated["events"], tmp_path / "events.sqlite")
    origin = Origin(epci=siren, service="events", instance=uuid7(), base_url=BASE_URL)
    database = Database(f"sqlite+aiosqlite:///{path}", origin)
    yield Office(siren, database)
    await database.close()


class Client:
    """Asks the doors of the agenda: as the bearer of a token of each role, or as a visitor."""

    def __init__(self, app: FastAPI, secrets: dict[Role, str]) -> None:
        self.app = app
        self._http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE_URL)
        self._secrets = secrets

    async def ask(
        self,
        method: str,
        path: str,
        *,
        role: Role = Role.COORDINATOR,
        body: object = None,
        seen: str = "",
        key: str = "",
    ) -> httpx2.Response:
        """Send a JSON request; ``seen`` is the ETag for ``If-Match``, ``key`` the Idempotency-Key."""
        sent = {"idempotency-key": key} if key else {}
        if seen:
            sent["if-match"] = seen
        if role in self._secrets:
            sent["authorization"] = f"Bearer {self._secrets[role]}"
        return await self._http.request(method, f"/api/v1{path}", json=body, headers=sent)

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
        return await self._http.request(method, path, data=data, headers={"accept": "text/html"})

    def token(self, purpose: str, subject: object) -> str:
        """Return the token that a mail would carry."""
        signer: Signer = self.app.state.signer
        return signer.token(purpose, str(subject))

    async def close(self) -> None:
        """End."""
        await self._http.aclose()


@pytest.fixture
async def client(
    office: Office, territory: Territory, migrated: dict[str, Path], tmp_path: Path
) -> AsyncIterator[Client]:
    identity = Database(f"sqlite+aiosqlite:///{shutil.copy(migrated['identity'], tmp_path / 'identity.sqlite')}")
    secrets: dict[Role, str] = {}
    async with identity.transaction() as session:
        for role in (Role.AGENT, Role.COORDINATOR, Role.INTEGRATOR):
            secrets[role] = (await add_token(session, name=role.value, epci=office.siren, role=role))[1]
    client = Client(_app(office, identity, territory), secrets)
    yield client
    await client.close()
    await identity.close()


def _app(office: Office, identity: Database, territory: Territory) -> FastAPI:
    app = FastAPI()
    app.state.settings, app.state.identity = SimpleNamespace(siren=office.siren), identity
    app.state.signer, app.state.territory = Signer("a secret of this test"), territory
    app.state.windows, app.state.limits = Windows(), {kind: 10_000 for kind in LIMITS}
    running = RunningService(SERVICE, office.database)

    async def enter(request: Request) -> None:
        request.state.service, request.state.database = running, office.database

    for router in SERVICE.routers:
        app.include_router(router, dependencies=[Depends(enter)])
    _dress(app, territory)
    return app


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

    def page_of(request: Request, refusal: Refusal) -> Response:
        context = {"title": refusal.title, "detail": refusal.detail, "status": refusal.status, "reference": ""}
        return render(request, "shared/error.html", context, status=refusal.status)

    install_refusals(app, page_of=page_of)
