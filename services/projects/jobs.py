"""Door of the clock: answers are compared, health follows the calendar."""

from services.projects.commands import fiche, moves, sharing
from services.projects.queries import participations, projects
from shared.identity.access import instance_scope
from shared.jobs import Jobs, Work

jobs = Jobs()


@jobs.every(seconds=30)
async def reconcile_participations(work: Work) -> int:
    """Publish where own projects differ from what partners said."""
    scope = instance_scope(work.settings.siren)
    async with work.reading() as session:
        if not await participations.list_stale(session, scope):
            return 0
    async with work.transaction() as session:
        return await sharing.reconcile_participations(session, scope)


@jobs.every(seconds=300)
async def refresh_health(work: Work) -> int:
    """Publish the health that the calendar changed."""
    scope = instance_scope(work.settings.siren)
    async with work.reading() as session:
        if not await projects.has_unchecked(session, scope):
            return 0
    async with work.transaction() as session:
        return await moves.refresh_health(session, scope)


@jobs.every(seconds=2)
async def confirm_withdrawals(work: Work) -> int:
    """Say that a fiche is gone from wider readers once Kafka has it so."""
    scope = instance_scope(work.settings.siren)
    async with work.reading() as session:
        if not await projects.list_withdrawing(session, scope):
            return 0
    async with work.transaction() as session:
        return await fiche.confirm_withdrawals(session, scope)
