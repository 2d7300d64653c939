"""After a restore: nobody knows what was mailed since the copy, so that nothing begun before is mailed again."""

import structlog

from services.notifications.commands.settling import settle
from services.notifications.queries import deliveries, feed, letters
from services.notifications.rules.delivery import RESTORED, DeliveryState, Next
from shared.clock import now
from shared.db.session import Session
from shared.identity.access import Scope

log = structlog.get_logger(__name__)


async def set_mails_aside(session: Session, scope: Scope) -> None:
    """Make every mail under way uncertain without another try, and begin each letter behind the news held now.

    At most once: some news between the copy and the restore may reach a reader in no letter.
    """
    underway = await deliveries.list_unsettled(session, scope)
    for delivery in underway:
        await settle(session, scope, delivery, Next(DeliveryState.UNCERTAIN, RESTORED))
    start = await feed.get_head(session, scope) + 1
    for rule in await letters.list_rules(session, scope):
        rule.start_seq = max(rule.start_seq, start)
        rule.updated_at = now()
        session.add(rule)
    log.warning("mails_set_aside", count=len(underway))
