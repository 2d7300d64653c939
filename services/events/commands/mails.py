"""Order mails in the transaction of their cause, and settle them when notifications reports."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from services.events.models import MailOrder, OutboxMessage, Registration
from services.events.queries.meetings import Meeting
from services.events.queries.states import event_state
from services.events.rules.mails import MailKind, Particulars, letter, occasion_of
from services.events.rules.screens import PATHS, Purpose
from shared.clock import now
from shared.contracts import events as wire
from shared.contracts.events import CalendarObject, MailLink
from shared.db.session import Session, origin_of
from shared.ids import uuid7
from shared.messaging.recorder import record, record_deletion

log = structlog.get_logger(__name__)

_CONFIRM = (Purpose.CONFIRM.value, "Confirmer mon adresse", PATHS[Purpose.CONFIRM])
_MANAGE = (Purpose.MANAGE.value, "Gérer mon inscription", PATHS[Purpose.MANAGE])
_OFFER = (Purpose.OFFER.value, "Accepter ou laisser la place", PATHS[Purpose.OFFER])
# No token: anybody may ask for a place.
_AGAIN = ("registration-form", "Faire une nouvelle demande", "/agenda/{event}/inscription")
_LINKS = {
    MailKind.CONFIRM: (_CONFIRM,),
    MailKind.ALREADY_KNOWN: (_MANAGE,),
    MailKind.REGISTERED: (_MANAGE,),
    MailKind.WAITLISTED: (_MANAGE,),
    MailKind.OFFERED: (_OFFER, _MANAGE),
    MailKind.OFFER_EXPIRED: (_AGAIN,),
    MailKind.DECLINED: (_AGAIN,),
    MailKind.CANCELLED: (_AGAIN,),
    MailKind.MOVED: (_MANAGE,),
    MailKind.POSTPONED: (_MANAGE,),
}
_WITH_LINK = frozenset({MailKind.REGISTERED, MailKind.MOVED})


async def order_mail(
    session: Session,
    meeting: Meeting,
    registration: Registration,
    kind: MailKind,
    *,
    about: Particulars | None = None,
    calendars: Sequence[CalendarObject] = (),
) -> None:
    """Record one mail to the person of a registration; its cause is unique, so that it leaves once."""
    registration.mails += 1
    registration.mailed_at = now()
    state = _state(session, meeting, registration, kind, about=about or Particulars()).model_copy(
        update={"calendars": tuple(calendars)}
    )
    session.add(
        MailOrder(
            id=state.id,
            cause=state.cause,
            registration_id=registration.id,
            kind=kind,
            ordered_at=registration.mailed_at,
            content=state.model_dump_json(),
        )
    )
    await session.flush()
    record(session, OutboxMessage, state, fact="ordered")


async def bury_order(session: Session, order: MailOrder, *, outcome: str) -> None:
    """Settle an order: its words and the address in it leave our table, then the topic, by a tombstone."""
    order.settled_at, order.outcome, order.content = now(), outcome, ""
    order.version += 2
    await session.flush()
    last = wire.MailOrder(
        id=order.id, home_epci=origin_of(session).epci, version=order.version - 1, updated_at=order.settled_at
    )
    record_deletion(session, OutboxMessage, last, fact="withdrawn")
    log.info("mail_order_settled", order_id=str(order.id), kind=order.kind, outcome=outcome)


async def withdraw_order(session: Session, order_id: UUID) -> None:
    """Settle an order that a restored copy brought back although it was settled."""
    order = await session.get(MailOrder, order_id)
    if order is not None and order.settled_at is None:
        await bury_order(session, order, outcome="restored")


def _state(
    session: Session, meeting: Meeting, registration: Registration, kind: MailKind, *, about: Particulars
) -> wire.MailOrder:
    event = meeting.event
    link = event.online_link if kind in _WITH_LINK else None
    occasion = occasion_of(event_state(meeting, base_url=origin_of(session).base_url), online_link=link)
    words = letter(kind, occasion, about)
    ends = event.ends_at if event.ends_at > now() else None
    return wire.MailOrder(
        id=uuid7(),
        home_epci=event.home_epci,
        version=1,
        updated_at=now(),
        recipient=registration.email,
        recipient_name=registration.name,
        subject=words.subject,
        heading=words.heading,
        paragraphs=words.paragraphs,
        links=_links(kind, registration),
        expires_at=registration.offer_expires_at or registration.hold_expires_at or ends,
        cause=f"registration:{registration.id}:{kind}:{registration.mails}",
    )


def _links(kind: MailKind, registration: Registration) -> tuple[MailLink, ...]:
    return tuple(
        MailLink(
            label=label,
            purpose=purpose,
            subject=str(registration.id),
            path=path.replace("{event}", str(registration.event_id)),
            primary=place == 0,
        )
        for place, (purpose, label, path) in enumerate(_LINKS.get(kind, ()))
    )
