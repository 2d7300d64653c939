"""One service opened beside an instance, running or not: its database, its tables, its way to Kafka."""

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, NoReturn
from uuid import UUID

import typer

from services.cli.settings import read_settings
from services.host import SERVICES
from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.db.session import Origin
from shared.errors import NotFound, Unavailable
from shared.messaging.delivery import DeadLetter, Delivery
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.heartbeat import incarnate
from shared.messaging.registry import dead_letter_topic
from shared.service import Service
from shared.settings import InstanceSettings, KafkaAccess
from shared.territory.members import read_territory

ServiceName = Annotated[str, typer.Argument(help="projects, contacts, events ou notifications.")]
Offset = Annotated[int, typer.Argument(min=0, help="Numéro dans la liste.")]


@dataclass(frozen=True)
class Opened:
    """One service of this instance, for a command."""

    settings: InstanceSettings
    manifest: Service
    database: Database
    delivery: Delivery

    @property
    def dead_letters(self) -> str:
        """Name the topic of what this service has set aside."""
        return str(dead_letter_topic(self.manifest.name, epci=self.settings.siren))

    def access(self) -> KafkaAccess:
        """Return how Kafka is reached.

        Raises:
            Unavailable: no address is set, and the local node does not run.
        """
        if self.settings.territory_bootstrap:
            return KafkaAccess(self.settings.territory_bootstrap)
        node = LocalKafka(self.settings.data_dir / "kafka")
        if not node.running:
            raise Unavailable(f"Le nœud Kafka de {node.folder} est arrêté. Démarrez l’instance ou le nœud.")
        return KafkaAccess(node.bootstrap)


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[Opened]:
    """Open a service of this instance, its database brought up to date.

    Raises:
        NotFound: there is no such service.
    """
    if name not in SERVICES:
        raise NotFound(f"«\u00a0{name}\u00a0» n’est pas un service\u00a0: {', '.join(SERVICES)}.")
    settings, manifest = read_settings(), SERVICES[name]
    territory = read_territory(settings.territory_file)
    settings.prepare_data_dir()
    database = Database(settings.database_url(name))
    try:
        await upgrade(database, package=manifest.package)
        async with database.alone() as session:
            instance = UUID(await incarnate(session, manifest.tables))
        member = territory.member(settings.siren)
        database.origin = Origin(settings.siren, name, instance, settings.base_url, member.name)
        delivery = Delivery(
            epci=settings.siren,
            database=database,
            tables=manifest.tables,
            consumers=manifest.consumers,
            members=frozenset(territory.sirens),
            bury=_nowhere,
        )
        yield Opened(settings, manifest, database, delivery)
    finally:
        await database.close()


def operator() -> str:
    """Name who gives this command: the account of the machine."""
    return f"cli:{getpass.getuser()}"[:60]


async def _nowhere(letter: DeadLetter) -> NoReturn:
    raise Unavailable("Une commande ne met rien de côté.")
