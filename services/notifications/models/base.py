"""The root of the tables and those of the message backbone."""

from sqlmodel import SQLModel

from shared.db.answers import AnswerColumns
from shared.db.base import own_registry, table_of
from shared.messaging.inbox import message_tables


class Base(SQLModel, registry=own_registry()):
    """Root of the tables of the notifications service."""


TABLES = message_tables(Base)
OutboxMessage = TABLES.outbox
StoredAnswer = table_of(Base, AnswerColumns, name="stored_answer")
