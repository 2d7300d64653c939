"""Two EPCI side by side: instances as in production, on the Kafka of the run, and the mailbox of everybody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from services.demo.children import Instances
from services.demo.doors import Door, Ledger
from services.demo.mailbox import Mailbox
from services.demo.places import Grounds, Place
from services.demo.story.links import wait_for_link
from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.identity.access import Role
from shared.identity.tokens import add_token
from shared.messaging.topology import Topology
from shared.ports import free_ports
from shared.settings import KafkaAccess
from shared.territory.members import Member, Territory
from tests.support.territory import make_territory, random_siren
from tests.support.waiting import eventually

# The third one has no instance: it is silent.
NAMES = (("BSA", "Boucle de Seine Agglo"), ("CCPC", "Communauté de communes des Plateaux de Caux"), ("VY", "Val d’Ys"))
ROLES = (Role.AGENT, Role.COORDINATOR)


@dataclass(frozen=True)
class World:
    """Our instance, that of a neighbour, and where all mails arrive."""

    own: Door
    neighbour: Door
    mailbox: Mailbox

    async def link(self, address: str, path: str) -> str:
        """Return the newest link that holds ``path`` in a mail to ``address``, once it has come."""
        return await wait_for_link(self.mailbox, address, path=path)

    async def shows(self, *words: str) -> None:
        """Wait until our public page shows all of these words."""

        async def shown() -> bool:
            text = (await self.own.send("GET", "/", role="visitor")).text
            return all(word in text for word in words)

        await eventually(shown, within=30, what=f"{words} on our public page")


@asynccontextmanager
async def living_world(folder: Path, bootstrap: str) -> AsyncIterator[World]:
    """Start two empty instances, and stop them."""
    async with AsyncExitStack() as stack:
        mailbox = Mailbox(folder / "mails")
        await mailbox.start()
        stack.push_async_callback(mailbox.stop)
        grounds = await _settle(folder, smtp_port=mailbox.smtp_port)
        instances = Instances(grounds)
        instances.open()
        stack.push_async_callback(instances.stop)
        await asyncio.to_thread(_make_topics, bootstrap, grounds.territory)
        await asyncio.to_thread(instances.start_all, bootstrap)
        await instances.all_ready()
        own, neighbour = [await stack.enter_async_context(Door(place, Ledger())) for place in grounds.places]
        yield World(own, neighbour, mailbox)


def _make_topics(bootstrap: str, territory: Territory) -> None:
    topology = Topology(KafkaAccess(bootstrap))
    topology.apply(topology.plan(territory.sirens))


async def _settle(folder: Path, *, smtp_port: int) -> Grounds:
    """Lay out the folder, with a place for each EPCI that has an instance."""
    territory, file = await asyncio.to_thread(_lay_out, folder)
    places = [await _place(folder / member.code, member) for member in territory.members[:2]]
    return Grounds(folder, file, territory, tuple(places), smtp_port, mailbox_port=0)


def _lay_out(folder: Path) -> tuple[Territory, Path]:
    ports = free_ports(len(NAMES))
    drawn = make_territory([random_siren() for _ in NAMES], base_urls=[f"http://127.0.0.1:{port}" for port in ports])
    named = [
        member.model_copy(update={"code": code, "name": name})
        for member, (code, name) in zip(drawn, NAMES, strict=True)
    ]
    territory = Territory(code="ESSAI", name="Boucles et Plateaux", members=tuple(named))
    for member in territory:
        (folder / member.code).mkdir()
    file = folder / "territory.yaml"
    file.write_text(yaml.safe_dump(territory.model_dump(mode="json"), allow_unicode=True), encoding="utf-8")
    return territory, file


async def _place(folder: Path, member: Member) -> Place:
    """Make the tokens of one EPCI, as an operator does before its instance is used."""
    database = Database(f"sqlite+aiosqlite:///{folder / 'identity'}.sqlite")
    await upgrade(database, package="shared.identity")
    async with database.transaction() as session:
        tokens = {one.value: (await add_token(session, name="essai", epci=member.siren, role=one))[1] for one in ROLES}
    await database.close()
    port = int(member.base_url.rpartition(":")[2])
    return Place(member.code, member.siren, member.name, member.base_url, port, folder, tokens)
