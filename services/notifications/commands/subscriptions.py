"""Subscriptions: asked for, confirmed by the link, changed, ended in one click; each act leaves its proof."""

import hashlib
from datetime import timedelta
from uuid import UUID

import structlog

from services.notifications.commands.orders import order_mail
from services.notifications.errors import LinkUsed, UnknownEpci
from services.notifications.models import ConsentAct, ConsentRecord, Subscription, SubscriptionState
from services.notifications.queries import feed, readers
from services.notifications.rules.filters import RHYTHM_LABELS, Filter, Rhythm, make_filter, read_filter
from services.notifications.rules.house import House
from services.notifications.rules.schedule import LOOKBACK
from services.notifications.schemas import FilterIn, SubscriptionIn
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.events import MailLink, MailOrder
from shared.db.session import Session
from shared.identity.access import Right, Scope
from shared.ids import uuid7
from shared.web.formats import de

log = structlog.get_logger(__name__)

CONFIRM, MANAGE, UNSUBSCRIBE = "letter.confirm", "letter.manage", "letter.unsubscribe"
CONFIRM_PATH = "/lettres/confirmation/{token}"
MANAGE_PATH = "/lettres/preferences/{token}"
UNSUBSCRIBE_PATH = "/lettres/desabonnement/{token}"
LINK_LASTS = timedelta(hours=48)
ONE_MAIL_PER = timedelta(hours=24)
TEXT_VERSION = "2026-11"


async def ask_subscription(session: Session, scope: Scope, asked: SubscriptionIn, *, house: House) -> None:
    """Note what somebody asks for and mail the link that makes it true, at most once a day per address.

    A known reader’s subscription stays as it is until the link is followed. Whoever may read the territory asks for a
    letter with what is shared inside it; others get public news.

    Raises:
        UnknownEpci: the filter names an EPCI outside the territory.
    """
    chosen = _checked(asked.filter, house)
    address_hash = house.keys.address(asked.email)
    mailed_at = await readers.find_last_mailed(session, scope, address_hash=address_hash)
    reader = await readers.find_live_subscription(session, scope, address_hash=address_hash)
    reach = Visibility.TERRITORY if scope.may(Right.READ_TERRITORY) else Visibility.PUBLIC
    if reader is None:
        reader = _new_reader(scope, asked, chosen, reach=reach, address_hash=address_hash)
    reader.asked_rhythm, reader.asked_filter, reader.asked_reach = asked.rhythm, chosen.canonical(), reach
    reader.asked_at = reader.updated_at = now()
    session.add(reader)
    await session.flush()
    if mailed_at is None or now() - mailed_at >= ONE_MAIL_PER:
        reader.mailed_at = now()
        _witness(session, reader, ConsentAct.REQUESTED, channel="form", proof="")
        order_mail(session, _confirmation(reader, house), own=True)
    log.info("subscription_asked", subscription_id=str(reader.id))


async def confirm_subscription(session: Session, scope: Scope, *, token: str, house: House) -> Subscription:
    """Make what was asked for true; following the link again changes nothing.

    Raises:
        NotFound: the link was altered, or its subscription forgotten.
        Gone: 48 hours have passed, or the subscription ended meanwhile.
    """
    reader = await open_link(session, scope, token=token, purpose=CONFIRM, house=house)
    if reader.asked_rhythm is None or reader.asked_filter is None:
        return reader
    first = reader.state is SubscriptionState.PENDING
    reader.rhythm = reader.asked_rhythm
    reader.filter, reader.filter_hash = reader.asked_filter, read_filter(reader.asked_filter).hash()
    reader.reach = reader.asked_reach or Visibility.PUBLIC
    reader.asked_rhythm = reader.asked_filter = reader.asked_reach = None
    if first:
        reader.state, reader.confirmed_at = SubscriptionState.ACTIVE, now()
        reader.start_seq = await feed.find_seq_since(session, scope, age=LOOKBACK[reader.rhythm])
    _moved(session, reader)
    _witness(session, reader, ConsentAct.CONFIRMED if first else ConsentAct.CHANGED, channel="link", proof=token)
    log.info("subscription_confirmed", subscription_id=str(reader.id))
    return reader


async def change_rhythm(session: Session, scope: Scope, *, token: str, rhythm: Rhythm, house: House) -> Subscription:
    """Give a reader another rhythm; her next letter begins where the last one ended.

    Raises:
        NotFound: the link was altered, or its subscription forgotten.
        LinkUsed: the subscription has ended.
    """
    reader = await open_link(session, scope, token=token, purpose=MANAGE, house=house)
    if reader.rhythm is not rhythm:
        reader.rhythm = rhythm
        _moved(session, reader)
        _witness(session, reader, ConsentAct.CHANGED, channel="page", proof=token)
    return reader


