"""Columns of what a reader remembers: messages acted upon, positions, failed tries, and who it is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlalchemy import Text as TextType
from sqlmodel import Field, SQLModel

from shared.db.base import table_of
from shared.db.columns import UtcDateTime, big_key
from shared.messaging.outbox import OutboxColumns, outbox_indexes


class InboxColumns(SQLModel):
    """One message that one reaction has acted upon."""

    consumer: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)


class PositionColumns(SQLModel):
    """How far one consumer group has applied one topic, stored with what it applied; and what stands in its way."""

    group: str = Field(primary_key=True)
    topic: str = Field(primary_key=True)
    next_offset: int = Field(sa_type=big_key)
    moved_at: datetime = Field(sa_type=UtcDateTime)
    start_offset: int | None = Field(default=None, sa_type=big_key)
    """Where reading began that has neither got further nor ended cleanly since."""
    starts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often in a row it began there."""
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Since when the breaker holds this topic; an operator empties it to resume, a restart does so too."""


class AttemptColumns(SQLModel):
    """How often one record failed; in the database, so that a restart does not forgive it."""

    group: str = Field(primary_key=True)
    topic: str = Field(primary_key=True)
    offset: int = Field(primary_key=True, sa_type=big_key)
    tries: int
    first_at: datetime = Field(sa_type=UtcDateTime)
    error: str


class IncarnationColumns(SQLModel):
    """Which database this is: drawn when it is made, and again when it is restored."""

    id: UUID = Field(primary_key=True)
    heartbeat_id: UUID
    heartbeat_version: int = Field(default=0, sa_type=big_key)
    made_at: datetime = Field(sa_type=UtcDateTime)
    restored_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Set by a restore, emptied by ``restore-check``: nothing is published meanwhile."""


class FormerIncarnationColumns(SQLModel):
    """What this database was before a restore: records of these incarnations are our own."""

    id: UUID = Field(primary_key=True)
    ended_at: datetime = Field(sa_type=UtcDateTime)


class ParkedColumns(SQLModel):
    """One record that waits for what it refers to; later ones of its key wait behind it, in order of ``seq``."""

    seq: int | None = Field(default=None, primary_key=True, sa_type=big_key)
    group: str
    topic: str
    partition: int
    offset: int = Field(sa_type=big_key)
    timestamp_ms: int = Field(sa_type=big_key)
    key: str
    headers: str = Field(sa_type=TextType)
    payload: bytes | None = Field(default=None, sa_type=LargeBinary)
    reason: str
    tries: int = 0
    parked_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime, index=True)


class SettledLetterColumns(SQLModel):
    """What an operator decided of one dead letter; Kafka keeps the letter itself until its time is over."""

    topic: str = Field(primary_key=True)
    offset: int = Field(primary_key=True, sa_type=big_key)
    verdict: str
    settled_at: datetime = Field(sa_type=UtcDateTime)
    settled_by: str = Field(default="", sa_column_kwargs={"server_default": ""})


@dataclass(frozen=True)
class MessageTables:
    """The tables of the backbone in one service’s database."""

    outbox: type[OutboxColumns]
    inbox: type[InboxColumns]
    positions: type[PositionColumns]
    attempts: type[AttemptColumns]
    incarnation: type[IncarnationColumns]
    former: type[FormerIncarnationColumns]
    parked: type[ParkedColumns]
    letters: type[SettledLetterColumns]


def message_tables(root: type[SQLModel]) -> MessageTables:
    """Declare the tables of the backbone under the root of one service."""
    return MessageTables(
        outbox=table_of(root, OutboxColumns, name="outbox_message", constraints=outbox_indexes()),
        inbox=table_of(root, InboxColumns, name="inbox_message"),
        positions=table_of(root, PositionColumns, name="consumer_position"),
        attempts=table_of(root, AttemptColumns, name="failed_attempt"),
        incarnation=table_of(root, IncarnationColumns, name="incarnation"),
        former=table_of(root, FormerIncarnationColumns, name="former_incarnation"),
        parked=table_of(root, ParkedColumns, name="parked_message", constraints=_parked_constraints()),
        letters=table_of(root, SettledLetterColumns, name="settled_letter"),
    )


def _parked_constraints() -> tuple[Index | UniqueConstraint, ...]:
    return (UniqueConstraint("group", "topic", "offset"), Index("ix_parked_message_key", "group", "topic", "key"))
