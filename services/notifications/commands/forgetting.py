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
    """Take address, content and the relay’s words out of a row; its id stands in for the address, which is unique."""
    delivery.address, delivery.content, delivery.answer = str(delivery.id), None, ""


async def forget_letters(session: Session, scope: Scope, *, subscription_id: UUID) -> None:
    """Empty the settled letters of one reader; those under way are emptied when they are skipped."""
    statement = select(Delivery).where(
        Delivery.subscription_id == subscription_id, col(Delivery.settled_at).is_not(None)
    )
    for delivery in await session.exec(statement):
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
