"""One service behind one PostgreSQL in two processes, as an operator with many users runs it."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from shared.messaging.topology import Topology
from shared.outbound import plain_client
from shared.territory.members import Territory
from tests.support.broker import free_port
from tests.support.databases import Store
from tests.support.instances import Served, environment, serving
from tests.support.topics import dump
from tests.support.waiting import eventually

EACH = 20


@pytest.fixture
async def replicas(
    stores: dict[str, Store], tmp_path: Path, bootstrap: str, territory: Territory, topics: Topology
) -> AsyncIterator[list[Served]]:
    """Run ``estuaire serve projects`` twice behind one database."""
    packages = {"PROJECTS": "services.projects", "IDENTITY": "shared.identity"}
    shared_by_both = {
        f"ESTUAIRE_{name}_DATABASE_URL": (await stores["postgresql"].url(package, folder=tmp_path, name=name)).replace(
            "+asyncpg", ""
        )
        for name, package in packages.items()
    } | {"ESTUAIRE_SECRET_KEY": secrets.token_urlsafe(48)}
    with ExitStack() as stack:
        running: list[Served] = []
        for name in ("one", "two"):
            folder = tmp_path / name
            await asyncio.to_thread(folder.mkdir)
            settings = environment(territory, folder, bootstrap=bootstrap, port=free_port()) | shared_by_both
            token = running[0].token if running else ""
            running.append(stack.enter_context(serving(settings, folder, "projects", token=token)))
        for one in running:
            await eventually(one.answers, within=60)
        yield running
    await stores["postgresql"].drop()


async def leads(served: Served) -> bool:
    (service,) = (await served.get("/api/v1/status")).json()["services"]
    return bool(service["leading"])


async def backlog(served: Served) -> int:
    (service,) = (await served.get("/api/v1/status")).json()["services"]
    return int(service["backlog"])


async def one_leads(replicas: list[Served]) -> Served | None:
    leading = [one for one in replicas if await leads(one)]
    assert len(leading) < 2, "two lead one database"
    return leading[0] if leading else None


async def log_changes(replicas: list[Served]) -> set[str]:
    """Log projects at every replica at once; return their ids."""
    asked = [
        one.post("/api/v1/projects", {"title": f"Réplique {number}", "kind": "study"})
        for number in range(EACH)
        for one in replicas
    ]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {201}
    return {answer.json()["id"] for answer in answers}


async def published(bootstrap: str, territory: Territory) -> list[tuple[str, int]]:
    records = await dump(bootstrap, f"ti.territory.{territory.sirens[0]}.project.v1")
    return [(str(one.key.decode()), int(json.loads(one.value)["version"])) for one in records]


async def test_two_replicas_share_the_work_and_one_takes_over_from_the_other(
    replicas: list[Served], bootstrap: str, territory: Territory
) -> None:
    leader = await eventually(lambda: one_leads(replicas), within=30)
    assert leader is not None
    (other,) = [one for one in replicas if one is not leader]
    ids = await log_changes(replicas)
    assert len(ids) == 2 * EACH

    async def all_left() -> bool:
        return await backlog(other) == 0

    await eventually(all_left, within=20)
    seen = await asyncio.gather(*(one.get("/api/v1/projects?limit=200") for one in replicas))
    assert [len(answer.json()["items"]) for answer in seen] == [2 * EACH, 2 * EACH]

    leader.process.kill()
    await eventually(lambda: leads(other), within=30)
    ids |= await log_changes([other])
    await eventually(all_left, within=20)

    told = await published(bootstrap, territory)
    assert {key for key, _ in told} == ids
    newest: dict[str, int] = {}
    for key, version in told:
        assert version >= newest.get(key, 0), "the log went back"
        newest[key] = version


async def test_what_is_done_at_one_replica_is_heard_by_the_pages_of_the_other(replicas: list[Served]) -> None:
    leader = await eventually(lambda: one_leads(replicas), within=30)
    (other,) = [one for one in replicas if one is not leader]
    heard: list[list[str]] = [[], []]

    async def listen(served: Served, lines: list[str]) -> None:
        async with plain_client(served.url) as client, client.stream("GET", "/en-direct") as stream:
            async for line in stream.aiter_lines():
                lines.append(line)

    async with AsyncExitStack() as stack:
        for served, lines in zip(replicas, heard, strict=True):
            task = asyncio.create_task(listen(served, lines))
            stack.callback(task.cancel)
        await asyncio.sleep(0.5)
        wanted: dict[str, object] = {"title": "Entendu partout", "kind": "study", "visibility": "public"}
        project = (await other.post("/api/v1/projects", wanted)).json()["id"]

        async def both_heard() -> bool:
            return all(any(project in line for line in lines) for lines in heard)

        await eventually(both_heard, within=20)
