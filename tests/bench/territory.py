"""Real instances of a territory, forked as the demo forks them, and one started as an operator does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import psutil
import yaml

from services.demo.children import Instances
from services.demo.places import Grounds, Place
from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.identity.access import Role
from shared.identity.tokens import add_token
from shared.messaging.topology import Topology
from shared.ports import free_ports
from shared.settings import KafkaAccess
from tests.support.territory import make_territory, random_siren

ROLE = Role.COORDINATOR
CALM = 0.12


async def grounds(folder: Path, *, epci: int, running: int) -> Grounds:
    """Lay out a territory of ``epci`` members, the first ``running`` of which will have an instance."""
    ports = free_ports(running)
    sirens = list(dict.fromkeys(random_siren() for _ in range(epci * 2)))[:epci]
    urls = [f"http://127.0.0.1:{port}" for port in [*ports, *range(60_000, 60_000 + epci - running)]]
    territory = make_territory(sirens, base_urls=urls)
    file = folder / "territory.yaml"
    await asyncio.to_thread(file.write_text, yaml.safe_dump(territory.model_dump(mode="json")), encoding="utf-8")
    places = []
    for member, port in zip(territory.members, ports, strict=False):
        own = folder / member.code
        own.mkdir()
        tokens = {ROLE.value: await token(own, siren=member.siren)}
        places.append(Place(member.code, member.siren, member.name, member.base_url, port, own, tokens))
    return Grounds(folder, file, territory, tuple(places), smtp_port=1, mailbox_port=1)


async def token(folder: Path, *, siren: str) -> str:
    """Make the secret that opens the API of an instance before it starts, as ``estuaire tokens add`` does."""
    database = Database(f"sqlite+aiosqlite:///{folder / 'identity'}.sqlite")
    try:
        await upgrade(database, package="shared.identity")
        async with database.transaction() as session:
            return (await add_token(session, name="bench", epci=siren, role=ROLE))[1]
    finally:
        await database.close()


def make_topics(bootstrap: str, sirens: list[str]) -> int:
    """Create the topics of EPCI as an operator does; return how many."""
    topology = Topology(KafkaAccess(bootstrap), patience=60)
    return topology.apply(topology.plan(sirens))


class Forked(Instances):
    """Instances whose processes can be looked at."""

    def process(self, place: Place) -> psutil.Process:
        """Return the process of one instance."""
        return self._children[place.code]


@asynccontextmanager
async def instances(ground: Grounds, bootstrap: str) -> AsyncIterator[Forked]:
    """Run the instances of a territory, all of them ready."""
    await asyncio.to_thread(make_topics, bootstrap, [place.siren for place in ground.places])
    running = Forked(ground)
    running.open()
    try:
        await asyncio.to_thread(running.start_all, bootstrap)
        await running.all_ready()
        yield running
    finally:
        await running.stop()


async def settled(processes: Sequence[psutil.Process], *, within_s: float = 60) -> None:
    """Wait, within bounds, until processes have done what they were busy with: a second at an eighth of a core each."""
    deadline = monotonic() + within_s
    while monotonic() < deadline:
        before = used(processes)
        await asyncio.sleep(1)
        if used(processes) - before < CALM * len(processes):
            return


def used(processes: Sequence[psutil.Process]) -> float:
    """Return the processor seconds that processes have used together."""
    times = [process.cpu_times() for process in processes]
    return sum(one.user + one.system for one in times)
