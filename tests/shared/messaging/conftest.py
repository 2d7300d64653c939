"""A bench per test: one service, one database, topics of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.messaging.delivery import Delivery
from shared.messaging.topology import Topology
from shared.territory.members import Territory
from tests.support.backbone import Bench, make_bench


@pytest.fixture
async def bench(tmp_path: Path, bootstrap: str, territory: Territory, topics: Topology) -> AsyncIterator[Bench]:
    """Test service of the first EPCI of the territory."""
    made = await make_bench(tmp_path / "own", epci=territory.sirens[0], bootstrap=bootstrap, members=territory.sirens)
    yield made
    await made.database.close()


@pytest.fixture
async def neighbour(tmp_path: Path, bootstrap: str, territory: Territory, topics: Topology) -> AsyncIterator[Bench]:
    """Test service of the second EPCI."""
    made = await make_bench(tmp_path / "other", epci=territory.sirens[1], bootstrap=bootstrap, members=territory.sirens)
    yield made
    await made.database.close()


@pytest.fixture
async def delivery(bench: Bench) -> AsyncIterator[Delivery]:
    """Return what handles records for the bench."""
    letters = bench.letters()
    yield bench.delivery(letters)
    await letters.close()
