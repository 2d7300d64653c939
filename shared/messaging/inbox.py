"""Columns of what a reader remembers: messages acted upon, positions, failed tries, and who it is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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
    """How far one consumer group has applied one topic, stored with what it applied."""

    group: str = Field(primary_key=True)
    topic: str = Field(primary_key=True)
    next_offset: int = Field(sa_type=big_key)
    moved_at: datetime = Field(sa_type=UtcDateTime)


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


@dataclass(frozen=True)
class MessageTables:
    """The five tables of the backbone in one service’s database."""

    outbox: type[OutboxColumns]
    inbox: type[InboxColumns]
    positions: type[PositionColumns]
    attempts: type[AttemptColumns]
    incarnation: type[IncarnationColumns]


def message_tables(root: type[SQLModel]) -> MessageTables:
    """Declare the tables of the backbone under the root of one service."""
    return MessageTables(
        outbox=table_of(root, OutboxColumns, name="outbox_message", constraints=outbox_indexes()),
        inbox=table_of(root, InboxColumns, name="inbox_message"),
        positions=table_of(root, PositionColumns, name="consumer_position"),
        attempts=table_of(root, AttemptColumns, name="failed_attempt"),
        incarnation=table_of(root, IncarnationColumns, name="incarnation"),
    )
