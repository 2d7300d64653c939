"""The state of the backbone of one instance, for operators and the demo."""

from collections.abc import Sequence

from fastapi import Request

from shared.http.guards import Router
from shared.identity.access import Right
from shared.instance.report import Report, attention
from shared.instance.running import SOFTWARE, Instance
from shared.instance.state import ServiceState

router = Router(prefix="/api/v1", tags=["status"])


class ServiceStatus(ServiceState):
    """One service; ``leading`` says that it is the process asked which publishes."""

    leading: bool
    held: str
    """Why nothing of it is published, in French; empty when nothing holds it."""


class InstanceStatus(Report):
    """One instance, asked while it runs."""

    services: Sequence[ServiceStatus]


@router.read("/status", right=Right.OPERATE)
async def get_status(request: Request) -> InstanceStatus:
    """Say what waits to be published, how far every topic was applied, and what needs somebody."""
    instance: Instance = request.app.state.instance
    found, held = await instance.examine(), instance.recovery.held()
    return InstanceStatus(
        epci=instance.settings.siren,
        software=SOFTWARE,
        bootstrap=instance.bootstrap,
        kafka="connected" if await instance.hears_kafka() else "away",
        services=[
            ServiceStatus(
                **one.model_dump(), leading=instance.leaders[one.service].leading, held=held.get(one.service, "")
            )
            for one in found.services
        ],
        peers=found.peers,
        attention=attention(found, epci=instance.settings.siren),
    )
