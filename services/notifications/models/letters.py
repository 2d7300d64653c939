"""Tables of the letters: who reads what and how often, rules, issues, windows, compositions."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.notifications.models.base import Base
from services.notifications.rules.filters import Rhythm
from shared.contracts.base import Visibility
from shared.db.columns import UtcDateTime, big_key, by_value

_LIVE = text("state IN ('pending', 'active')")


class SubscriptionState(StrEnum):
    """Life of a subscription."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"


class Subscription(Base, table=True):
    """One reader: one live row per address.

    ``asked_…`` is what the last confirmation mail spoke of, and when it left; its link carries ``asked_version``.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        Index("uq_subscription_live", "address_hash", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_subscription_state_rhythm", "state", "rhythm"),
    )

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = 1
    address: str
    address_hash: str = Field(index=True)
    state: SubscriptionState = Field(default=SubscriptionState.PENDING, sa_type=by_value(SubscriptionState))
    rhythm: Rhythm = Field(sa_type=by_value(Rhythm))
    filter: str = Field(sa_type=Text)
    filter_hash: str
    reach: Visibility = Field(sa_type=by_value(Visibility))
    asked_rhythm: Rhythm | None = Field(default=None, sa_type=by_value(Rhythm))
    asked_filter: str | None = Field(default=None, sa_type=Text)
    asked_reach: Visibility | None = Field(default=None, sa_type=by_value(Visibility))
    asked_version: int = 0
    asked_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    start_seq: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class ConsentAct(StrEnum):
    """What a reader did."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"


class ConsentRecord(Base, table=True):
    """One act of consent; append-only, so that today’s state can be rebuilt from it."""

    __tablename__ = "consent_record"

    id: UUID = Field(primary_key=True)
    subscription_id: UUID = Field(index=True)
    address_hash: str = Field(index=True)
    act: ConsentAct = Field(sa_type=by_value(ConsentAct))
    purpose: str = "letter"
    basis: str = "consent"
    text_version: str
    channel: str
    proof: str
    rhythm: Rhythm = Field(sa_type=by_value(Rhythm))
    filter: str = Field(sa_type=Text)
    occurred_at: datetime = Field(sa_type=UtcDateTime)


class NewsletterRule(Base, table=True):
    """How letters compose themselves: when, with which chapters, from how many news on."""

    __tablename__ = "newsletter_rule"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = 1
    name: str
    chapters: str
    minimum: int
    hour: int
    weekday: int
    month_day: int
    active: bool = True
    start_seq: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class IssueState(StrEnum):
    """Life of an issue; freezing is one transaction, so it is never seen."""

    SENDING = "sending"
    SENT = "sent"
    EMPTY = "empty"


class Issue(Base, table=True):
    """One run of a rule for one rhythm."""

    __tablename__ = "issue"
    __table_args__ = (UniqueConstraint("rule_id", "rhythm", "scheduled_for"),)

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = 1
    rule_id: UUID = Field(foreign_key="newsletter_rule.id")
    rhythm: Rhythm = Field(sa_type=by_value(Rhythm))
    number: int | None = None
    state: IssueState = Field(sa_type=by_value(IssueState))
    audience: int = 0
    head_seq: int = Field(sa_type=big_key)
    scheduled_for: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Composition(Base, table=True):
    """The two bodies of a letter, composed once for all who share filter and window."""

    __tablename__ = "composition"

    id: UUID = Field(primary_key=True)
    issue_id: UUID = Field(foreign_key="issue.id", index=True)
    filter_hash: str
    reach: Visibility = Field(sa_type=by_value(Visibility))
    from_seq: int = Field(sa_type=big_key)
    to_seq: int = Field(sa_type=big_key)
    subject: str
    html: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    items: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)


class WindowOutcome(StrEnum):
    """What became of a window."""

    MAILED = "mailed"
    EMPTY = "empty"


class DigestWindow(Base, table=True):
    """The numbers of the log that one reader got from one rule: half-open, each begins where the last ended."""

    __tablename__ = "digest_window"

    rule_id: UUID = Field(primary_key=True, foreign_key="newsletter_rule.id")
    subscription_id: UUID = Field(primary_key=True, index=True)
    from_seq: int = Field(primary_key=True, sa_type=big_key, sa_column_kwargs={"autoincrement": False})
    to_seq: int = Field(sa_type=big_key)
    issue_id: UUID = Field(foreign_key="issue.id")
    outcome: WindowOutcome = Field(sa_type=by_value(WindowOutcome))
