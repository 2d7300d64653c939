"""How each kind of fault is done, and undone."""

import asyncio
import random
import resource
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from confluent_kafka import KafkaException

from services.demo.places import Place
from shared.crash import POINTS
from tests.chaos.cluster import Cluster
from tests.chaos.grounds import Fleet
from tests.chaos.log import Log
from tests.chaos.nemesis.intruder import Intruder
from tests.chaos.nemesis.schedule import Fault
from tests.chaos.proxy import CLEAR, Trouble, Way, Weather
from tests.chaos.readers import readers_of
from tests.chaos.sink import Post
from tests.chaos.stores import Stores

CLOCKS = (3600.0, -3600.0, -86400.0)
WEATHERS = {
    "net.drop": Weather(Trouble.DROP),
    "net.drop_up": Weather(Trouble.DROP, Way.UP),
    "net.drop_down": Weather(Trouble.DROP, Way.DOWN),
    "net.reset": Weather(Trouble.RESET),
    "net.half_open": Weather(Trouble.HALF_OPEN),
    "net.delay": Weather(Trouble.DELAY, Way.BOTH, 0.4),
    "net.rate": Weather(Trouble.RATE, Way.BOTH, 20_000),
    "net.truncate": Weather(Trouble.TRUNCATE, Way.BOTH, 3000),
    "net.flip_up": Weather(Trouble.FLIP, Way.UP, 2),
    "net.flip_down": Weather(Trouble.FLIP, Way.DOWN, 2),
}
MOST_COPIES = 60
POISONS = 6
FORGET_TRIES = 20
# The others are crossed by commands, which no instance runs.
CROSSED = sorted(name for name in POINTS if not name.startswith(("rebuild.", "backup.", "restore.")))


@dataclass
class Stage:
    """Everything that can be hurt."""

    cluster: Cluster
    fleet: Fleet
    stores: Stores
    post: Post
    log: Log
    intruder: Intruder
    kafka: asyncio.Lock = field(default_factory=asyncio.Lock)
    database: asyncio.Lock = field(default_factory=asyncio.Lock)
    mail: asyncio.Lock = field(default_factory=asyncio.Lock)
    networks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def place(self, fault: Fault) -> Place:
        """Return the EPCI that a fault is aimed at."""
        return self.fleet.places[fault.place]


Doing = Callable[[Stage, Fault], Awaitable[str]]


async def kafka_kill(stage: Stage, fault: Fault) -> str:
    """Kill one node; start it again."""
    async with stage.kafka:
        stage.cluster.kill(fault.node)
        await asyncio.sleep(fault.seconds)
        await stage.cluster.restart(fault.node)
    return f"node {fault.node + 1}"


async def kafka_pause(stage: Stage, fault: Fault) -> str:
    """Suspend one node."""
    async with stage.kafka:
        stage.cluster.pause(fault.node)
        await asyncio.sleep(fault.seconds)
        stage.cluster.resume(fault.node)
    return f"node {fault.node + 1}"


async def kafka_gone(stage: Stage, fault: Fault) -> str:
    """Stop every node, one half of the times by killing it."""
    return await _several(stage, fault, range(stage.cluster.copies))


async def kafka_two(stage: Stage, fault: Fault) -> str:
    """Leave fewer copies in sync than a write needs."""
    others = [(fault.node + more) % stage.cluster.copies for more in (1, 2)]
    return await _several(stage, fault, others)


async def _several(stage: Stage, fault: Fault, numbers: list[int] | range) -> str:
    nodes = [stage.cluster.nodes[number] for number in numbers]
    async with stage.kafka:
        if fault.draw % 2:
            await asyncio.gather(*(node.stop() for node in nodes))
        for node in nodes:
            node.kill()
        await asyncio.sleep(fault.seconds)
        await asyncio.gather(*(stage.cluster.restart(number) for number in numbers))
    return f"{len(nodes)} nodes"


async def database_kill(stage: Stage, fault: Fault) -> str:
    """Kill the database server; start it again."""
    async with stage.database:
        await stage.stores.kill()
        await asyncio.sleep(fault.seconds)
        await stage.stores.restart()
    return stage.stores.name


async def instance_kill(stage: Stage, fault: Fault) -> str:
    """Kill an instance; start it again."""
    place = stage.place(fault)
    async with stage.fleet.alone(place):
        stage.fleet.kill(place)
        await asyncio.sleep(fault.seconds)
        await stage.fleet.back(place)
    return place.code


async def instance_crash(stage: Stage, fault: Fault) -> str:
    """Let an instance die at a line between a change and its effects; kill it if it does not come by in time."""
    place, chance = stage.place(fault), random.Random(fault.draw)  # noqa: S311 - no secret
    point = f"{chance.choice(CROSSED)}:{chance.randint(1, 4)}"
    async with stage.fleet.alone(place):
        stage.fleet.kill(place)
        await stage.fleet.back(place, crash_at=point)
        crashed = await stage.fleet.ended(place, within=fault.seconds)
        if not crashed:
            stage.fleet.kill(place)
        await stage.fleet.back(place)
    return f"{place.code} at {point}" if crashed else f"{place.code} not at {point}, killed"


async def instance_pause(stage: Stage, fault: Fault) -> str:
    """Suspend an instance, past the session of its consumers some of the times."""
    place = stage.place(fault)
    async with stage.fleet.alone(place):
        stage.fleet.process(place).suspend()
        await asyncio.sleep(fault.seconds)
        stage.fleet.process(place).resume()
    return place.code


