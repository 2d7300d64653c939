"""What a service forgets by itself: rows that did their work long ago, so that no table grows for ever."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col

from shared.clock import now
from shared.jobs import Jobs, Work
from shared.messaging.heartbeat import beat
from shared.messaging.restating import forget_superseded
from shared.service import Service

# An inbox must outlive the cut-off of reactors by far.
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
    """Delete what is past its time: published rows that later ones replace, acted-upon messages, tries, answers."""
    tables, answers = manifest.tables, manifest.answers
    async with work.transaction() as session:
        await forget_superseded(session, tables.outbox)
        for statement in (
            delete(tables.inbox).where(col(tables.inbox.received_at) < now() - INBOX),
            delete(tables.attempts).where(col(tables.attempts.first_at) < now() - INBOX),
            delete(answers).where(col(answers.kept_at) < now() - ANSWERS),
        ):
            await session.exec(statement)
