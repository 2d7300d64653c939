"""Mails asked for: each order becomes one row, whatever happens to its message."""

from uuid import UUID

import structlog

from services.notifications.models import Delivery
from services.notifications.queries import deliveries
from services.notifications.rules.delivery import ORDER_LASTS, RESTORED, UNDERWAY, DeliveryState, Lane
from shared.clock import now
from shared.contracts.events import MailClass, MailOrder
from shared.db.session import Session, origin_of
from shared.identity.access import Scope
from shared.ids import uuid7
from shared.messaging.registry import Record

log = structlog.get_logger(__name__)


async def take_order(session: Session, scope: Scope, heard: Record[MailOrder]) -> Delivery | None:
    """Turn a mail order into a mail to be sent; a withdrawn one that has not left never will.

    An order heard a week late, republished, or told before the database was restored from a copy is kept as skipped:
    it is accounted for and mailed to nobody.
    """
    order = heard.state
    if order is None or heard.epci != scope.epci:
        return None
    known = await deliveries.find_order(session, scope, order_id=heard.id)
    if heard.fact == "withdrawn":
        return _drop(session, known)
    if known is not None or order.recipient is None:
        return known
    late = heard.republished or now() - heard.time > ORDER_LASTS
    if late:
        return order_mail(session, order, skipped="expired")
    restored = await deliveries.find_last_restore(session, scope)
    return order_mail(session, order, skipped=RESTORED if restored and heard.time < restored else "")


def order_mail(
    session: Session, order: MailOrder, *, skipped: str = "", subscription_id: UUID | None = None
) -> Delivery:
    """Add the row of one service mail.

    Args:
        session: the transaction of its cause.
        order: recipient and content.
        skipped: why it must not leave; empty when it may.
        subscription_id: whose confirmation it is: this service itself asks for it, so that nobody waits for a report,
            and its address is erased with the subscription.
    """
    delivery = Delivery(
        id=uuid7(),
        home_epci=origin_of(session).epci,
        lane=Lane.SERVICE,
        mail_class=MailClass.SERVICE,
        order_id=order.id if subscription_id is None else None,
        subscription_id=subscription_id,
        address=order.recipient or "",
        content=None if skipped else order.model_dump_json(),
        state=DeliveryState.SKIPPED if skipped else DeliveryState.PENDING,
        reason=skipped,
        deadline=order.expires_at or now() + ORDER_LASTS,
        settled_at=now() if skipped else None,
        created_at=now(),
        updated_at=now(),
    )
    session.add(delivery)
    log.info("mail_ordered", delivery_id=str(delivery.id), order_id=str(order.id))
    return delivery


def _drop(session: Session, delivery: Delivery | None) -> Delivery | None:
    """Stop a mail whose order was taken back, and forget what it said; one on its way stays."""
    if delivery is None or delivery.state is DeliveryState.SENDING or _is_reported_with_a_try_ahead(delivery):
        return delivery
    if delivery.state in UNDERWAY:
        delivery.state, delivery.reason, delivery.lease_owner = DeliveryState.SKIPPED, "withdrawn", None
        delivery.settled_at = now()
    delivery.content = None
    delivery.updated_at = now()
    session.add(delivery)
    return delivery


def _is_reported_with_a_try_ahead(delivery: Delivery) -> bool:
    """Tell whether the sender of the order took it back because we reported it uncertain: its second try stands."""
    return delivery.reports > 0 and (delivery.state in UNDERWAY or delivery.retry_at is not None)
