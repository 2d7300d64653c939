"""The end of each try: what became of the mail, who must be told, which issue is thereby finished."""

from uuid import UUID

import structlog

from services.notifications.commands.forgetting import empty_mail
from services.notifications.gateways.mail import Answer
from services.notifications.models import Delivery, Issue, IssueState, OutboxMessage, Suppression
from services.notifications.queries import deliveries, readers
from services.notifications.rules.delivery import DeliveryState, Next, Tried, after
from services.notifications.rules.house import House
from shared.clock import now
from shared.contracts.notifications import DeliveryReport, OrderOutcome
from shared.db.session import Session, after_commit
from shared.db.upsert import insert_missing
from shared.figures import MAILS
from shared.identity.access import Scope
from shared.messaging.recorder import record

log = structlog.get_logger(__name__)

_OUTCOMES = {
    DeliveryState.ACCEPTED: OrderOutcome.ACCEPTED,
    DeliveryState.FAILED: OrderOutcome.FAILED,
    DeliveryState.SKIPPED: OrderOutcome.SKIPPED,
    DeliveryState.UNCERTAIN: OrderOutcome.UNCERTAIN,
}


async def finish_sending(
    session: Session, scope: Scope, delivery_id: UUID, answer: Answer, *, owner: str, house: House
) -> None:
    """Write down what the relay answered; a sender that slept past its lease finds the row judged already."""
    delivery = await deliveries.find_delivery(session, scope, delivery_id, owner=owner, state=DeliveryState.SENDING)
    if delivery is None:
        return
    tried = Tried(delivery.lane, delivery.attempts, delivery.deadline, delivery.second_try_used)
    became = after(answer.heard, answer.text, tried, now=now())
    delivery.answer = answer.text
    if became.state is DeliveryState.PENDING:
        delivery.attempts -= 1
    if became.suppress:
        row = {"address_hash": house.keys.address(delivery.address), "reason": became.reason, "since": now()}
        await insert_missing(session, Suppression, [row], key=("address_hash",))
    await settle(session, scope, delivery, became)


async def settle(session: Session, scope: Scope, delivery: Delivery, became: Next) -> None:
    """Move a mail to its next state, report the end of an order, close the issue whose last mail it was.

    Whatever the end, no address stays of a reader who left meanwhile.
    """
    delivery.state, delivery.reason, delivery.retry_at = became.state, became.reason, became.retry_at
    delivery.lease_owner, delivery.lease_until = None, None
    delivery.version += 1
    delivery.updated_at = now()
    session.add(delivery)
    after_commit(session, MAILS.labels(scope.epci, delivery.lane.value, became.state.value).inc)
    log.info("mail_moved", delivery_id=str(delivery.id), state=became.state.value, reason=became.reason)
    outcome = _OUTCOMES.get(became.state)
    if outcome is None:
        return
    delivery.settled_at = now()
    if became.retry_at is None:
        delivery.content = None
    if await readers.has_left(session, scope, subscription_id=delivery.subscription_id):
        empty_mail(delivery)
    if delivery.order_id is not None:
        _report(session, delivery, delivery.order_id, outcome)
    await session.flush()
    if delivery.issue_id is not None:
        await _close_issue(session, scope, delivery.issue_id)


def _report(session: Session, delivery: Delivery, order_id: UUID, outcome: OrderOutcome) -> None:
    delivery.reports += 1
    report = DeliveryReport(
        id=order_id,
        home_epci=delivery.home_epci,
        version=delivery.reports,
        updated_at=now(),
        order_id=order_id,
        outcome=outcome,
        settled_at=now(),
        reason=delivery.reason,
    )
    record(session, OutboxMessage, report, fact="order_settled")


async def _close_issue(session: Session, scope: Scope, issue_id: UUID) -> None:
    issue = await session.get(Issue, issue_id)
    if issue is None or issue.state is not IssueState.SENDING:
        return
    if await deliveries.count_underway(session, scope, issue_id=issue_id) == 0:
        issue.state, issue.finished_at, issue.updated_at = IssueState.SENT, now(), now()
        session.add(issue)
        log.info("issue_sent", issue_id=str(issue_id))
