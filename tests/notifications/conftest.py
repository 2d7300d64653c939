"""Fixtures of the notifications tests."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import yaml

from services.host import build_app
from shared.identity.access import Role
from shared.identity.tokens import add_token
from tests.notifications.doors import Doors
from tests.support.databases import Store
from tests.support.notifications import Instance, Sink, running_instance, smtp_sink


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with smtp_sink() as running:
        yield running


@pytest.fixture
def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
async def instance(tmp_path: Path, store: Store, sink: Sink) -> AsyncIterator[Instance]:
    async with running_instance(tmp_path, store=store, smtp_port=sink.port) as running:
        yield running


@pytest.fixture
async def doors(instance: Instance, stores: dict[str, Store]) -> AsyncIterator[Doors]:
    settings = instance.work.settings
    territory = instance.territory.model_dump(mode="json")
    settings.territory_file.write_text(yaml.safe_dump(territory), encoding="utf-8")
    await stores["sqlite"].url("shared.identity", folder=settings.data_dir, name="identity")
    app = build_app(["notifications"], settings)
    running = app.state.instance.services[0]
    running.database.origin = instance.database.origin
    async with app.state.identity.transaction() as session:
        roles = [role for role in Role if role is not Role.VISITOR]
        tokens: dict[Role, str] = {}
        tokens |= {role: (await add_token(session, name=role, epci=settings.siren, role=role))[1] for role in roles}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as http:
        yield Doors(app, http, tokens)
    await running.database.close()
    await app.state.identity.close()
