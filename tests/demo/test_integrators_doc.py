"""What integrators are told is so: the consumer runs as printed, topics and headers are those of the code."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.contracts import CATALOGUE
from shared.contracts.base import Visibility
from shared.messaging.topology import Topology
from shared.territory.members import Territory
from tests.support.backbone import Bench, make_bench, make_project
from tests.support.databases import Store
from tests.support.outsiders import DOCUMENT, python_reader, run
from tests.support.topics import dump


@pytest.fixture
async def bench(
    stores: dict[str, Store], tmp_path: Path, bootstrap: str, territory: Territory, topics: Topology
) -> AsyncIterator[Bench]:
    """Test service of one EPCI."""
    sirens = territory.sirens
    made = await make_bench(stores["sqlite"], tmp_path, epci=sirens[0], bootstrap=bootstrap, members=sirens)
    yield made
    await made.database.close()


async def test_the_printed_consumer_prints_the_projects_that_live(bench: Bench, tmp_path: Path) -> None:
    kept, gone = make_project(bench.epci, title="Chaufferie"), make_project(bench.epci, title="Retiré")
    await bench.tell(kept, fact="created")
    await bench.tell(gone, fact="created")
    await bench.tell(kept.model_copy(update={"version": 2, "title": "Chaufferie bois"}))
    await bench.end(gone.model_copy(update={"version": 2}))
    await bench.publish()
    reader = await asyncio.to_thread(python_reader, tmp_path)

    ended = await asyncio.to_thread(run, reader, bench.bootstrap, rf"ti\.public\.{bench.epci}\.project\.v1")

    assert ended.stderr == ""
    assert [json.loads(line)["title"] for line in ended.stdout.splitlines()] == ["Chaufferie bois"]


def test_the_table_of_topics_is_the_catalogue() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (yes|–) \| (yes|–) \| (yes|–) \| ([a-z_, ]+) \|$", DOCUMENT, re.MULTILINE)
    order = (Visibility.PUBLIC, Visibility.TERRITORY, Visibility.PRIVATE)
    told = {
        name: (
            {scope for scope, is_there in zip(order, there, strict=True) if is_there == "yes"},
            set(facts.split(", ")),
        )
        for name, *there, facts in rows
    }

    assert told == {name: (set(state.scopes), set(state.facts)) for name, state in CATALOGUE.items()}


async def test_the_table_of_headers_names_every_header_of_a_record(bench: Bench) -> None:
    await bench.tell(make_project(bench.epci))
    await bench.publish()

    (record,) = await dump(bench.bootstrap, f"ti.public.{bench.epci}.project.v1")

    envelope = DOCUMENT.partition("## Envelope")[2].partition("## Value")[0]
    assert {name for name, _ in record.headers} == set(re.findall(r"`(ce_[a-z]+|content-type)`", envelope))
