"""The Kafka of a test run: an address given, a container, or the local node; without one the run fails."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from shared.messaging.embedded.errors import LocalKafkaError
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.kafka import acknowledges
from shared.ports import free_ports
from tests.support.engines import docker_answers

KAFKA = "4.3.1"
REPAIR = (
    "No Kafka for the tests. Repair: run `make setup` (brings Java and Kafka into your cache), or start a Docker "
    "engine, or set ESTUAIRE_TEST_BOOTSTRAP to a Kafka of yours."
)


class NoKafka(Exception):
    """Every way was tried; the message says which, and how to repair."""


@dataclass
class Broker:
    """A Kafka that answers, where it comes from, and how to end it."""

    bootstrap: str
    how: str
    stop: Callable[[], None] = field(default=lambda: None)


def find_broker() -> Broker:
    """Return a Kafka for this run, by ``ESTUAIRE_TEST_KAFKA`` = auto, external, container or local.

    Raises:
        NoKafka: none of the ways allowed gave one.
    """
    wanted = os.environ.get("ESTUAIRE_TEST_KAFKA", "auto")
    ways = {"external": _external, "container": _container, "local": _local}
    if wanted not in {"auto", *ways}:
        raise NoKafka(f"ESTUAIRE_TEST_KAFKA={wanted} is none of auto, {', '.join(ways)}.")
    tried = []
    for name in ways if wanted == "auto" else [wanted]:
        found = ways[name]()
        if isinstance(found, Broker):
            return found
        tried.append(f"{name}: {found}")
    raise NoKafka(f"{REPAIR}\nTried {'; '.join(tried)}")


def _external() -> Broker | str:
    bootstrap = os.environ.get("ESTUAIRE_TEST_BOOTSTRAP", "")
    if not bootstrap:
        return "ESTUAIRE_TEST_BOOTSTRAP is not set"
    return Broker(bootstrap, "external") if asyncio.run(acknowledges(bootstrap)) else f"{bootstrap} does not answer"


def _container() -> Broker | str:
    if not docker_answers():
        return "no Docker engine answers"
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - a second, for machines with an engine

    port = free_port()
    container = DockerContainer(f"apache/kafka:{KAFKA}").with_bind_ports(9092, port)
    for name, value in _container_settings(port).items():
        container = container.with_env(name, value)
    container.start()
    broker = Broker(f"127.0.0.1:{port}", f"container apache/kafka:{KAFKA}", container.stop)
    deadline = time.monotonic() + 90
    while not asyncio.run(acknowledges(broker.bootstrap)):
        if time.monotonic() > deadline:
            container.stop()
            return "the container did not become ready within 90 s"
    return broker


def _container_settings(port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://localhost:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
    }


def _local() -> Broker | str:
    folder = Path(tempfile.mkdtemp(prefix="estuaire-kafka-"))
    node = LocalKafka(folder)
    try:
        asyncio.run(node.start(probe=acknowledges))
    except LocalKafkaError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return str(error)

    def stop() -> None:
        asyncio.run(node.stop())
        shutil.rmtree(folder, ignore_errors=True)

    return Broker(node.bootstrap, f"local node {KAFKA}", stop)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on, and that no outgoing connection is lent meanwhile."""
    return free_ports(1)[0]