async def unsubscribe(session: Session, scope: Scope, *, token: str, channel: str, house: House) -> None:
    """End a subscription and erase its address; again, and nothing changes.

    Raises:
        NotFound: the link was altered.
    """
    subject = house.signer.subject(UNSUBSCRIBE, token)
    reader = await readers.get_subscription(session, scope, UUID(subject))
    if reader.state is SubscriptionState.UNSUBSCRIBED:
        return
    reader.state, reader.ended_at, reader.address = SubscriptionState.UNSUBSCRIBED, now(), ""
    reader.asked_rhythm = reader.asked_filter = reader.asked_reach = None
    _moved(session, reader)
    _witness(session, reader, ConsentAct.WITHDRAWN, channel=channel, proof=token)
    log.info("subscription_ended", subscription_id=str(reader.id))


async def forget_unconfirmed(session: Session, scope: Scope) -> int:
    """Delete what nobody confirmed in time; return how many rows."""
    forgotten = await readers.list_forgettable(session, scope, before=now() - LINK_LASTS)
    for reader in forgotten:
        await session.delete(reader)
    return len(forgotten)


async def open_link(session: Session, scope: Scope, *, token: str, purpose: str, house: House) -> Subscription:
    """Return the live subscription that a link leads to.

    Raises:
        NotFound: the link was altered, or its subscription forgotten.
        LinkUsed: the subscription has ended.
    """
    lasts = LINK_LASTS if purpose == CONFIRM else None
    subject = house.signer.subject(purpose, token, max_age=lasts)
    reader = await readers.get_subscription(session, scope, UUID(subject))
    if reader.state is SubscriptionState.UNSUBSCRIBED:
        raise LinkUsed("Cet abonnement a pris fin. Vous pouvez vous abonner de nouveau.")
    return reader


def _checked(asked: FilterIn, house: House) -> Filter:
    unknown = sorted(set(asked.epci) - set(house.territory.sirens))
    if unknown:
        errors = [{"field": "filter.epci", "message": f"Cet EPCI n’appartient pas au territoire : {unknown[0]}."}]
        raise UnknownEpci("La demande contient des erreurs.", errors=errors)
    return make_filter(epci=asked.epci, axes=asked.axes, kinds=asked.kinds)


def _new_reader(
    scope: Scope, asked: SubscriptionIn, chosen: Filter, *, reach: Visibility, address_hash: str
) -> Subscription:
    return Subscription(
        id=uuid7(),
        home_epci=scope.epci,
        address=asked.email,
        address_hash=address_hash,
        rhythm=asked.rhythm,
        filter=chosen.canonical(),
        filter_hash=chosen.hash(),
        reach=reach,
        created_at=now(),
        updated_at=now(),
    )


def _moved(session: Session, reader: Subscription) -> None:
    reader.version += 1
    reader.updated_at = now()
    session.add(reader)


def _witness(session: Session, reader: Subscription, act: ConsentAct, *, channel: str, proof: str) -> None:
    session.add(
        ConsentRecord(
            id=uuid7(),
            subscription_id=reader.id,
            address_hash=reader.address_hash,
            act=act,
            text_version=TEXT_VERSION,
            channel=channel,
            proof=hashlib.sha256(proof.encode()).hexdigest() if proof else "",
            rhythm=reader.asked_rhythm or reader.rhythm,
            filter=reader.asked_filter or reader.filter,
            occurred_at=now(),
        )
    )


def _confirmation(reader: Subscription, house: House) -> MailOrder:
    rhythm = RHYTHM_LABELS[reader.asked_rhythm or reader.rhythm]
    link = MailLink(
        label="Confirmer mon abonnement", purpose=CONFIRM, subject=str(reader.id), path=CONFIRM_PATH, primary=True
    )
    return MailOrder(
        id=uuid7(),
        home_epci=reader.home_epci,
        version=1,
        updated_at=now(),
        recipient=reader.address,
        subject=f"Confirmez votre abonnement à la lettre {de(house.own.name)}",
        heading="Confirmez votre abonnement",
        paragraphs=(
            f"Cette adresse a été donnée pour recevoir la lettre {de(house.own.name)}, {rhythm}.",
            "L’abonnement commence quand vous le confirmez. Le lien sert pendant 48 heures.",
            "Si vous n’avez rien demandé, ne faites rien : aucune lettre ne partira.",
        ),
        links=(link,),
        expires_at=now() + LINK_LASTS,
    )
