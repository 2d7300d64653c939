"""The state of the backbone of one instance, for operators and the demo."""

from typing import Any

from fastapi import Request
from pydantic import BaseModel
from sqlmodel import col, func, select

from shared.http.guards import Router
from shared.identity.access import Right
from shared.instance.running import SOFTWARE, Instance
from shared.service import RunningService

router = Router(prefix="/api/v1", tags=["status"])


class ServiceStatus(BaseModel):
    """One service: what waits, what is stuck, how far each topic was applied."""

    service: str
    leading: bool
    recorded: int
    backlog: int
    blocked: int
    positions: dict[str, dict[str, int]]


class InstanceStatus(BaseModel):
    """One instance."""

    epci: str
    software: str
    bootstrap: str
    kafka: str
    services: list[ServiceStatus]


@router.read("/status", right=Right.OPERATE)
async def get_status(request: Request) -> InstanceStatus:
    """Say what waits to be published and how far every topic was applied."""
    instance: Instance = request.app.state.instance
    return InstanceStatus(
        epci=instance.settings.siren,
        software=SOFTWARE,
        bootstrap=instance.bootstrap,
        kafka="connected" if await instance.hears_kafka() else "away",
        services=[await _status(service, instance) for service in instance.services],
    )


async def _status(service: RunningService, instance: Instance) -> ServiceStatus:
    tables = service.manifest.tables
    outbox, waiting = tables.outbox, col(tables.outbox.published_at).is_(None)
    counts = select(
        func.count(),
        func.count().filter(waiting),
        func.count().filter(waiting, col(outbox.blocked_at).is_not(None)),
    ).select_from(outbox)
    async with service.database.reading() as session:
        recorded, backlog, blocked = (await session.exec(counts)).one()
        positions: dict[str, dict[str, Any]] = {}
        for row in (await session.exec(select(tables.positions))).all():
            positions.setdefault(row.group, {})[row.topic] = row.next_offset
    return ServiceStatus(
        service=service.manifest.name,
        leading=instance.leaders[service.manifest.name].leading,
        recorded=recorded,
        backlog=backlog,
        blocked=blocked,
        positions=positions,
    )
