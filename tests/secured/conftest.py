"""One secured node for the tests of this folder, per worker."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.secured import Secured, secured_kafka
from tests.support.waiting import eventually


@pytest.fixture(scope="package")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Return a node that asks who comes."""
    with secured_kafka(tmp_path_factory.mktemp("secured")) as node:
        yield node


@pytest.fixture(autouse=True)
async def lines_closed() -> AsyncIterator[None]:
    """Let TLS say goodbye before the loop ends: a client that is closed has not closed its lines yet."""
    yield

    async def closed() -> bool:
        transports = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]
        return all(one._sock is None for one in transports.values())

    await eventually(closed)
