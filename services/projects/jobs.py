"""Door of the clock: answers are compared, health follows the calendar."""

from services.projects.commands import calls, fiche, importing, keeping, moves, portfolio, sharing, submissions
from services.projects.queries import imports, participations, projects
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


@jobs.every(seconds=60, woken=False)
async def close_calls(work: Work) -> int:
    """Close the calls whose time is over, and tell which close soon."""
    scope = instance_scope(work.settings.siren)
    async with work.transaction() as session:
        return await calls.close_due_calls(session, scope) + await calls.tell_closing_calls(session, scope)


@jobs.every(seconds=3600, woken=False)
async def forget_proposers(work: Work) -> int:
    """Forget who made proposals that were decided upon long ago."""
    async with work.transaction() as session:
        return await submissions.forget_proposers(session, instance_scope(work.settings.siren))


@jobs.every(seconds=30, woken=False)
async def index_old_rows(work: Work) -> int:
    """Compute by what projects are found that an older release wrote."""
    async with work.transaction() as session:
        return await keeping.index_old_rows(session, instance_scope(work.settings.siren))


@jobs.every(seconds=3600, woken=False)
async def take_snapshots(work: Work) -> int:
    """Write down the money of the last month’s end, once."""
    async with work.transaction() as session:
        return await portfolio.take_snapshots(session, instance_scope(work.settings.siren))


@jobs.every(seconds=5)
async def apply_imports(work: Work) -> int:
    """See to the next lines of an import that is being applied or taken back."""
    scope = instance_scope(work.settings.siren)
    async with work.reading() as session:
        if await imports.find_under_way(session, scope) is None:
            return 0
    async with work.transaction() as session:
        return await importing.go_on(session, scope, territory=work.territory)


@jobs.every(seconds=3600, woken=False)
async def forget_files(work: Work) -> int:
    """Forget the rows of imports that nobody touched for a month."""
    async with work.transaction() as session:
        return await importing.forget_files(session, instance_scope(work.settings.siren))
