"""Copies of what other EPCI tell are kept up: newest state only, deleted ones marked."""

from collections.abc import Sequence
from typing import Any

from services.projects.models import KnownParticipation, KnownProject
from shared.contracts import projects as wire
from shared.contracts.projects import Answer
from shared.db.session import Session, origin_of
from shared.messaging.known import keep_known
from shared.messaging.registry import Record


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


def _project_columns(state: wire.Project | None, *, own: str) -> dict[str, Any]:
    mine = None if state is None else next((one for one in state.participants if one.siren == own), None)
    return {
        "stage": str(state.stage) if state else "",
        "axis": str(state.axis) if state and state.axis else None,
        "kind": str(state.kind) if state else "",
        "visibility": str(state.visibility) if state else "",
        "own_status": str(mine.status) if mine else None,
        "own_role": str(mine.role) if mine else None,
        "own_round": mine.round if mine else 0,
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
