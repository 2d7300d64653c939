"""Reads of the mail engine: what waits, what is held, what became of everything."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import and_, col, func, or_, select

from services.notifications.models import TABLES, Composition, Delivery, RelayHealth, Subscription
from services.notifications.rules.delivery import (
    HELD,
    LEASE,
    LONGEST_BACK_OFF,
    LONGEST_RELAY_PAUSE,
    UNDERWAY,
    DeliveryState,
    Lane,
)
from services.notifications.schemas import DeliveriesOut
from shared.db.due import has_come, still_waits
from shared.db.session import Session
from shared.errors import NotFound
from shared.identity.access import Scope


async def has_mail_to_send(session: Session, scope: Scope, *, lane: Lane) -> bool:
    """Tell whether a lane has a mail due, or one whose sender died, and a relay that may be tried."""
    health = await session.get(RelayHealth, lane)
    if await is_restored(session, scope):
        return False
    if health is not None and still_waits(health.closed_until, most=LONGEST_RELAY_PAUSE):
        return False
    statement = select(Delivery.id).where(Delivery.lane == lane, or_(_due(), _orphaned()))
    return (await session.exec(statement.limit(1))).first() is not None


async def is_restored(session: Session, scope: Scope) -> bool:
    """Tell whether this database was restored and not yet compared with its topics: nothing may be mailed."""
    restored = select(TABLES.incarnation.id).where(col(TABLES.incarnation.restored_at).is_not(None))
    return (await session.exec(restored.limit(1))).first() is not None


async def find_last_restore(session: Session, scope: Scope) -> datetime | None:
    """Return when this database was last put back from a copy: what was told before may have been mailed already."""
    return (await session.exec(select(func.max(col(TABLES.former.ended_at))))).one()


async def list_unsettled(session: Session, scope: Scope) -> Sequence[Delivery]:
    """Return every mail that could still leave."""
    again = and_(Delivery.state == DeliveryState.UNCERTAIN, col(Delivery.retry_at).is_not(None))
    return (await session.exec(select(Delivery).where(or_(col(Delivery.state).in_(UNDERWAY), again)))).all()


async def list_due(session: Session, scope: Scope, *, lane: Lane, most: int) -> Sequence[Delivery]:
    """Return the next mails of a lane, oldest first, locked against other senders where the database can."""
    statement = select(Delivery).where(Delivery.lane == lane, _due()).order_by(col(Delivery.id)).limit(most)
    return (await session.exec(statement.with_for_update(skip_locked=True))).all()


async def list_orphaned(session: Session, scope: Scope, *, lane: Lane) -> Sequence[Delivery]:
    """Return the mails whose sender let its lease run out: it died, or hangs."""
    statement = select(Delivery).where(Delivery.lane == lane, _orphaned()).order_by(col(Delivery.id))
    return (await session.exec(statement.with_for_update(skip_locked=True))).all()


async def find_delivery(
    session: Session, scope: Scope, delivery_id: UUID, *, owner: str, state: DeliveryState
) -> Delivery | None:
    """Return a mail if ``owner`` still holds it in this state; a sender that slept past its lease finds nothing."""
    statement = select(Delivery).where(
        Delivery.id == delivery_id, Delivery.lease_owner == owner, Delivery.state == state
    )
    return (await session.exec(statement.with_for_update())).first()


async def list_held(session: Session, scope: Scope, *, owner: str) -> Sequence[Delivery]:
    """Return the mails that a sender holds."""
    statement = select(Delivery).where(Delivery.lease_owner == owner, col(Delivery.state).in_(HELD))
    return (await session.exec(statement)).all()


async def find_order(session: Session, scope: Scope, *, order_id: UUID) -> Delivery | None:
    """Return the mail that an order asked for."""
    return (await session.exec(select(Delivery).where(Delivery.order_id == order_id))).first()


async def get_letter(session: Session, scope: Scope, delivery: Delivery) -> tuple[Composition, Subscription]:
    """Return the composition that a letter carries, and its reader.

    Raises:
        NotFound: the row is no letter.
    """
    composition = await session.get(Composition, delivery.composition_id)
    subscription = await session.get(Subscription, delivery.subscription_id)
    if composition is None or subscription is None:
        raise NotFound
    return composition, subscription


async def count_underway(session: Session, scope: Scope, *, issue_id: UUID) -> int:
    """Return how many mails of an issue are not settled; an uncertain letter is."""
    statement = select(func.count()).where(Delivery.issue_id == issue_id, col(Delivery.state).in_(UNDERWAY))
    return (await session.exec(statement)).one()


async def summarise(session: Session, scope: Scope) -> DeliveriesOut:
    """Return every mail of the instance by state."""
    statement = (
        select(Delivery.lane, Delivery.state, func.count())
        .where(Delivery.home_epci == scope.epci)
        .group_by(col(Delivery.lane), col(Delivery.state))
    )
    lanes: dict[Lane, dict[DeliveryState, int]] = {lane: dict.fromkeys(DeliveryState, 0) for lane in Lane}
    for lane, state, count in (await session.exec(statement)).all():
        lanes[Lane(lane)][DeliveryState(state)] = count
    both = {state: sum(counts[state] for counts in lanes.values()) for state in DeliveryState}
    underway = sum(both[state] for state in UNDERWAY)
    away = select(func.min(RelayHealth.away_since))
    return DeliveriesOut(
        total=sum(both.values()),
        states=both,
        service=lanes[Lane.SERVICE],
        letters=lanes[Lane.LETTER],
        underway=underway,
        expected=underway + both[DeliveryState.ACCEPTED] + both[DeliveryState.UNCERTAIN],
        relay_away_since=(await session.exec(away)).one(),
    )


def _due() -> ColumnElement[bool]:
    later = (DeliveryState.DEFERRED, DeliveryState.UNCERTAIN)
    return or_(
        col(Delivery.state) == DeliveryState.PENDING,
        and_(col(Delivery.state).in_(later), has_come(Delivery.retry_at, most=LONGEST_BACK_OFF)),
    )


def _orphaned() -> ColumnElement[bool]:
    return and_(col(Delivery.state).in_(HELD), has_come(Delivery.lease_until, most=LEASE))
