"""The Kafka of a run: one node or three, a listener per EPCI, each behind proxies of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from shared.messaging.embedded.node import LocalKafka
from shared.messaging.embedded.storage import Shape, cluster_id
from shared.messaging.kafka import acknowledges, answers
from shared.messaging.topology import Topology
from shared.ports import free_ports
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.chaos.guard import Guard, few_threads
from tests.chaos.proxy import CLEAR, HOST, Proxy, Weather
from tests.support.waiting import eventually

COPIES = {"single": 1, "trio": 3, "secured": 1}
READY_SECONDS = 300  # three nodes that begin at once, on a machine that is busy


@dataclass
class Cluster:
    """Nodes, and the way of each EPCI to them; clients of ours use the listener that nothing stands before."""

    folder: Path
    territory: Territory
    layout: str = "single"
    guard: Guard | None = field(default=None, init=False)
    """Who asks at the door for a name and a password, in the layout ``secured``."""
    nodes: list[LocalKafka] = field(default_factory=list, init=False)
    proxies: dict[str, list[Proxy]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Choose every port; nothing listens yet.

        Raises:
            KeyError: a layout that is not known.
        """
        copies, sirens = COPIES[self.layout], self.territory.sirens
        self.guard = Guard(self.folder / "guard") if self.layout == "secured" else None
        controllers, cluster = free_ports(copies), cluster_id()
        outer, inner = _grid(sirens, copies), _grid(sirens, copies)
        for number in range(copies):
            doors = {f"E{siren}": (inner[siren][number], outer[siren][number]) for siren in sirens}
            shape = Shape(_properties(number, controllers, doors), (), cluster, controllers[number])
            shape = self.guard.shape(doors) if self.guard else shape
            self.nodes.append(LocalKafka(self.folder / f"node{number + 1}", shape=shape))
        for siren in sirens:
            ways = zip(outer[siren], inner[siren], strict=True)
            self.proxies[siren] = [Proxy(*ports, sealed=self.guard is not None) for ports in ways]

    @property
    def copies(self) -> int:
        """How many copies of each topic there are."""
        return len(self.nodes)

    @property
    def inside(self) -> str:
        """The address for the tools of a run."""
        return ",".join(node.bootstrap for node in self.nodes)

    @property
    def access(self) -> KafkaAccess:
        """The way in for the tools of a run."""
        return self.guard.access(self.inside) if self.guard else KafkaAccess(self.inside)

    def environment(self, siren: str) -> dict[str, str]:
        """Return the settings by which one EPCI comes in."""
        address = ",".join(f"{HOST}:{proxy.port}" for proxy in self.proxies[siren])
        return {"ESTUAIRE_TERRITORY_BOOTSTRAP": address, **(self.guard.environment(siren) if self.guard else {})}

    async def start(self) -> None:
        """Start everything and make the topics of the territory."""
        for proxy in self._all_proxies():
            await proxy.start()
        await asyncio.gather(*(self._start(node) for node in self.nodes))
        if self.guard:
            await self.guard.let_in(self.nodes[0], self.territory)
            return
        topology = await asyncio.to_thread(Topology, self.access, replicas=self.copies)
        plan = await asyncio.to_thread(topology.plan, self.territory.sirens)
        await asyncio.to_thread(topology.apply, plan)

    async def stop(self) -> None:
        """Stop everything; three nodes stop together, the last one alone would wait for the others."""
        for proxy in self._all_proxies():
            await proxy.stop()
        for number in range(self.copies):
            self.resume(number)
        await asyncio.gather(*(node.stop() for node in self.nodes))

    def kill(self, number: int) -> None:
        """End one node at once."""
        self.nodes[number].kill()

    async def restart(self, number: int) -> None:
        """Start one node again on what it had, unless it runs."""
        if not self.nodes[number].running:
            await self._start(self.nodes[number])

    async def is_back(self) -> bool:
        """Tell whether every node runs and answers."""
        alive = all(node.running for node in self.nodes)
        return alive and all([await answers(replace(self.access, bootstrap=node.bootstrap)) for node in self.nodes])

    async def heal(self) -> None:
        """Bring every node and every way back."""
        for proxy in self._all_proxies():
            proxy.change(CLEAR)
        for number in range(self.copies):
            self.resume(number)
        await asyncio.gather(*(self.restart(number) for number in range(self.copies)))
        await eventually(self.is_back, within=READY_SECONDS, what="Kafka is back")

    def pause(self, number: int) -> None:
        """Suspend one node, as a machine out of breath."""
        self._process(number).suspend()

    def resume(self, number: int) -> None:
        """Let a suspended node go on; nothing happens if it does not run."""
        if self.nodes[number].running:
            self._process(number).resume()

    def change_weather(self, siren: str, weather: Weather) -> None:
        """Let another weather begin between one EPCI and Kafka."""
        for proxy in self.proxies[siren]:
            proxy.change(weather)

    def resident_mb(self) -> dict[str, int]:
        """Return the memory of each node, in MiB."""
        return {node.folder.name: node.resident_mb() for node in self.nodes}

    def _process(self, number: int) -> psutil.Process:
        return psutil.Process(self.nodes[number].pid)

    def _all_proxies(self) -> list[Proxy]:
        return [proxy for proxies in self.proxies.values() for proxy in proxies]

    async def _start(self, node: LocalKafka) -> None:
        # A record can only be acknowledged once enough nodes are there: of three, each is taken at its word.
        probe = self.guard.acknowledges if self.guard else acknowledges
        await node.start(probe=probe if self.copies == 1 else None, within_s=READY_SECONDS)


def _grid(sirens: Sequence[str], copies: int) -> dict[str, list[int]]:
    drawn = free_ports(len(sirens) * copies)
    return {siren: drawn[at * copies : (at + 1) * copies] for at, siren in enumerate(sirens)}


def _properties(number: int, controllers: Sequence[int], doors: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """Return the settings of one node: a listener per EPCI, each told to clients under the port of its proxy."""
    copies = len(controllers)
    base = f"PLAINTEXT://{HOST}:$broker_port"
    properties = {
        "node.id": str(number + 1),
        "controller.quorum.voters": ",".join(f"{at}@{HOST}:{port}" for at, port in enumerate(controllers, start=1)),
        "listeners": ",".join(
            [base, f"CONTROLLER://{HOST}:$controller_port"]
            + [f"{name}://{HOST}:{inner}" for name, (inner, _) in doors.items()]
        ),
        "advertised.listeners": ",".join([base] + [f"{name}://{HOST}:{outer}" for name, (_, outer) in doors.items()]),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *doors)),
        **few_threads(doors),
    }
    if copies > 1:
        properties |= {
            "default.replication.factor": str(copies),
            "min.insync.replicas": str(copies - 1),
            "offsets.topic.replication.factor": str(copies),
            "transaction.state.log.replication.factor": str(copies),
            "transaction.state.log.min.isr": str(copies - 1),
            "share.coordinator.state.topic.replication.factor": str(copies),
            "share.coordinator.state.topic.min.isr": str(copies - 1),
        }
    return properties
