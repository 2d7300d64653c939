"""The databases of an instance as commands open them, and the Kafka it speaks to."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from uuid import UUID

from services.host import SERVICES
from shared.db.engine import Database
from shared.db.migrate import head, require_known, revision
from shared.db.session import Origin
from shared.db.trouble import AWAY
from shared.errors import Conflict, Invalid, Unavailable
from shared.messaging.embedded.errors import NeverStarted
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.heartbeat import incarnate
from shared.service import RunningService
from shared.settings import InstanceSettings, KafkaAccess
from shared.territory.members import Territory

MIGRATE = "Lancez l’instance, ou «\u00a0estuaire migrate\u00a0»."


async def chosen(services: Sequence[str] | None, settings: InstanceSettings) -> list[str]:
    """Return the names of the services asked for; when none is, of all that have run here.

    Raises:
        Invalid: names the unknown ones.
        Unavailable: a database does not answer.
    """
    unknown = sorted(set(services or ()) - set(SERVICES))
    if unknown:
        raise Invalid(f"Service inconnu\u00a0: {', '.join(unknown)}. Choisissez parmi {', '.join(SERVICES)}.")
    return list(services or [name for name in SERVICES if await _has_run(name, settings)])


async def _has_run(name: str, settings: InstanceSettings) -> bool:
    async with Database(settings.database_url(name)) as database:
        return await revision_of(database, name) is not None


@contextmanager
def answering(name: str) -> Iterator[None]:
    """Say in one sentence that a database does not answer.

    Raises:
        Unavailable: it does not, within the block.
    """
    try:
        yield
    except AWAY as away:
        raise Unavailable(f"La base {name} ne répond pas.", retry_after=5) from away


async def revision_of(database: Database, name: str) -> str | None:
    """Return the revision of a database; ``None`` when its service has never run here: PostgreSQL has it all the same.

    Raises:
        Unavailable: it does not answer.
    """
    with answering(name):
        return None if database.is_missing else await revision(database)


async def require_current(database: Database, name: str, *, package: str) -> None:
    """Return if a database has the tables of this version: a command changes none beside an instance that runs.

    Raises:
        Conflict: it has older ones, newer ones, or none; says what to do.
        Unavailable: it does not answer.
    """
    found = await revision_of(database, name)
    if found is None:
        raise Conflict(f"La base {name} n’existe pas encore. {MIGRATE}")
    require_known(package, found, name=name)
    if found != head(package):
        raise Conflict(f"La base {name} n’a pas les tables de cette version. {MIGRATE}")


@asynccontextmanager
async def opened(
    names: Sequence[str], settings: InstanceSettings, territory: Territory
) -> AsyncIterator[list[RunningService]]:
    """Open the databases of services, with who speaks through them.

    Raises:
        Invalid: a backup was put back in part only.
        Conflict: a database has other tables than this version, or none.
        Unavailable: a database does not answer.
    """
    settings.require_whole()
    settings.prepare_data_dir()
    services = [RunningService(SERVICES[name], Database(settings.database_url(name))) for name in names]
    try:
        for service in services:
            await require_current(service.database, service.manifest.name, package=service.manifest.package)
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
