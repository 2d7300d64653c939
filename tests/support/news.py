"""Builders of projects and agenda events as our other services tell them, and what the feed makes of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import col, select

from services.notifications.commands import entries
from services.notifications.models import Entry, OutboxMessage
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.events import AgendaEvent, EventType, Slot
from shared.contracts.projects import (
    Axis,
    Project,
)
from shared.ids import uuid7
from tests.support.notifications import Instance, record_of

START = datetime(2026, 12, 10, 7, 30, tzinfo=UTC)


def make_project(instance: Instance, **changes: object) -> Project:
    values: dict[str, object] = {
        "id": uuid7(),
        "home_epci": instance.siren,
        "version": 1,
        "updated_at": now(),
        "title": "École de production fictive",
        "visibility": Visibility.PUBLIC,
        "amounts_public": True,
        "axis": Axis.SKILLS_RECRUITMENT,
        "commune_insee": ("76114",),
    }
    return Project.model_validate(values | changes)


def make_event(instance: Instance, **changes: object) -> AgendaEvent:
    slot = Slot(id=uuid7(), start=START, end=START + timedelta(hours=2), commune="Vernon")
    values: dict[str, object] = {
        "id": uuid7(),
        "home_epci": instance.siren,
        "version": 1,
        "updated_at": now(),
        "type": EventType.PETIT_DEJEUNER,
        "title": "Petit-déjeuner cybersécurité",
        "summary": "Trente places pour les dirigeants de PME.",
        "slots": (slot,),
    }
    return AgendaEvent.model_validate(values | changes)


def moved(state: Any, **changes: object) -> Any:  # noqa: ANN401 - any state of the contracts
    return state.model_copy(update={"version": state.version + 1, **changes})


async def tell(instance: Instance, state: Any, fact: str, **how: Any) -> dict[str, Entry]:  # noqa: ANN401 - likewise
    """Tell a fact and return our entries by topic."""
    act = entries.tell_project if isinstance(state, Project) else entries.tell_event
    async with instance.database.transaction() as session:
        await act(session, instance.scope, record_of(state, fact=fact, **how))
    async with instance.database.reading() as session:
        return {entry.topic: entry for entry in (await session.exec(select(Entry))).all()}


async def outbox(instance: Instance) -> list[tuple[str, str, bool]]:
    """Return scope, fact and whether there is a value, of each row to be published."""
    async with instance.database.reading() as session:
        rows = (await session.exec(select(OutboxMessage).order_by(col(OutboxMessage.seq)))).all()
    return [(row.topic.split(".")[1], row.type.split(".")[3], row.payload is not None) for row in rows]
