"""Life of each mail: leased, written down before it leaves, settled by what the relay answered."""

from uuid import UUID

import structlog

from services.notifications.commands.bodies import Marks, address_letter, write_service_mail
from services.notifications.commands.settling import settle
from services.notifications.commands.subscriptions import MANAGE, MANAGE_PATH, UNSUBSCRIBE, UNSUBSCRIBE_PATH
from services.notifications.errors import HeaderRefused
from services.notifications.gateways.envelopes import Bodies, Envelope, message_id_of, write_mail
from services.notifications.gateways.mail import Answer, Outgoing
from services.notifications.models import Delivery, RelayHealth
from services.notifications.queries import deliveries, readers
from services.notifications.rules.delivery import (
    LEASE,
    SECOND_TRY,
    UNSUBSCRIBED,
    DeliveryState,
    Heard,
    Lane,
    Next,
    is_expired,
    relay_pause,
)
from services.notifications.rules.house import House
from shared.clock import now
from shared.contracts.events import MailOrder
from shared.db.session import Session
from shared.identity.access import Scope
from shared.web.formats import jour

log = structlog.get_logger(__name__)


async def lease_mails(
    session: Session, scope: Scope, *, lane: Lane, owner: str, most: int, house: House
) -> tuple[list[UUID], int]:
    """Reserve the next mails of a lane; return those to send, and how many rows moved at all.

    What a dead sender left is judged first: reserved only, it waits again; on its way, it is uncertain.
    """
    orphaned = await deliveries.list_orphaned(session, scope, lane=lane)
    for delivery in orphaned:
        await _judge(session, scope, delivery)
    await session.flush()
    due = await deliveries.list_due(session, scope, lane=lane, most=most)
    leased = []
    for delivery in due:
        reason = await _reason_to_skip(session, scope, delivery, house)
        if reason:
            await settle(session, scope, delivery, Next(DeliveryState.SKIPPED, reason))
            continue
        delivery.second_try_used = delivery.second_try_used or delivery.state is DeliveryState.UNCERTAIN
        delivery.state, delivery.retry_at = DeliveryState.LEASED, None
        delivery.lease_owner, delivery.lease_until = owner, now() + LEASE
        session.add(delivery)
        leased.append(delivery.id)
    return leased, len(orphaned) + len(due)


async def start_sending(
    session: Session, scope: Scope, delivery_id: UUID, *, owner: str, house: House
) -> Outgoing | None:
    """Write down that a mail is about to leave and return its bytes; ``None`` when it must not any more.

    Everything that could stop it is read again here, in the transaction that ends just before it leaves.
    """
    delivery = await deliveries.find_delivery(session, scope, delivery_id, owner=owner, state=DeliveryState.LEASED)
    if delivery is None:
        return None
    reason = await _reason_to_skip(session, scope, delivery, house)
    if reason:
        await settle(session, scope, delivery, Next(DeliveryState.SKIPPED, reason))
        return None
    try:
        payload = await _payload(session, scope, delivery, house)
    except (HeaderRefused, ValueError) as refused:
        log.error("mail_refused_by_guard", delivery_id=str(delivery.id), error=type(refused).__name__)
        await settle(session, scope, delivery, Next(DeliveryState.FAILED, HeaderRefused.reason))
        return None
    delivery.state, delivery.attempts = DeliveryState.SENDING, delivery.attempts + 1
    delivery.lease_until, delivery.updated_at = now() + LEASE, now()
    session.add(delivery)
    return Outgoing(house.mail_from, delivery.address, payload)


async def extend_leases(session: Session, scope: Scope, *, owner: str) -> int:
    """Say that the sender lives; return how many mails it holds."""
    held = await deliveries.list_held(session, scope, owner=owner)
    for delivery in held:
        delivery.lease_until = now() + LEASE
        session.add(delivery)
    return len(held)


async def release_mails(session: Session, scope: Scope, *, owner: str) -> None:
    """Give back what a sender reserved and will not send."""
    for delivery in await deliveries.list_held(session, scope, owner=owner):
        if delivery.state is DeliveryState.LEASED:
            delivery.state, delivery.lease_owner, delivery.lease_until = DeliveryState.PENDING, None, None
            session.add(delivery)


async def note_relay(session: Session, scope: Scope, answer: Answer, *, lane: Lane) -> None:
    """Remember whether the relay of a lane answers; one that does not is left alone for a while, longer each time.

    The log tells what keeps it away as a code or a class, never in the relay’s words: those may hold an address.
    """
    health = await session.get(RelayHealth, lane)
    if answer.heard is not Heard.UNREACHABLE:
        if health is not None and health.failures:
            health.failures, health.away_since, health.closed_until = 0, None, None
            session.add(health)
        return
    health = health or RelayHealth(lane=lane)
    health.failures += 1
    health.away_since = health.away_since or now()
    health.closed_until = now() + relay_pause(health.failures)
    session.add(health)
    log.warning("relay_away", lane=lane.value, failures=health.failures, cause=answer.cause)


async def _judge(session: Session, scope: Scope, delivery: Delivery) -> None:
    if delivery.state is DeliveryState.LEASED:
        delivery.state, delivery.lease_owner, delivery.lease_until = DeliveryState.PENDING, None, None
        session.add(delivery)
        return
    again = delivery.lane is Lane.SERVICE and not delivery.second_try_used
    retry_at = now() + SECOND_TRY if again else None
    await settle(session, scope, delivery, Next(DeliveryState.UNCERTAIN, "sender_died", retry_at=retry_at))


async def _reason_to_skip(session: Session, scope: Scope, delivery: Delivery, house: House) -> str:
    """Return why a mail must not leave, or an empty text."""
    if is_expired(delivery.deadline, now=now()):
        return "expired"
    if await readers.has_left(session, scope, subscription_id=delivery.subscription_id):
        return UNSUBSCRIBED
    if delivery.lane is Lane.LETTER and await readers.opposes_mail(session, scope, address=delivery.address):
        return "opposed"
    address_hash = house.keys.address(delivery.address)
    return "suppressed" if await readers.is_suppressed(session, scope, address_hash=address_hash) else ""


async def _payload(session: Session, scope: Scope, delivery: Delivery, house: House) -> bytes:
    if delivery.lane is Lane.LETTER:
        return await _letter(session, scope, delivery, house)
    order = MailOrder.model_validate_json(delivery.content or "{}")
    cause = f"order {delivery.order_id or delivery.id}"
    envelope = Envelope(delivery.address, message_id_of(cause, delivery.address, house=house))
    return write_mail(write_service_mail(order, house=house), envelope, house=house, calendars=order.calendars)


async def _letter(session: Session, scope: Scope, delivery: Delivery, house: House) -> bytes:
    composition, reader = await deliveries.get_letter(session, scope, delivery)
    one_click = house.link(UNSUBSCRIBE, str(reader.id), UNSUBSCRIBE_PATH)
    marks = Marks(
        since=jour(reader.confirmed_at or reader.created_at),
        address=delivery.address,
        unsubscribe=one_click,
        manage=house.link(MANAGE, str(reader.id), MANAGE_PATH),
    )
    letter = Bodies(composition.subject, composition.html, composition.text)
    envelope = Envelope(
        delivery.address,
        message_id_of(f"issue {delivery.issue_id}", delivery.address, house=house),
        one_click=one_click,
        list_name=f"Lettre {house.own.name}",
    )
    return write_mail(address_letter(letter, marks, nonce=composition.id.hex), envelope, house=house)
