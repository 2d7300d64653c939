"""What every test may use: the Kafka of the run, EPCI of its own, a clock that can be moved."""

from collections.abc import AsyncIterator, Iterator

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from shared.messaging.topology import Topology
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.support.broker import Broker, NoKafka, find_broker
from tests.support.cluster import forget
from tests.support.databases import Files, OnServer, Store
from tests.support.postgres import NoPostgres, Server, find_postgres
from tests.support.territory import make_territory, random_siren

# Folders whose tests start many processes; and others whose tests take long.
MANY = {"chaos", "demo", "journeys", "browser", "bench"}
LONG = {"recovery", "secured"}
_BROKER = pytest.StashKey[Broker]()
_POSTGRES = pytest.StashKey[Server]()
_GIVEN = "estuaire_bootstrap"
_GIVEN_POSTGRES = "estuaire_postgres"


def pytest_configure(config: pytest.Config) -> None:
    """Find or start Kafka and PostgreSQL once, in the process that controls the run."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    try:
        config.stash[_BROKER] = find_broker()
        config.stash[_POSTGRES] = find_postgres()
    except (NoKafka, NoPostgres) as refused:
        pytest_unconfigure(config)
        pytest.exit(str(refused), returncode=3)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Hand the addresses to a parallel worker."""
    node.workerinput[_GIVEN] = node.config.stash[_BROKER].bootstrap  # type: ignore[attr-defined]
    node.workerinput[_GIVEN_POSTGRES] = node.config.stash[_POSTGRES].url  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the Kafka and the PostgreSQL of the run."""
    for found in (config.stash.get(_BROKER, None), config.stash.get(_POSTGRES, None)):
        if found is not None:
            found.stop()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which Kafka and which PostgreSQL are tested against."""
    broker, postgres = config.stash.get(_BROKER, None), config.stash.get(_POSTGRES, None)
    if broker is None or postgres is None:
        return []
    return [f"kafka: {broker.how} at {broker.bootstrap}", f"postgresql: {postgres.how}"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes: at the end one worker would run them while the others wait.

    Those of one folder follow each other: what runs for a folder ends with it.
    """
    items.sort(key=lambda item: (not _is_of(item, MANY), not _is_of(item, LONG), item.path.parent))


def _is_of(item: pytest.Item, folders: set[str]) -> bool:
    return item.path.parent.name in folders


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Give each worker whole files, and one of them all that start many processes."""
    return ByFile(config, log)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it tells no types
    """Keeps the tests of one file together, and with them those of every other file whose tests start many processes.

    Two such at once would be late for anything.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "many" if file.split("/")[-2] in MANY else file


@pytest.fixture(scope="session")
def bootstrap(request: pytest.FixtureRequest) -> str:
    """Address of the Kafka of this run."""
    given = getattr(request.config, "workerinput", {})
    return str(given[_GIVEN]) if _GIVEN in given else request.config.stash[_BROKER].bootstrap


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> str:
    """Address of the PostgreSQL of this run, with the right to make databases."""
    given = getattr(request.config, "workerinput", {})
    return str(given[_GIVEN_POSTGRES]) if _GIVEN_POSTGRES in given else request.config.stash[_POSTGRES].url


@pytest.fixture(scope="session")
def stores(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Store]:
    """Where databases are made, by kind; templates are migrated once per process."""
    return {"sqlite": Files(tmp_path_factory.mktemp("templates")), "postgresql": OnServer(postgres)}


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, stores: dict[str, Store]) -> AsyncIterator[Store]:
    """Where the databases of a test are made: a test that stores runs on both."""
    chosen = stores[request.param]
    yield chosen
    await chosen.drop()


@pytest.fixture
def siren() -> str:
    """SIREN of an EPCI of this test alone."""
    return random_siren()


@pytest.fixture
def territory(siren: str) -> Territory:
    """Return a territory of three EPCI, the first of which is ``siren``."""
    return make_territory([siren, random_siren(), random_siren()])


@pytest.fixture
def topics(bootstrap: str, territory: Territory) -> Iterator[Topology]:
    """Create the topics of the territory, as in production."""
    topology = Topology(KafkaAccess(bootstrap))
    topology.apply(topology.plan(territory.sirens))
    yield topology
    forget(bootstrap, territory.sirens)
