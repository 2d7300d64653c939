"""Door of messages: what this service hears, from every EPCI of the territory."""

from collections.abc import Sequence

from services.projects.commands import keeping, sharing
from shared.contracts.projects import Call, Participation, Programme, Project
from shared.db.session import Session, origin_of
from shared.identity.access import instance_scope
from shared.messaging.registry import Consumers, Record

consumers = Consumers("projects")


@consumers.keeps(Project)
async def keep_projects(session: Session, records: Sequence[Record[Project]]) -> None:
    """Hold the newest state of each project of the territory."""
    await keeping.keep_projects(session, records)


@consumers.keeps(Participation)
async def keep_participations(session: Session, records: Sequence[Record[Participation]]) -> None:
    """Hold the newest answer of each partner."""
    await keeping.keep_participations(session, records)


@consumers.keeps(Programme)
async def keep_programmes(session: Session, records: Sequence[Record[Programme]]) -> None:
    """Hold the newest state of each programme of the territory."""
    await keeping.keep_programmes(session, records)


@consumers.keeps(Call)
async def keep_calls(session: Session, records: Sequence[Record[Call]]) -> None:
    """Hold the open calls of the territory."""
    await keeping.keep_calls(session, records)


# Within the cut-off: whatever is older, or was missed, the job finds.
@consumers.reacts_to(Participation)
async def hear_answer(session: Session, record: Record[Participation]) -> None:
    """Compare at once what is known of the project that was answered about; the job does the same a little later."""
    state = record.state
    scope = instance_scope(origin_of(session).epci)
    if state is not None and state.owner_siren == scope.epci:
        await sharing.reconcile_participations(session, scope, project_id=state.project_id)
