"""What is forgotten of mails: at once of who leaves, in time of everybody; that a mail was sent stays."""

from uuid import UUID

from sqlmodel import col, select

from services.notifications.models import Delivery
from services.notifications.rules.delivery import MAIL_KEPT
from shared.clock import now
from shared.db.session import Session
from shared.identity.access import Scope

BATCH = 500


def empty_mail(delivery: Delivery) -> None:
    """Take address, content and the relay’s words out of a row; its id stands in for the address, which is unique.

    A row without an address is not tried again.
    """
    delivery.address, delivery.content, delivery.answer = str(delivery.id), None, ""
    delivery.retry_at = None


async def forget_letters(session: Session, scope: Scope, *, subscription_id: UUID) -> None:
    """Empty the settled letters and confirmations of one reader; those under way are emptied when they are settled.

    Each row is locked: one being settled at this moment is either seen here, or sees the reader gone.
    """
    statement = select(Delivery).where(Delivery.subscription_id == subscription_id, col(Delivery.address).contains("@"))
    for delivery in await session.exec(statement.order_by(col(Delivery.id)).with_for_update()):
        if delivery.settled_at is not None:
            empty_mail(delivery)
            session.add(delivery)


async def forget_old_mails(session: Session, scope: Scope) -> int:
    """Empty some of the mails settled long ago; return how many."""
    statement = select(Delivery).where(
        col(Delivery.settled_at) < now() - MAIL_KEPT, col(Delivery.address).contains("@")
    )
    old = (await session.exec(statement.limit(BATCH))).all()
    for delivery in old:
        empty_mail(delivery)
        session.add(delivery)
    return len(old)
