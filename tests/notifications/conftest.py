"""Fixtures of the notifications tests."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.notifications import Instance, Sink, migrate, running_instance, smtp_sink


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty database of the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "notifications.sqlite"
    asyncio.run(migrate(path))
    return path


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
async def instance(tmp_path: Path, migrated: Path, sink: Sink) -> AsyncIterator[Instance]:
    async with running_instance(tmp_path, migrated=migrated, smtp_port=sink.port) as running:
        yield running
