"""One service opened beside an instance, running or not: its database, its tables, its way to Kafka."""

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, NoReturn

import typer

from services.cli import databases
from services.cli.settings import read_settings
from shared.db.engine import Database
from shared.errors import Unavailable
from shared.messaging.delivery import DeadLetter, Delivery
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
        """Return how the topics of what is set aside are reached; they are private.

        Raises:
            Unavailable: no address is set, and the local node does not run.
        """
        return databases.clusters_of(self.settings)[-1]


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[Opened]:
    """Open a service of this instance.

    Raises:
        Invalid: there is no such service.
        Conflict: its database is not there, or not at the revision of this version.
    """
    settings = read_settings()
    territory = read_territory(settings.territory_file)
    async with databases.opened(await databases.chosen([name], settings), settings, territory) as [service]:
        manifest = service.manifest
        delivery = Delivery(
            epci=settings.siren,
            database=service.database,
            tables=manifest.tables,
            consumers=manifest.consumers,
            members=frozenset(territory.sirens),
            bury=_nowhere,
        )
        yield Opened(settings, manifest, service.database, delivery)


def operator() -> str:
    """Name who gives this command: the account of the machine."""
    return f"cli:{getpass.getuser()}"[:60]


async def _nowhere(letter: DeadLetter) -> NoReturn:
    raise Unavailable("Une commande ne met rien de côté.")
