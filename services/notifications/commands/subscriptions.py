"""Subscriptions: asked for, confirmed by the link, changed, ended in one click; each act leaves its proof."""

import hashlib
from datetime import timedelta
from uuid import UUID

import structlog

from services.notifications.commands.forgetting import forget_letters
from services.notifications.commands.orders import order_mail
from services.notifications.errors import LinkReplaced, LinkUsed, UnknownEpci
from services.notifications.models import ConsentAct, ConsentRecord, Subscription, SubscriptionState
from services.notifications.queries import feed, readers
from services.notifications.rules.choices import choice_in_words
from services.notifications.rules.filters import Filter, Rhythm, make_filter, read_filter
from services.notifications.rules.house import House
from services.notifications.rules.schedule import LOOKBACK
from services.notifications.schemas import WHEN_IT_STARTS, FilterIn, SubscriptionIn
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.events import MailLink, MailOrder
from shared.db.session import Session
from shared.errors import NotFound
from shared.identity.access import Right, Scope
from shared.ids import uuid7
from shared.web.formats import FIRM, de

log = structlog.get_logger(__name__)

CONFIRM, MANAGE, UNSUBSCRIBE = "letter.confirm", "letter.manage", "letter.unsubscribe"
CONFIRM_PATH = "/lettres/confirmation/{token}"
MANAGE_PATH = "/lettres/preferences/{token}"
UNSUBSCRIBE_PATH = "/lettres/desabonnement/{token}"
LINK_LASTS = timedelta(hours=48)
DAY = timedelta(hours=24)
MOST_MAILS_A_DAY = 3
TEXT_VERSION = "2026-11-22"
_VERSION_MARK = "."


async def ask_subscription(session: Session, scope: Scope, asked: SubscriptionIn, *, house: House) -> None:
    """Note what somebody asks for and mail the link that makes it true.

    A known reader’s subscription stays as it is until the link is followed. While a mail of the last day waits for its
    answer, nothing changes: its link confirms what it said, whatever others ask for meanwhile. Once it is answered
    another may leave, a few a day per address at most. Whoever may read the territory asks for a letter with what is
    shared inside it; others get public news.

    Raises:
        UnknownEpci: the filter names an EPCI outside the territory.
    """
    chosen = _checked(asked.filter, house)
    address_hash = house.keys.address(asked.email)
    reader = await readers.find_live_subscription(session, scope, address_hash=address_hash)
    asked_today = await readers.count_requests(session, scope, address_hash=address_hash, since=now() - DAY)
    if _awaits_answer(reader) or asked_today >= MOST_MAILS_A_DAY:
        log.info("subscription_asked_again")
        return
    reach = Visibility.TERRITORY if scope.may(Right.READ_TERRITORY) else Visibility.PUBLIC
    reader = reader or _new_reader(scope, asked, chosen, reach=reach, address_hash=address_hash)
    reader.asked_rhythm, reader.asked_filter, reader.asked_reach = asked.rhythm, chosen.canonical(), reach
    reader.asked_version += 1
    reader.asked_at = reader.updated_at = now()
    session.add(reader)
    _witness(session, reader, ConsentAct.REQUESTED, channel="form", proof="")
    order_mail(session, _confirmation(reader, asked.rhythm, chosen, house=house), subscription_id=reader.id)
    log.info("subscription_asked", subscription_id=str(reader.id))


async def confirm_subscription(session: Session, scope: Scope, *, token: str, house: House) -> Subscription:
    """Make what was asked for true; following the link again changes nothing.

    Raises:
        NotFound: the link was altered, or its subscription forgotten.
        Gone: 48 hours have passed, the subscription ended, or a newer request took the place of this one.
    """
    reader = await open_request(session, scope, token=token, house=house)
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
    reader = await open_preferences(session, scope, token=token, house=house)
    if reader.rhythm is not rhythm:
        reader.rhythm = rhythm
        _moved(session, reader)
        _witness(session, reader, ConsentAct.CHANGED, channel="page", proof=token)
    return reader


async def unsubscribe(session: Session, scope: Scope, *, token: str, channel: str, house: House) -> None:
    """End a subscription and erase its address, from past mails too; again, and nothing changes.

    A mail on its way at this moment loses its address when it is settled.

    Raises:
        NotFound: the link was altered.
    """
    reader = await open_end(session, scope, token=token, house=house)
    if reader.state is SubscriptionState.UNSUBSCRIBED:
        return
    reader.state, reader.ended_at, reader.address = SubscriptionState.UNSUBSCRIBED, now(), ""
    reader.asked_rhythm = reader.asked_filter = reader.asked_reach = None
    await forget_letters(session, scope, subscription_id=reader.id)
    _moved(session, reader)
    _witness(session, reader, ConsentAct.WITHDRAWN, channel=channel, proof=token)
    log.info("subscription_ended", subscription_id=str(reader.id))


