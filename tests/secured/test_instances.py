"""Instances on a secured cluster: they log in, meet, keep private topics at home, and outlive a right withdrawn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from sqlmodel import SQLModel, select

from services.notifications.models import KnownPerson
from shared.db.engine import Database
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.kafka import acknowledges
from shared.messaging.topology import TopologyFile
from shared.messaging.topology.acls import add, bindings, remove
from shared.messaging.topology.client import admin_client
from shared.messaging.topology.rights import Right
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.support.broker import free_port
from tests.support.contacts import person_body
from tests.support.guests import Hosted, host
from tests.support.instances import Served, environment, estuaire, serving
from tests.support.secured import Secured
from tests.support.territory import make_territory, random_siren
from tests.support.waiting import eventually

LOCAL = {"private_elsewhere": True}
# Two instances start and stop here, each with all of its groups.
pytestmark = pytest.mark.timeout(400)


@dataclass
class Running:
    """Instances of a territory, in its order."""

    hosted: Hosted
    served: list[Served]
    local: LocalKafka

    async def ready(self, number: int = 0) -> bool:
        """Tell whether one of them hears Kafka."""
        return bool((await self.served[number].get("/readyz")).json()["status"] == "ready")

    async def shows(self, title: str, *, at: int) -> bool:
        """Tell whether an instance knows a project of this title."""
        return title in (await self.served[at].get("/api/v1/projects")).text

    async def tell(self, title: str, *, at: int) -> None:
        """Log a project that the territory may see."""
        body: dict[str, object] = {"title": title, "kind": "study", "visibility": "territory"}
        answer = await self.served[at].post("/api/v1/projects", body)
        assert answer.status_code == 201, answer.text


@pytest.fixture
def territory() -> Territory:
    """Return two EPCI."""
    return make_territory([random_siren(), random_siren()])


@pytest.fixture
async def hosted(secured: Secured, territory: Territory, tmp_path: Path) -> Hosted:
    """Return their cluster; the private topics of the first one are elsewhere."""
    said = {"replicas": 1, "operator": f"op-{territory.sirens[0]}"}
    said |= {"instances": [{"siren": territory.sirens[0]} | LOCAL]}
    return await host(secured, territory, TopologyFile.model_validate(said), tmp_path / "passwords")


@pytest.fixture
async def running(hosted: Hosted, tmp_path: Path) -> AsyncIterator[Running]:
    """Run both instances, the first with a node of its own for private topics."""
    local = LocalKafka(tmp_path / "local")
    await local.start(probe=acknowledges)
    with ExitStack() as stack:
        served = [stack.enter_context(_serving(hosted, number, local, tmp_path)) for number in range(2)]
        for one in served:
            await eventually(one.answers, within=90)
        yield Running(hosted, served, local)
    await local.stop()


def _serving(hosted: Hosted, number: int, local: LocalKafka, folder: Path) -> AbstractContextManager[Served]:
    place = folder / f"instance-{number}"
    place.mkdir()
    bootstrap = hosted.node.admin.bootstrap
    settings = environment(hosted.territory, place, bootstrap=bootstrap, port=free_port())
    siren = hosted.territory.sirens[number]
    user = hosted.file.user_of(siren)
    settings |= {"ESTUAIRE_SIREN": siren} | hosted.node.environment(user, hosted.password(user))
    if number == 0:
        settings["ESTUAIRE_LOCAL_BOOTSTRAP"] = local.bootstrap
    return serving(settings, place)


async def test_invariant_9_instances_log_in_meet_and_keep_private_topics_at_home(running: Running) -> None:
    for number in range(2):
        await eventually(lambda number=number: running.ready(number), within=90)  # type: ignore[misc]

    await running.tell("Chaufferie commune", at=0)
    await eventually(lambda: running.shows("Chaufferie commune", at=1), within=60)
    await running.tell("Quai fluvial", at=1)
    await eventually(lambda: running.shows("Quai fluvial", at=0), within=60)

    own = f"ti.private.{running.hosted.territory.sirens[0]}."
    shared = await asyncio.to_thread(
        lambda: set(admin_client(running.hosted.node.admin).list_topics(timeout=10).topics)
    )
    local = admin_client(KafkaAccess(running.local.bootstrap))
    at_home = await asyncio.to_thread(lambda: set(local.list_topics(timeout=10).topics))
    assert not [topic for topic in shared if topic.startswith(own)]
    assert len([topic for topic in at_home if topic.startswith(own)]) == 8
    assert not [topic for topic in at_home if topic.startswith(("ti.territory.", "ti.public."))]


async def test_commands_read_both_clusters_as_the_instance_does(running: Running, tmp_path: Path) -> None:
    """A rebuild that forgot the cluster of private topics would take what they told for gone."""
    for number in range(2):
        await eventually(lambda number=number: running.ready(number), within=90)  # type: ignore[misc]
    served = running.served[0]
    await running.tell("Quai fluvial", at=1)
    assert (await served.post("/api/v1/people", person_body())).status_code == 201
    await eventually(lambda: running.shows("Quai fluvial", at=0), within=60)
    before = await eventually(lambda: _known(tmp_path, KnownPerson), within=30)

    rebuilt = [estuaire(served.settings, "rebuild", service) for service in ("projects", "notifications")]

    assert [one.returncode for one in rebuilt] == [0, 0], rebuilt
    assert await _known(tmp_path, KnownPerson) == before
    assert await running.shows("Quai fluvial", at=0)
    assert "Rien n’est de côté" in estuaire(served.settings, "dlq", "list", "contacts").stdout


async def test_a_right_withdrawn_while_running_holds_rows_and_readers_until_it_is_back(running: Running) -> None:
    own, admin = running.hosted.territory.sirens[1], admin_client(running.hosted.node.admin)
    user = running.hosted.file.user_of(own)
    for number in range(2):
        await eventually(lambda number=number: running.ready(number), within=90)  # type: ignore[misc]
    rights = [Right(user, "topic", f"ti.territory.{own}.", "Write"), Right(user, "topic", "ti.territory.", "Read")]
    rights += [Right(user, "group", f"{own}.", "Read")]

    await asyncio.to_thread(_withdraw, admin, rights)
    await eventually(lambda: _forbidden(running.served[1]), within=60)
    await running.tell("Écrit sans droit", at=1)
    await running.tell("Lu sans droit", at=0)
    await eventually(lambda: _published(running.served[0]), within=60)
    await eventually(lambda: _says(running.served[1], "topic_forbidden"), within=60)
    alive = (await running.served[1].get("/healthz")).status_code
    unseen = (await running.shows("Écrit sans droit", at=0), await running.shows("Lu sans droit", at=1))
    await asyncio.to_thread(add, admin, rights, patience=10)

    assert (alive, unseen) == (200, (False, False))
    await eventually(lambda: running.shows("Lu sans droit", at=1), within=60)
    await eventually(lambda: running.shows("Écrit sans droit", at=0), within=60)
    await eventually(lambda: running.ready(1), within=30)


async def _known(folder: Path, table: type[SQLModel]) -> list[Any]:
    """Return the copies that the first instance keeps in notifications."""
    database = Database(f"sqlite+aiosqlite:///{folder / 'instance-0' / 'data' / 'notifications.sqlite'}")
    async with database.reading() as session:
        rows = list((await session.exec(select(table))).all())
    await database.close()
    return [row.model_dump() for row in rows]


async def _forbidden(served: Served) -> bool:
    return bool((await served.get("/readyz")).json()["kafka_troubles"] == ["forbidden"])


async def _published(served: Served) -> bool:
    status = (await served.get("/api/v1/status")).json()
    return all(one["backlog"] == 0 for one in status["services"])


async def _says(served: Served, event: str) -> bool:
    return event in (served.folder / "serve.log").read_text(encoding="utf-8")


def _withdraw(admin: AdminClient, rights: list[Right]) -> None:
    wanted = {(f"User:{one.user}", one.name, one.operation.upper()) for one in rights}
    found = bindings(admin, patience=10)
    gone = [one for one in found if (one.principal, one.name, str(one.operation).partition(".")[2]) in wanted]
    assert len(gone) == len(rights)
    remove(admin, gone, patience=10)
