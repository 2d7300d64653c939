"""Make the projections of a service anew from the topics, beside the live ones, then exchange them at once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import DBAPIError

from shared import crash
from shared.db.engine import Database
from shared.db.scratch import twin
from shared.db.trouble import is_transient
from shared.errors import Unavailable
from shared.messaging.delivery import DeadLetter, Delivery, Transient, group_of
from shared.messaging.kafka import LogReader
from shared.messaging.replay.exchange import Exchanged, Subject, exchange
from shared.settings import KafkaAccess

log = structlog.get_logger(__name__)

MOST = 1000
BUSY_PAUSE = 0.1
BUSY_TRIES = 300

Progress = Callable[[int, int], None]
"""Told how many offsets are read, of how many."""


def silent(_read: int, _of: int) -> None:
    """Tell nothing."""


@dataclass
class Report:
    """What a rebuild did."""

    records: int = 0
    refused: int = 0
    tables: list[Exchanged] = field(default_factory=list)


async def rebuild(subject: Subject, clusters: Sequence[KafkaAccess], *, progress: Progress = silent) -> Report:
    """Read every topic that the projector hears, from its first record, into a twin; then exchange the rows.

    The live projector goes on meanwhile. Rows are exchanged only once the twin has applied all that the live tables
    have, in one transaction that nobody else writes during.

    Raises:
        Unavailable: Kafka or the database does not answer, or the live tables were never free.
        Conflict: another process is at it.
    """
    report = Report()
    async with (
        twin(subject.database, subject.metadata) as built,
        LogReader(*clusters, client_id=f"{subject.epci}.{subject.service}.rebuild") as reader,
    ):
        heard = subject.consumers.heard("projector").topics(own=subject.epci, members=subject.members)
        there = await reader.topics()
        await reader.follow([topic for topic in heard if topic in there])
        delivery = _delivery(subject, built, report)
        tries = 0
        while True:
            ends = await _read_on(subject, reader, delivery, report, progress=progress)
            crash.point("rebuild.before_swap")
            exchanged = await _try_exchange(subject, reader.positions, ends)
            if exchanged is not None:
                crash.point("rebuild.after_swap")
                report.tables = exchanged
                log.info("projections_rebuilt", service=subject.service, records=report.records)
                return report
            tries += 1
            if tries > BUSY_TRIES:
                raise Unavailable("La base est trop occupée pour échanger les tables. Réessayez.", retry_after=60)
            await asyncio.sleep(BUSY_PAUSE)


def _delivery(subject: Subject, built: Database, report: Report) -> Delivery:
    async def count(letter: DeadLetter) -> None:
        # The live projector has set it aside already, or will: what its breaker holds is read here all the same.
        report.refused += 1

    return Delivery(
        epci=subject.epci,
        database=built,
        tables=subject.tables,
        consumers=subject.consumers,
        members=subject.members,
        bury=count,
        anew=True,
    )


async def _read_on(
    subject: Subject, reader: LogReader, delivery: Delivery, report: Report, *, progress: Progress
) -> Mapping[str, int]:
    """Apply everything up to the present ends of the topics, and return these."""
    group = group_of(subject.epci, subject.service, "projector")
    ends = await reader.ends()
    starts, total = sum(reader.positions.values()), sum(ends.values())
    async for records in reader.up_to(ends, most=MOST):
        try:
            await delivery.project(group, records)
        except Transient as away:
            raise Unavailable("La base est trop occupée, ou Kafka ne répond pas. Réessayez.", retry_after=60) from away
        report.records += len(records)
        progress(sum(reader.positions.values()) - starts, total - starts)
    return ends


async def _try_exchange(
    subject: Subject, positions: Mapping[str, int], ends: Mapping[str, int]
) -> list[Exchanged] | None:
    """Exchange the rows if the twin is as far as the live tables and nobody else is at them."""
    try:
        return await exchange(subject, positions, ends)
    except DBAPIError as error:
        if not is_transient(error):
            raise
        log.info("exchange_put_off", service=subject.service, error=type(error).__name__)
        return None
