"""What tests of recovery ask of the test service: its state as one number, and a rebuild of it."""

import json
from collections.abc import Sequence
from hashlib import sha256

from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.db.leading import Leadership
from shared.messaging.known import Projection
from shared.messaging.recorder import WAKE_RELAY
from shared.messaging.registry import topic_of
from shared.messaging.replay.exchange import Subject
from shared.messaging.replay.rebuild import Report, rebuild
from shared.settings import KafkaAccess
from tests.support.backbone import SERVICE, TABLES, Base, Bench, KnownProject, Outbox, make_consumers


def told_by(epci: str) -> str:
    """Return the topic in which an EPCI tells the territory of its projects."""
    return str(topic_of(Project, visibility=Visibility.TERRITORY, epci=epci))


def subject(bench: Bench) -> Subject:
    """Return the test service as a rebuild sees it."""
    return Subject(
        epci=bench.epci,
        service=SERVICE,
        database=bench.database,
        metadata=Base.metadata,
        tables=TABLES,
        consumers=make_consumers(),
        projections=(Projection(KnownProject),),
        members=bench.members,
    )


async def rebuilt(bench: Bench) -> Report:
    """Make the projections of the test service anew."""
    return await rebuild(subject(bench), [KafkaAccess(bench.bootstrap)])


async def state_hash(bench: Bench) -> str:
    """Return SHA-256 over the copies that are not deleted, as canonical JSON in order of their keys."""
    rows: Sequence[KnownProject] = await bench.rows(KnownProject)
    known = sorted((row.home_epci, str(row.id), row.version, json.loads(row.state)) for row in rows if not row.deleted)
    return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


async def versions(bench: Bench) -> dict[str, int]:
    """Return the version of each copy that is not deleted, by its id."""
    return {str(row.id): row.version for row in await bench.rows(KnownProject) if not row.deleted}


async def newest(bench: Bench) -> dict[str, int]:
    """Return the last version of each key that a bench has told the territory."""
    rows = [row for row in await bench.rows(Outbox) if row.topic == told_by(bench.epci)]
    return {row.key: row.aggregate_version for row in sorted(rows, key=lambda row: row.aggregate_version)}


async def publishing(bench: Bench) -> None:
    """Publish as an instance does, woken by each commit, until cancelled."""
    async with Leadership(bench.database) as leader:
        relay = bench.relay(leader)
        bench.database.info[WAKE_RELAY] = relay.wake
        await relay.run()
