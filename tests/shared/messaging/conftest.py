"""A bench per test: one service, one database, topics of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.messaging.delivery import Delivery
from shared.messaging.topology import Topology
from shared.territory.members import Territory
from tests.support.backbone import Bench, make_bench
from tests.support.databases import Store


@pytest.fixture
async def benches(
    store: Store, tmp_path: Path, bootstrap: str, territory: Territory, topics: Topology
) -> AsyncIterator[list[Bench]]:
    """Test services of the first two EPCI of the territory."""
    sirens = territory.sirens
    made = [
        await make_bench(store, tmp_path / one, epci=one, bootstrap=bootstrap, members=sirens) for one in sirens[:2]
    ]
    yield made
    for one in made:
        await one.database.close()


@pytest.fixture
def bench(benches: list[Bench]) -> Bench:
    """Test service of the first EPCI of the territory."""
    return benches[0]


@pytest.fixture
def neighbour(benches: list[Bench]) -> Bench:
    """Test service of the second EPCI."""
    return benches[1]


@pytest.fixture
async def delivery(bench: Bench) -> AsyncIterator[Delivery]:
    """Return what handles records for the bench."""
    letters = bench.letters()
    yield bench.delivery(letters)
    await letters.close()
