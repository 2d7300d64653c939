"""The root of the tables and those of the message backbone."""

from sqlmodel import SQLModel

from shared.db.answers import AnswerColumns
from shared.db.base import own_registry
from shared.messaging.inbox import (
    AttemptColumns,
    InboxColumns,
    IncarnationColumns,
    MessageTables,
    PositionColumns,
)
from shared.messaging.outbox import OutboxColumns, outbox_indexes


class Base(SQLModel, registry=own_registry()):
    """Root of the tables of the notifications service."""


class OutboxMessage(Base, OutboxColumns, table=True):
    """What this service has still to publish, or has published."""

    __tablename__ = "outbox_message"
    __table_args__ = outbox_indexes()


class InboxMessage(Base, InboxColumns, table=True):
    """What this service has acted upon."""

    __tablename__ = "inbox_message"


class ConsumerPosition(Base, PositionColumns, table=True):
    """How far each topic was applied."""

    __tablename__ = "consumer_position"


class FailedAttempt(Base, AttemptColumns, table=True):
    """How often a record failed."""

    __tablename__ = "failed_attempt"


class Incarnation(Base, IncarnationColumns, table=True):
    """Which database this is."""

    __tablename__ = "incarnation"


class StoredAnswer(Base, AnswerColumns, table=True):
    """First answers kept under an Idempotency-Key."""

    __tablename__ = "stored_answer"


TABLES = MessageTables(
    outbox=OutboxMessage,
    inbox=InboxMessage,
    positions=ConsumerPosition,
    attempts=FailedAttempt,
    incarnation=Incarnation,
)
