"""The users of a secured territory, made as its operator makes them, and what they may then do."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.clock import today
from shared.messaging.kafka import Welcome, client_options, knock, quotas_of, set_quotas
from shared.messaging.topology import Guests, Topology, TopologyFile, principals_of
from shared.messaging.topology.users import password_file, password_in
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.support.secured import Secured
from tests.support.waiting import eventually


@dataclass(frozen=True)
class Hosted:
    """A territory on a secured node: topics, users, rights and quotas are as planned."""

    node: Secured
    territory: Territory
    file: TopologyFile
    passwords: Path

    def password(self, user: str) -> str:
        """Return the password of a user."""
        return password_in(password_file(self.passwords, user))

    def access(self, user: str) -> KafkaAccess:
        """Return the way in of a user."""
        return self.node.access(user, self.password(user))

    def of(self, siren: str) -> KafkaAccess:
        """Return the way in of an instance."""
        return self.access(self.file.user_of(siren))


async def host(
    node: Secured, territory: Territory, file: TopologyFile, passwords: Path, *, on: date | None = None
) -> Hosted:
    """Make what a territory needs on a secured node."""
    hosted = Hosted(node, territory, file, passwords)
    await arrange(hosted, by=node.admin, on=on)
    return hosted


async def arrange(hosted: Hosted, *, by: KafkaAccess, on: date | None = None) -> None:
    """Make a node as the files of a territory say, with the rights of ``by``."""
    topics, guests = Topology(by), Guests(by)
    elsewhere = [one.siren for one in hosted.file.instances if one.private_elsewhere]
    planned = await asyncio.to_thread(topics.plan, hosted.territory.sirens, private_elsewhere=elsewhere)
    await asyncio.to_thread(topics.apply, planned)
    principals = principals_of(hosted.territory, hosted.file, on=on or today())
    known = await quotas_of(by)
    plan = await asyncio.to_thread(lambda: guests.plan(principals, quotas=known))
    await asyncio.to_thread(lambda: guests.apply(plan, passwords=hosted.passwords))
    if plan.quotas:
        await set_quotas(by, plan.quotas, known=known)
    await eventually(lambda: _know_each_other(hosted))


async def _know_each_other(hosted: Hosted) -> bool:
    """Tell whether the node lets every instance in: it knows a user a while after it has said that it made it."""
    users = [hosted.file.user_of(siren) for siren in hosted.territory.sirens]
    there = [user for user in users if password_file(hosted.passwords, user).exists()]
    return all([await knock(hosted.access(user)) is Welcome.ANSWERS for user in there])


async def writes(access: KafkaAccess, topics: Sequence[str]) -> dict[str, str]:
    """Return what became of a record in each topic: nothing, or the kind of its refusal."""
    # Not idempotent: one who may write nowhere is refused as a whole before any topic is looked at.
    producer = AIOKafkaProducer(**client_options(access), acks="all", request_timeout_ms=5000)
    await producer.start()
    found = {}
    try:
        for topic in topics:
            try:
                await producer.send_and_wait(topic, b"{}", key=b"k")
                found[topic] = ""
            except KafkaError as refused:
                found[topic] = type(refused).__name__
    finally:
        await producer.stop()
    return found


async def reads(access: KafkaAccess, topics: Sequence[str]) -> dict[str, str]:
    """Return what became of reading each topic, none of them empty: nothing, or the kind of its refusal."""
    found = {}
    for topic in topics:
        consumer = AIOKafkaConsumer(topic, **client_options(access), auto_offset_reset="earliest")
        try:
            await consumer.start()
            await asyncio.wait_for(consumer.getone(), 10)
            found[topic] = ""
        except KafkaError as refused:
            found[topic] = type(refused).__name__
        finally:
            await consumer.stop()
    return found


async def joins(access: KafkaAccess, group: str, topic: str) -> str:
    """Return what became of joining a group and committing an offset there: nothing, or the kind of the refusal."""
    consumer = AIOKafkaConsumer(
        topic, **client_options(access), group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        await consumer.start()
        while not consumer.assignment():
            await consumer.getmany(timeout_ms=100)
        await consumer.commit({TopicPartition(topic, 0): 0})
    except KafkaError as refused:
        return type(refused).__name__
    finally:
        await consumer.stop()
    return ""
