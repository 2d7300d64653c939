"""What the agenda does by itself: end holds and offers, tell of seats, end events, close forgotten sheets."""

from collections.abc import Awaitable, Callable

from services.events.commands import telling, upkeep
from services.events.queries.timing import count_timed, list_withdrawing
from shared.clock import now
from shared.db.session import Session
from shared.identity.access import Scope, instance_scope
from shared.jobs import Jobs, Work

jobs = Jobs()

_DUTIES: tuple[Callable[[Session, Scope], Awaitable[int]], ...] = (
    upkeep.expire_due,
    telling.tell_due_seats,
    upkeep.end_events,
    upkeep.close_forgotten_sheets,
)


@jobs.every(seconds=2)
async def keep_time(work: Work) -> int:
    """Do what has become due, each duty in a transaction of its own; a quiet tick only reads."""
    scope = instance_scope(work.settings.siren)
    async with work.reading() as session:
        if not await count_timed(session, scope, at=now()):
            return 0
    done = 0
    for duty in _DUTIES:
        async with work.transaction() as session:
            done += await duty(session, scope)
    return done


@jobs.every(seconds=2)
async def confirm_withdrawals(work: Work) -> int:
    """Say that an event is gone from wider readers once Kafka has it so."""
    scope = instance_scope(work.settings.siren)
    async with work.reading() as session:
        if not await list_withdrawing(session, scope):
            return 0
    async with work.transaction() as session:
        return await telling.confirm_withdrawals(session, scope)
