"""What a service forgets by itself: rows that did their work long ago, so that no table grows for ever."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col

from shared.clock import now
from shared.jobs import Jobs, Work
from shared.messaging.heartbeat import beat
from shared.service import Service

# Published rows can be sent again for two weeks; an inbox must outlive the cut-off of reactors by far.
PUBLISHED = timedelta(days=14)
INBOX = timedelta(days=60)
ANSWERS = timedelta(days=7)
HOUR = 3600.0
PARKED_SECONDS = 5.0


def with_upkeep(
    manifest: Service, *, heartbeat_seconds: float, software: str, replay_parked: Callable[[], Awaitable[int]]
) -> Jobs:
    """Return the jobs of a service, its sign of life, its forgetting and its second tries added."""
    jobs = replace(manifest.jobs, ticking=list(manifest.jobs.ticking))

    # Woken by commits it would answer each heartbeat it hears with one of its own.
    @jobs.every(seconds=heartbeat_seconds, woken=False)
    async def send_heartbeat(work: Work) -> int:
        async with work.transaction() as session:
            await beat(session, manifest.tables, software=software)
        return 0

    @jobs.every(seconds=PARKED_SECONDS, woken=False)
    async def try_parked_again(work: Work) -> int:
        return await replay_parked()

    @jobs.every(seconds=HOUR, woken=False)
    async def forget_old_rows(work: Work) -> int:
        await forget(work, manifest)
        return 0

    return jobs


async def forget(work: Work, manifest: Service) -> None:
    """Delete published rows, acted-upon messages, failed tries and kept answers that are past their time."""
    tables, answers = manifest.tables, manifest.answers
    async with work.transaction() as session:
        for statement in (
            delete(tables.outbox).where(col(tables.outbox.published_at) < now() - PUBLISHED),
            delete(tables.inbox).where(col(tables.inbox.received_at) < now() - INBOX),
            delete(tables.attempts).where(col(tables.attempts.first_at) < now() - INBOX),
            delete(answers).where(col(answers.kept_at) < now() - ANSWERS),
        ):
            await session.exec(statement)