async def forget_unconfirmed(session: Session, scope: Scope) -> int:
    """Delete what nobody confirmed in time, and the address in the mail that asked; return how many rows."""
    forgotten = await readers.list_forgettable(session, scope, before=now() - LINK_LASTS)
    for reader in forgotten:
        await forget_letters(session, scope, subscription_id=reader.id)
        await session.delete(reader)
    return len(forgotten)


async def open_request(session: Session, scope: Scope, *, token: str, house: House) -> Subscription:
    """Return the subscription whose request a confirmation link is for, confirmed already or not.

    Raises:
        NotFound: the link was altered, or its subscription forgotten.
        Gone: 48 hours have passed, the subscription ended, or a newer request took the place of this one.
    """
    subject = house.signer.subject(CONFIRM, token, max_age=LINK_LASTS)
    reader_id, _, version = subject.partition(_VERSION_MARK)
    reader = await _find_live(session, scope, reader_id)
    if version != str(reader.asked_version):
        raise LinkReplaced(
            "Une autre demande d’abonnement a été faite depuis pour la même adresse. Suivez le lien du message le plus "
            f"récent{FIRM}: il dit ce qui a été demandé."
        )
    return reader


async def open_preferences(session: Session, scope: Scope, *, token: str, house: House) -> Subscription:
    """Return the live subscription that a link of a letter lets its reader change.

    Raises:
        NotFound: the link was altered, or its subscription forgotten.
        LinkUsed: the subscription has ended.
    """
    return await _find_live(session, scope, house.signer.subject(MANAGE, token))


async def open_end(session: Session, scope: Scope, *, token: str, house: House) -> Subscription:
    """Return the subscription that an unsubscribe link ends, also once it has ended.

    Raises:
        NotFound: the link was altered.
    """
    return await _find_linked(session, scope, house.signer.subject(UNSUBSCRIBE, token))


def request_of(reader: Subscription) -> str:
    """Return what a confirmation link is for: this reader’s request, and no later one."""
    return f"{reader.id}{_VERSION_MARK}{reader.asked_version}"


async def _find_live(session: Session, scope: Scope, subject: str) -> Subscription:
    reader = await _find_linked(session, scope, subject)
    if reader.state is SubscriptionState.UNSUBSCRIBED:
        raise LinkUsed("Cet abonnement a pris fin. Vous pouvez vous abonner de nouveau.")
    return reader


async def _find_linked(session: Session, scope: Scope, subject: str) -> Subscription:
    try:
        reader_id = UUID(subject)
    except ValueError as refused:
        raise NotFound("Ce lien n’est pas reconnu.") from refused
    return await readers.get_subscription(session, scope, reader_id)


def _checked(asked: FilterIn, house: House) -> Filter:
    unknown = sorted(set(asked.epci) - set(house.territory.sirens))
    if unknown:
        sentence = f"Cet EPCI n’appartient pas au territoire{FIRM}: {unknown[0]}."
        raise UnknownEpci(sentence, errors=[{"field": "filter.epci", "message": sentence}])
    return make_filter(epci=asked.epci, axes=asked.axes, kinds=asked.kinds)


def _awaits_answer(reader: Subscription | None) -> bool:
    """Tell whether a confirmation mail of the last day still waits for the button behind its link."""
    return reader is not None and reader.asked_rhythm is not None and now() - reader.asked_at < DAY


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
        asked_at=now(),
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


def _confirmation(reader: Subscription, rhythm: Rhythm, chosen: Filter, *, house: House) -> MailOrder:
    letter = f"la lettre {de(house.own.name)}"
    choice = choice_in_words(rhythm, chosen, territory=house.territory)
    link = MailLink(
        label="Confirmer mon abonnement", purpose=CONFIRM, subject=request_of(reader), path=CONFIRM_PATH, primary=True
    )
    return MailOrder(
        id=uuid7(),
        home_epci=reader.home_epci,
        version=1,
        updated_at=now(),
        recipient=reader.address,
        subject=f"Confirmez votre abonnement à {letter}",
        heading="Confirmez votre abonnement",
        paragraphs=(
            f"Cette adresse a été donnée pour recevoir {letter}, {choice}.",
            f"{WHEN_IT_STARTS} Le lien sert pendant 48 heures.",
            f"Si vous n’avez rien demandé, ne faites rien{FIRM}: rien ne changera.",
        ),
        links=(link,),
        expires_at=now() + LINK_LASTS,
    )
