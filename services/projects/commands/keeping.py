"""Copies of what other EPCI tell are kept up: newest state only, deleted ones marked."""

from collections.abc import Sequence
from typing import Any

from services.projects.commands.telling import index
from services.projects.models import (
    IndexColumns,
    KnownCall,
    KnownParticipation,
    KnownProgramme,
    KnownProject,
    Project,
)
from services.projects.queries.portfolio import list_unindexed
from services.projects.rules.indexing import index_of
from shared.contracts import projects as wire
from shared.contracts.projects import Answer
from shared.db.session import Session, origin_of
from shared.identity.access import Scope
from shared.messaging.known import keep_known
from shared.messaging.registry import Record

_BATCH = 100


async def keep_projects(session: Session, records: Sequence[Record[wire.Project]]) -> None:
    """Hold the newest state of each project of the territory, own ones included."""
    own = origin_of(session).epci

    def columns(record: Record[Any]) -> dict[str, Any]:
        return _project_columns(record.state, own=own)

    await keep_known(session, KnownProject, records, more=columns)


async def keep_participations(session: Session, records: Sequence[Record[wire.Participation]]) -> None:
    """Hold the newest answer of each partner; one that is deleted left, and stays bound to its project and round."""
    told = [record for record in records if record.state is not None]
    gone = [record for record in records if record.state is None]
    for batch in (told, gone):
        await keep_known(session, KnownParticipation, batch, more=_answer_columns)


async def keep_programmes(session: Session, records: Sequence[Record[wire.Programme]]) -> None:
    """Hold the newest state of each programme of the territory."""
    await keep_known(session, KnownProgramme, records)


async def keep_calls(session: Session, records: Sequence[Record[wire.Call]]) -> None:
    """Hold the open calls of the territory."""
    await keep_known(session, KnownCall, records)


async def index_old_rows(session: Session, scope: Scope) -> int:
    """Compute by what projects are found that an older release wrote; return how many.

    Copies are written here too, by nobody else: their state says everything, so that a rebuild would write the same.
    """
    own = await list_unindexed(session, scope, Project, limit=_BATCH)
    heard = await list_unindexed(session, scope, KnownProject, limit=_BATCH)
    for project in own:
        index(project)
        session.add(project)
    for known in heard:
        state = wire.Project.model_validate_json(known.state)
        for name, value in _project_columns(state, own=scope.epci).items():
            setattr(known, name, value)
        session.add(known)
    await session.flush()
    return len(own) + len(heard)


_GONE: dict[str, Any] = {
    name: KnownProject.model_fields[name].get_default()
    for name in (
        "stage", "axis", "kind", "visibility", "health", "planned_end", "total_cost_ht", "own_status", "own_role",
        "own_round", *IndexColumns.model_fields,
    )
}  # fmt: skip
"""What is left of a project that is gone: nothing by which it could be found."""


def _project_columns(state: wire.Project | None, *, own: str) -> dict[str, Any]:
    if state is None:
        return _GONE
    mine = next((one for one in state.participants if one.siren == own), None)
    return {
        "stage": str(state.stage),
        "axis": str(state.axis) if state.axis else None,
        "kind": str(state.kind),
        "visibility": str(state.visibility),
        "health": str(state.health),
        "planned_end": state.planned_end,
        "total_cost_ht": state.totals.total_cost_ht,
        "own_status": str(mine.status) if mine else None,
        "own_role": str(mine.role) if mine else None,
        "own_round": mine.round if mine else 0,
        **index_of(state),
    }


def _answer_columns(record: Record[Any]) -> dict[str, Any]:
    state = record.state
    if state is None:
        return {"answer": Answer.LEFT.value}
    return {
        "project_id": state.project_id,
        "owner_siren": state.owner_siren,
        "answer": str(state.answer),
        "round": state.round,
    }
