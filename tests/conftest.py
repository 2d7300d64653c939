"""What every test may use: the Kafka of the run, EPCI of its own, a clock that can be moved."""

import pytest

from shared.messaging.topology import Topology
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.support.broker import Broker, NoKafka, find_broker
from tests.support.territory import make_territory, random_siren

_BROKER = pytest.StashKey[Broker]()
_GIVEN = "estuaire_bootstrap"


def pytest_configure(config: pytest.Config) -> None:
    """Find or start Kafka once, in the process that controls the run."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    try:
        config.stash[_BROKER] = find_broker()
    except NoKafka as refused:
        pytest.exit(str(refused), returncode=3)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Hand the address to a parallel worker."""
    node.workerinput[_GIVEN] = node.config.stash[_BROKER].bootstrap  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the Kafka of the run."""
    broker = config.stash.get(_BROKER, None)
    if broker is not None:
        broker.stop()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which Kafka is tested against."""
    broker = config.stash.get(_BROKER, None)
    return f"kafka: {broker.how} at {broker.bootstrap}" if broker else None


@pytest.fixture(scope="session")
def bootstrap(request: pytest.FixtureRequest) -> str:
    """Address of the Kafka of this run."""
    given = getattr(request.config, "workerinput", {})
    return str(given[_GIVEN]) if _GIVEN in given else request.config.stash[_BROKER].bootstrap


@pytest.fixture
def siren() -> str:
    """SIREN of an EPCI of this test alone."""
    return random_siren()


@pytest.fixture
def territory(siren: str) -> Territory:
    """Return a territory of three EPCI, the first of which is ``siren``."""
    return make_territory([siren, random_siren(), random_siren()])


@pytest.fixture
def topics(bootstrap: str, territory: Territory) -> Topology:
    """Create the topics of the territory, as in production."""
    topology = Topology(KafkaAccess(bootstrap))
    topology.apply(topology.plan(territory.sirens))
    return topology
