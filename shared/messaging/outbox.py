"""Columns of the outbox: what the relay publishes, in the order in which it was committed."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlalchemy import Text as TextType
from sqlmodel import Field, SQLModel

from shared.db.columns import UtcDateTime, big_key


class OutboxColumns(SQLModel):
    """One record to be published; its bytes are fixed when the change is made."""

    seq: int | None = Field(default=None, primary_key=True, sa_type=big_key)
    message_id: UUID = Field(unique=True)
    topic: str
    key: str
    aggregate_version: int = Field(sa_type=big_key)
    type: str
    headers: str = Field(sa_type=TextType)
    payload: bytes | None = Field(default=None, sa_type=LargeBinary)
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    last_error: str | None = None
    blocked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Due(NamedTuple):
    """What the relay needs of a row: whole rows would cost it as much time as sending them."""

    seq: int
    topic: str
    key: str
    headers: str
    payload: bytes | None
    occurred_at: datetime


def outbox_indexes() -> tuple[Index | UniqueConstraint, ...]:
    """Return the indexes of an outbox table: the backlog by order, and one row per version of a key."""
    waiting = text("published_at IS NULL")
    return (
        Index("ix_outbox_message_waiting", "seq", sqlite_where=waiting, postgresql_where=waiting),
        UniqueConstraint("topic", "key", "aggregate_version"),
    )
