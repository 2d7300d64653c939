"""The databases of an instance as commands open them, and the Kafka it speaks to."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from services.host import SERVICES
from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.db.session import Origin
from shared.errors import Invalid, Unavailable
from shared.messaging.embedded.errors import NeverStarted
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.heartbeat import incarnate
from shared.service import RunningService
from shared.settings import InstanceSettings, KafkaAccess
from shared.territory.members import Territory


def chosen(services: Sequence[str] | None, settings: InstanceSettings) -> list[str]:
    """Return the names of the services asked for; when none is, of all that have a database here.

    Raises:
        Invalid: names the unknown ones.
    """
    unknown = sorted(set(services or ()) - set(SERVICES))
    if unknown:
        raise Invalid(f"Service inconnu\u00a0: {', '.join(unknown)}. Choisissez parmi {', '.join(SERVICES)}.")
    return list(services or [name for name in SERVICES if is_here(name, settings)])


def is_here(name: str, settings: InstanceSettings) -> bool:
    """Tell whether a database is of this instance: an instance of one service has no others."""
    return not Database(settings.database_url(name)).is_missing


@asynccontextmanager
async def opened(
    names: Sequence[str], settings: InstanceSettings, territory: Territory
) -> AsyncIterator[list[RunningService]]:
    """Open the databases of services, brought up to date, with who speaks through them."""
    settings.prepare_data_dir()
    services = [RunningService(SERVICES[name], Database(settings.database_url(name))) for name in names]
    try:
        for service in services:
            await upgrade(service.database, package=service.manifest.package)
            service.database.origin = await _origin(service, settings, territory)
        yield services
    finally:
        for service in services:
            await service.database.close()


async def _origin(service: RunningService, settings: InstanceSettings, territory: Territory) -> Origin:
    async with service.database.alone() as session:
        instance = await incarnate(session, service.manifest.tables)
    return Origin(
        epci=settings.siren,
        service=service.manifest.name,
        instance=UUID(instance),
        base_url=settings.base_url,
        name=territory.member(settings.siren).name,
    )


def clusters_of(settings: InstanceSettings) -> list[KafkaAccess]:
    """Return the ways to every cluster of the instance, that of its private topics last.

    Raises:
        Unavailable: no cluster is named, and the node of the data folder does not run.
    """
    if settings.territory_bootstrap:
        return settings.clusters()
    node = LocalKafka(settings.data_dir / "kafka")
    with suppress(NeverStarted):
        if node.running:
            return settings.clusters(node.bootstrap)
    raise Unavailable("Kafka est arrêté. Lancez l’instance, ou «\u00a0estuaire kafka start\u00a0».")
