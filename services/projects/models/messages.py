"""Tables of the backbone, and copies of what other EPCI tell; only projectors write the copies."""

from uuid import UUID

from sqlmodel import Field

from services.projects.models.base import Base
from shared.db.answers import AnswerColumns
from shared.messaging.inbox import AttemptColumns, InboxColumns, IncarnationColumns, MessageTables, PositionColumns
from shared.messaging.known import KnownColumns
from shared.messaging.outbox import OutboxColumns, outbox_indexes


class OutboxMessage(Base, OutboxColumns, table=True):
    """What the relay is to publish."""

    __tablename__ = "outbox_message"
    __table_args__ = outbox_indexes()


class InboxMessage(Base, InboxColumns, table=True):
    """What was acted upon."""

    __tablename__ = "inbox_message"


class ConsumerPosition(Base, PositionColumns, table=True):
    """How far each topic was read."""

    __tablename__ = "consumer_position"


class FailedAttempt(Base, AttemptColumns, table=True):
    """Records that failed so far."""

    __tablename__ = "failed_attempt"


class Incarnation(Base, IncarnationColumns, table=True):
    """Which database this is."""

    __tablename__ = "incarnation"


class StoredAnswer(Base, AnswerColumns, table=True):
    """First answers to requests that may come twice."""

    __tablename__ = "stored_answer"


class KnownProject(Base, KnownColumns, table=True):
    """A project of any EPCI of the territory as last heard; ``own_…`` is what it says of this EPCI as a partner."""

    __tablename__ = "known_project"

    stage: str = ""
    axis: str | None = None
    kind: str = ""
    visibility: str = ""
    own_status: str | None = Field(default=None, index=True)
    own_role: str | None = None
    own_round: int = 0


class KnownParticipation(Base, KnownColumns, table=True):
    """The answer of a partner EPCI as last heard; a deleted one is read as ``left``."""

    __tablename__ = "known_participation"

    project_id: UUID | None = Field(default=None, index=True)
    owner_siren: str | None = Field(default=None, index=True)
    answer: str | None = None
    round: int = 0


TABLES = MessageTables(
    outbox=OutboxMessage,
    inbox=InboxMessage,
    positions=ConsumerPosition,
    attempts=FailedAttempt,
    incarnation=Incarnation,
)
