"""Mail orders as events gives them, and what became of them."""

import json
from uuid import UUID

from sqlmodel import col, select

from services.notifications.commands import orders, sending
from services.notifications.models import Delivery, OutboxMessage
from services.notifications.queries import deliveries
from services.notifications.rules.delivery import Lane
from shared.clock import now
from shared.contracts.events import MailOrder
from shared.ids import uuid7
from tests.support.notifications import (
    Instance,
    record_of,
)

TO = "maud@example.org"


def make_order(instance: Instance, **changes: object) -> MailOrder:
    values: dict[str, object] = {
        "id": uuid7(),
        "home_epci": instance.siren,
        "version": 1,
        "updated_at": now(),
        "recipient": TO,
        "subject": "Votre place au petit-déjeuner",
        "heading": "Votre place est réservée",
        "paragraphs": ("Rendez-vous le 10 décembre à 8 h 30.",),
    }
    return MailOrder.model_validate(values | changes)


async def order(instance: Instance, *, fact: str = "ordered", republished: bool = False, **changes: object) -> UUID:
    asked = make_order(instance, **changes)
    async with instance.database.transaction() as session:
        await orders.take_order(session, instance.scope, record_of(asked, fact=fact, republished=republished))
    return asked.id


async def delivery_of(instance: Instance, order_id: UUID) -> Delivery:
    async with instance.database.reading() as session:
        found = await deliveries.find_order(session, instance.scope, order_id=order_id)
    assert found is not None
    return found


async def reports(instance: Instance) -> list[tuple[int, str]]:
    """Return version and outcome of each report on an order."""
    async with instance.database.reading() as session:
        statement = select(OutboxMessage).where(col(OutboxMessage.topic).contains("delivery-report"))
        rows = (await session.exec(statement.order_by(col(OutboxMessage.seq)))).all()
    return [(row.aggregate_version, json.loads(row.payload or b"{}")["outcome"]) for row in rows]


async def lease(instance: Instance, *, lane: Lane = Lane.SERVICE, owner: str = "dead") -> list[UUID]:
    async with instance.database.transaction() as session:
        leased, _ = await sending.lease_mails(
            session, instance.scope, lane=lane, owner=owner, most=10, house=instance.house
        )
    return leased
