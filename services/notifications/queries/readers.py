"""Reads of readers: by address, by link, by rhythm, and who must get nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select

from services.notifications.models import (
    ConsentAct,
    ConsentRecord,
    KnownPerson,
    Subscription,
    SubscriptionState,
    Suppression,
)
from services.notifications.rules.filters import Rhythm, read_filter
from services.notifications.schemas import FilterOut, SubscriptionOut, SubscriptionsOut
from shared.db.session import Session
from shared.errors import NotFound
from shared.identity.access import Right, Scope


async def find_live_subscription(session: Session, scope: Scope, *, address_hash: str) -> Subscription | None:
    """Return the reader behind an address, confirmed or not yet."""
    live = (SubscriptionState.PENDING, SubscriptionState.ACTIVE)
    statement = select(Subscription).where(Subscription.address_hash == address_hash, col(Subscription.state).in_(live))
    return (await session.exec(statement)).first()


async def get_subscription(session: Session, scope: Scope, subscription_id: UUID) -> Subscription:
    """Return a subscription.

    Raises:
        NotFound: forgotten, or never was.
    """
    found = await session.get(Subscription, subscription_id)
    if found is None or found.home_epci != scope.epci:
        raise NotFound("Cet abonnement n’existe plus.")
    return found


async def list_subscriptions(session: Session, scope: Scope) -> Sequence[Subscription]:
    """Return every subscription, newest first, at most 1,000."""
    statement = select(Subscription).where(Subscription.home_epci == scope.epci)
    return (await session.exec(statement.order_by(col(Subscription.id).desc()).limit(1000))).all()


async def describe_readers(session: Session, scope: Scope) -> SubscriptionsOut:
    """Return the readers and their number by state; addresses only to those who may read personal data."""
    named = scope.may(Right.READ_PERSONS)
    rows = await list_subscriptions(session, scope)
    return SubscriptionsOut(
        counts=dict(await count_readers(session, scope)), items=[_reader_out(row, named=named) for row in rows]
    )


async def list_readers(session: Session, scope: Scope, *, rhythm: Rhythm) -> Sequence[Subscription]:
    """Return the confirmed readers of one rhythm, in order of arrival."""
    statement = select(Subscription).where(
        Subscription.state == SubscriptionState.ACTIVE,
        Subscription.rhythm == rhythm,
        Subscription.home_epci == scope.epci,
    )
    return (await session.exec(statement.order_by(col(Subscription.id)))).all()


async def count_readers(session: Session, scope: Scope) -> Mapping[str, int]:
    """Return how many subscriptions are in each state."""
    statement = (
        select(Subscription.state, func.count())
        .where(Subscription.home_epci == scope.epci)
        .group_by(col(Subscription.state))
    )
    found = {str(state): count for state, count in (await session.exec(statement)).all()}
    return {state.value: found.get(state.value, 0) for state in SubscriptionState}


async def has_left(session: Session, scope: Scope, *, subscription_id: UUID | None) -> bool:
    """Tell whether the reader a mail is for unsubscribed or was forgotten; a mail of no subscription has no reader."""
    if subscription_id is None:
        return False
    reader = await session.get(Subscription, subscription_id)
    return reader is None or reader.state is SubscriptionState.UNSUBSCRIBED


async def count_requests(session: Session, scope: Scope, *, address_hash: str, since: datetime) -> int:
    """Return how many confirmation mails were asked for an address since an instant, whatever became of them."""
    statement = select(func.count()).where(
        ConsentRecord.address_hash == address_hash,
        ConsentRecord.act == ConsentAct.REQUESTED,
        col(ConsentRecord.occurred_at) > since,
    )
    return (await session.exec(statement)).one()


async def is_suppressed(session: Session, scope: Scope, *, address_hash: str) -> bool:
    """Tell whether an address gets nothing any more."""
    return await session.get(Suppression, address_hash) is not None


async def opposes_mail(session: Session, scope: Scope, *, address: str) -> bool:
    """Tell whether a person known under this address opposes letters."""
    statement = select(KnownPerson.id).where(
        KnownPerson.home_epci == scope.epci,
        KnownPerson.email == address,
        col(KnownPerson.opposes_mail).is_(True),
        col(KnownPerson.deleted).is_(False),
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def list_forgettable(session: Session, scope: Scope, *, before: datetime) -> Sequence[Subscription]:
    """Return the subscriptions asked for before an instant and never confirmed."""
    statement = select(Subscription).where(
        Subscription.state == SubscriptionState.PENDING,
        col(Subscription.asked_at) < before,
    )
    return (await session.exec(statement.limit(200))).all()


def _reader_out(reader: Subscription, *, named: bool) -> SubscriptionOut:
    wanted = read_filter(reader.filter)
    return SubscriptionOut(
        id=reader.id,
        state=reader.state.value,
        rhythm=reader.rhythm,
        filter=FilterOut(epci=list(wanted.epci), axes=list(wanted.axes), kinds=list(wanted.kinds)),
        reach=reader.reach.value,
        confirmed_at=reader.confirmed_at,
        address=(reader.address or None) if named else None,
    )