async def instance_stop(stage: Stage, fault: Fault) -> str:
    """Ask an instance to stop; start it again."""
    place = stage.place(fault)
    async with stage.fleet.alone(place):
        ended = await stage.fleet.ask_to_stop(place)
        await asyncio.sleep(fault.seconds)
        await stage.fleet.back(place)
    return f"{place.code} stopped after {stage.fleet.stops[-1]:.1f} s" if ended else f"{place.code} had to be killed"


async def clock_wrong(stage: Stage, fault: Fault) -> str:
    """Let an instance live in another time for a while."""
    place, shift = stage.place(fault), CLOCKS[fault.draw % len(CLOCKS)]
    async with stage.fleet.alone(place):
        stage.fleet.kill(place)
        await stage.fleet.back(place, clock_s=shift)
        await asyncio.sleep(fault.seconds)
        stage.fleet.kill(place)
        await stage.fleet.back(place)
    return f"{place.code} {shift:+.0f} s"


async def disk_full(stage: Stage, fault: Fault) -> str:
    """Let no file of an instance grow, databases and log alike."""
    place = stage.place(fault)
    async with stage.fleet.alone(place):
        process = stage.fleet.process(place)
        _, hard = process.rlimit(resource.RLIMIT_FSIZE)
        process.rlimit(resource.RLIMIT_FSIZE, (4096, hard))
        await asyncio.sleep(fault.seconds)
        if stage.fleet.lives(place):
            process.rlimit(resource.RLIMIT_FSIZE, (hard, hard))
            return place.code
        await stage.fleet.back(place)
    return f"{place.code}, which died"


async def groups_forgotten(stage: Stage, fault: Fault) -> str:
    """Let Kafka forget how far an instance has read, as it does after a week away."""
    place = stage.place(fault)
    async with stage.fleet.alone(place):
        await stage.fleet.ask_to_stop(place)
        forgotten = [await _forget(stage, one.group) for one in readers_of([place.siren]) if one.epci == place.siren]
        await stage.fleet.back(place)
    return f"{place.code}, {sum(forgotten)} groups"


async def _forget(stage: Stage, group: str) -> bool:
    for _ in range(FORGET_TRIES):
        try:
            await asyncio.to_thread(stage.log.forget, group)
        except (KafkaException, TimeoutError):
            await asyncio.sleep(0.5)  # its members have not left yet, or Kafka is away
        else:
            return True
    return False


async def records_again(stage: Stage, fault: Fault) -> str:
    """Write records again, as they are."""
    place, chance = stage.place(fault), random.Random(fault.draw)  # noqa: S311 - no secret
    done = await stage.intruder.copy(place.siren, chance, most=MOST_COPIES)
    return f"{place.code}, {done} records"


async def records_poison(stage: Stage, fault: Fault) -> str:
    """Write what nobody may accept."""
    place, chance = stage.place(fault), random.Random(fault.draw)  # noqa: S311 - no secret
    done = await stage.intruder.poison(place.siren, chance, count=POISONS)
    return f"{place.code}, {done} records"


async def records_newer(stage: Stage, fault: Fault) -> str:
    """Write what a later version of ours may write."""
    place, chance = stage.place(fault), random.Random(fault.draw)  # noqa: S311 - no secret
    done = await stage.intruder.newer(place.siren, chance, count=2)
    return f"{place.code}, {done} records"


async def records_forged(stage: Stage, fault: Fault) -> str:
    """Write a neighbour’s project into the topic of an EPCI."""
    place, chance = stage.place(fault), random.Random(fault.draw)  # noqa: S311 - no secret
    victim = chance.choice([one for one in stage.fleet.places if one is not place])
    done = await stage.intruder.forge(place.siren, victim.siren, chance)
    return f"{place.code} as {victim.code}, {done} records"


async def post_away(stage: Stage, fault: Fault) -> str:
    """Take the mail relay away."""
    async with stage.mail:
        await stage.post.close()
        await asyncio.sleep(fault.seconds)
        await stage.post.open()
    return "relay"


async def net(stage: Stage, fault: Fault) -> str:
    """Hurt the way between one EPCI and Kafka."""
    place, weather = stage.place(fault), WEATHERS[fault.kind]
    async with stage.networks[place.siren]:
        stage.cluster.change_weather(place.siren, weather)
        await asyncio.sleep(fault.seconds)
        flipped = sum(proxy.flipped for proxy in stage.cluster.proxies[place.siren])
        stage.cluster.change_weather(place.siren, CLEAR)
    return f"{place.code}, {flipped} bits" if weather.trouble is Trouble.FLIP else place.code


DOINGS: dict[str, Doing] = {
    "kafka.kill": kafka_kill,
    "kafka.pause": kafka_pause,
    "kafka.stop": kafka_gone,
    "kafka.gone": kafka_gone,
    "kafka.two": kafka_two,
    "database.kill": database_kill,
    "instance.kill": instance_kill,
    "instance.crash": instance_crash,
    "instance.pause": instance_pause,
    "instance.stop": instance_stop,
    "records.again": records_again,
    "records.poison": records_poison,
    "records.newer": records_newer,
    "records.forged": records_forged,
    "groups.forgotten": groups_forgotten,
    "post.away": post_away,
    "clock.wrong": clock_wrong,
    "disk.full": disk_full,
    **dict.fromkeys(WEATHERS, net),
}
