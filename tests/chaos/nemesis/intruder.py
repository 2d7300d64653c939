"""Records that no instance of ours wrote: copies, poison, forgeries, words of a newer version; each is marked."""

import asyncio
import random
from collections.abc import Sequence
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.ids import uuid7
from shared.messaging.kafka.access import client_options
from shared.messaging.kafka.ending import let_go
from shared.settings import KafkaAccess
from tests.chaos.log import Log, Logged
from tests.support.hostile import ACCEPTED, REFUSED
from tests.support.peer import Written

MARK = "x-chaos"
COPY, POISON, NEWER, FORGED = "copy", "poison", "newer", "forged"
PATIENCE = 20.0
LARGEST = 1_500_000
# Read by nobody’s handler: that they are there is enough.
SIGNS_OF_LIFE = ".heartbeat."


class Intruder:
    """Writes into topics through the listener that nothing stands before."""

    def __init__(self, log: Log, access: KafkaAccess) -> None:
        self._log = log
        self._access = access
        self.written = 0

    async def copy(self, siren: str, chance: random.Random, *, most: int) -> int:
        """Write records of one EPCI again, one to five times each, private ones too; return how many."""
        topics = await asyncio.to_thread(self._log.topics, [siren])
        fit = [name for name in topics if SIGNS_OF_LIFE not in name and "-dlq." not in name]
        found = await asyncio.to_thread(self._log.read, fit)
        records = [one for name in fit for one in found[name] if not one.header(MARK)]
        chosen = chance.sample(records, k=min(most // 3 + 1, len(records)))
        copies = [one for one in chosen for _ in range(chance.randint(1, 5))][:most]
        chance.shuffle(copies)
        return await self._write([(one.topic, _again(one, COPY)) for one in copies])

    async def poison(self, siren: str, chance: random.Random, *, count: int) -> int:
        """Write what nobody may accept into the topic of one EPCI; return how many."""
        topic, real = await self._projects(siren)
        if not real:
            return 0
        names = chance.choices(sorted(REFUSED), k=count)
        bad = [(topic, REFUSED[name][1](_new(chance.choice(real))).after(_mark(POISON, name))) for name in names]
        return await self._write(bad)

    async def newer(self, siren: str, chance: random.Random, *, count: int) -> int:
        """Write what a later version of ours may write of a project of one EPCI; return how many."""
        topic, real = await self._projects(siren)
        if not real:
            return 0
        names = chance.choices(sorted(ACCEPTED), k=count)
        return await self._write(
            [(topic, ACCEPTED[name](_new(chance.choice(real))).after(_mark(NEWER, name))) for name in names]
        )

    async def forge(self, siren: str, victim: str, chance: random.Random) -> int:
        """Write a project of ``victim`` into the topic of another EPCI, as if it were its own; return how many."""
        topic, real = await self._projects(siren)
        _, others = await self._projects(victim)
        if not real or not others:
            return 0
        stolen = chance.choice(others).key or b""
        return await self._write([(topic, _named(chance.choice(real), stolen.decode()).after(_mark(FORGED, "id")))])

    async def _projects(self, siren: str) -> tuple[str, list[Logged]]:
        topic = f"ti.territory.{siren}.project.v1"
        found = await asyncio.to_thread(self._log.read, [topic])
        return topic, [one for one in found[topic] if one.value and not one.header(MARK)]

    async def _write(self, records: Sequence[tuple[str, Written]]) -> int:
        """Write in order, within bounds; the marks tell later which have arrived."""
        producer = AIOKafkaProducer(
            **client_options(self._access), acks="all", max_request_size=LARGEST, enable_idempotence=True
        )
        done = 0
        try:
            async with asyncio.timeout(PATIENCE):
                await producer.start()
                for topic, one in records:
                    await producer.send_and_wait(topic, one.value, key=one.key, headers=list(one.headers))
                    done += 1
        except (KafkaError, TimeoutError):
            pass  # Kafka is hurt too: what has arrived is seen by its mark
        finally:
            self.written += done
            await let_go(producer)
        return done


def _mark(kind: str, name: str) -> tuple[str, bytes]:
    return MARK, f"{kind}:{name}".encode()


def _again(record: Logged, kind: str) -> Written:
    return Written(record.key, record.value, record.headers).after(_mark(kind, str(record.offset)))


def _new(real: Logged) -> Written:
    """Return a right record about a project that nobody knows, in the name of the same instance."""
    return _named(real, str(uuid7()))


def _named(real: Logged, project_id: str) -> Written:
    one = Written(project_id.encode(), real.value, real.headers)
    for name in ("ce_subject", "ce_partitionkey"):
        one = one.head(name, project_id.encode())
    one = one.head("ce_sequence", b"000000000001").head("ce_id", str(uuid7()).encode())
    return one.body(id=str(UUID(project_id)), version=1, title="Fiche de personne")
