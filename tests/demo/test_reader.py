"""An outsider reads the public projects with the published documents alone."""

import ast
import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest
from rich.console import Console

from services.demo import reader
from services.demo.reader import ContractBroken, fetch_contract, read_public_projects, table_of
from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.messaging.describe import FOLDER
from shared.messaging.registry import topic_of
from shared.messaging.topology import Topology
from shared.territory.members import Territory
from tests.support.backbone import Bench, make_bench, make_project
from tests.support.databases import Store
from tests.support.topics import write


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def base_url() -> Iterator[str]:
    """Address of a real HTTP server that gives the published documents, as an instance does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(FOLDER.parent)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def benches(
    stores: dict[str, Store], tmp_path: Path, bootstrap: str, territory: Territory, topics: Topology
) -> AsyncIterator[tuple[Bench, Bench]]:
    """Test services of two EPCI."""
    own, neighbour = [
        await make_bench(stores["sqlite"], tmp_path / siren, epci=siren, bootstrap=bootstrap, members=territory.sirens)
        for siren in territory.sirens[:2]
    ]
    yield own, neighbour
    await own.database.close()
    await neighbour.database.close()


def changed(project: Project, *, version: int, **values: object) -> Project:
    return project.model_copy(update={"version": version, **values})


async def read(base_url: str, bootstrap: str, *sirens: str) -> list[reader.Project]:
    return await asyncio.to_thread(read_public_projects, base_url, bootstrap, sirens=sirens)


async def test_the_outsider_sees_exactly_the_public_projects_that_live(
    benches: tuple[Bench, Bench], base_url: str
) -> None:
    own, neighbour = benches
    kept, updated = make_project(own.epci, title="Chaufferie"), make_project(neighbour.epci, title="Friche")
    gone, internal = make_project(own.epci, title="Retiré"), make_project(own.epci, title="Interne")
    for bench, project in ((own, kept), (neighbour, updated), (own, gone)):
        await bench.tell(project, fact="created")
    await own.tell(internal, fact="created", visibility=Visibility.TERRITORY)
    await neighbour.tell(changed(updated, version=2, title="Friche dépolluée"), fact="updated")
    await own.end(changed(gone, version=2))
    await own.publish()
    await neighbour.publish()

    projects = await read(base_url, own.bootstrap, own.epci, neighbour.epci)

    assert {(UUID(one["id"]), one["home_epci"], one["title"], one["version"]) for one in projects} == {
        (kept.id, own.epci, "Chaufferie", 1),
        (updated.id, neighbour.epci, "Friche dépolluée", 2),
    }


async def test_an_older_record_resurrects_nothing(benches: tuple[Bench, Bench], base_url: str) -> None:
    own, _ = benches
    project = make_project(own.epci)
    await own.tell(changed(project, version=3, title="Nouveau"))
    await own.tell(changed(project, version=2, title="Ancien"))
    await own.publish()

    assert [one["title"] for one in await read(base_url, own.bootstrap, own.epci)] == ["Nouveau"]


async def test_a_record_in_the_name_of_another_is_named(
    benches: tuple[Bench, Bench], base_url: str, bootstrap: str
) -> None:
    own, neighbour = benches
    topic = str(topic_of(Project, visibility=Visibility.PUBLIC, epci=own.epci))
    key = str(make_project(neighbour.epci).id).encode()
    given = {"specversion": b"1.0", "id": b"1", "source": b"/x", "type": b"x", "sequence": b"1", "subject": key}
    headers = [(f"ce_{name}", value) for name, value in {**given, "epci": neighbour.epci.encode()}.items()]
    await write(bootstrap, topic, [(key, b"{}", headers)])

    with pytest.raises(ContractBroken, match="au nom d’un autre"):
        await read(base_url, bootstrap, own.epci)


async def test_a_value_that_breaks_the_schema_is_named(
    benches: tuple[Bench, Bench], base_url: str, bootstrap: str
) -> None:
    own, _ = benches
    topic = str(topic_of(Project, visibility=Visibility.PUBLIC, epci=own.epci))
    key = str(make_project(own.epci).id).encode()
    given = {"specversion": b"1.0", "id": b"1", "source": b"/x", "type": b"x", "sequence": b"1", "subject": key}
    headers = [(f"ce_{name}", value) for name, value in {**given, "epci": own.epci.encode()}.items()]
    await write(bootstrap, topic, [(key, b'{"id": 7}', headers)])

    with pytest.raises(ContractBroken, match=r"\$"):
        await read(base_url, bootstrap, own.epci)


async def test_the_newest_channel_is_found_in_the_document(base_url: str) -> None:
    contract = await asyncio.to_thread(fetch_contract, base_url, visibility="public", aggregate="project")

    assert contract.pattern.fullmatch("ti.public.200010700.project.v1")
    assert not contract.pattern.fullmatch("ti.territory.200010700.project.v1")
    assert not contract.pattern.fullmatch("ti.public.200010700.project.v1.more")
    assert contract.schema["title"] == "Project"


async def test_a_missing_channel_is_named(base_url: str) -> None:
    with pytest.raises(ContractBroken, match="participation"):
        await asyncio.to_thread(fetch_contract, base_url, visibility="public", aggregate="participation")


def test_the_table_is_in_french() -> None:
    shown = StringIO()
    project = make_project("200010700").at(Visibility.PUBLIC) | {"stage": "delivery", "demo": True}
    Console(file=shown, width=160).print(table_of([project]))

    assert shown.getvalue().splitlines()[0].strip() == "1 projet public"
    assert "En réalisation" in shown.getvalue()
    assert "fictifs" in shown.getvalue()


def test_the_outsider_knows_nothing_of_our_code() -> None:
    tree = ast.parse(Path(reader.__file__).read_text("utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    }

    assert imported.isdisjoint({"services", "shared", ""})
