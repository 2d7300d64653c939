"""Tables of the mail engine: one row per mail and address, addresses that must rest, health of the relay."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from services.notifications.models.base import Base
from services.notifications.rules.delivery import DeliveryState, Lane
from shared.contracts.events import MailClass
from shared.db.columns import UtcDateTime, by_value


class Delivery(Base, table=True):
    """One mail to one address; progress is the state of this row, never a cursor."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("issue_id", "address"),
        Index("ix_delivery_waiting", "lane", "state", "retry_at"),
        Index("ix_delivery_issue", "issue_id", "state"),
    )

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = 1
    lane: Lane = Field(sa_type=by_value(Lane))
    mail_class: MailClass = Field(sa_type=by_value(MailClass))
    order_id: UUID | None = Field(default=None, unique=True)
    issue_id: UUID | None = Field(default=None, foreign_key="issue.id")
    composition_id: UUID | None = Field(default=None, foreign_key="composition.id")
    subscription_id: UUID | None = Field(default=None, index=True)
    address: str
    content: str | None = Field(default=None, sa_type=Text)
    state: DeliveryState = Field(default=DeliveryState.PENDING, sa_type=by_value(DeliveryState))
    reason: str = ""
    answer: str = ""
    attempts: int = 0
    second_try_used: bool = False
    retry_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    deadline: datetime = Field(sa_type=UtcDateTime)
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reports: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Suppression(Base, table=True):
    """An address that gets nothing any more, known by its keyed hash only."""

    __tablename__ = "suppression"

    address_hash: str = Field(primary_key=True)
    reason: str
    since: datetime = Field(sa_type=UtcDateTime)


class RelayHealth(Base, table=True):
    """Since when the relay of a lane is away, and until when it is left alone."""

    __tablename__ = "relay_health"

    lane: Lane = Field(primary_key=True, sa_type=by_value(Lane))
    failures: int = 0
    away_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
