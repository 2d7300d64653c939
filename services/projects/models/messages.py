"""Tables of the backbone, and copies of what other EPCI tell; only projectors write the copies."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlmodel import Field

from services.projects.models.base import Base, IndexColumns
from shared.db.answers import AnswerColumns
from shared.db.base import table_of
from shared.db.columns import Euros, big_key
from shared.messaging.inbox import message_tables
from shared.messaging.known import KnownColumns

TABLES = message_tables(Base)
OutboxMessage = TABLES.outbox
StoredAnswer = table_of(Base, AnswerColumns, name="stored_answer")


class KnownProject(Base, KnownColumns, IndexColumns, table=True):
    """A project of any EPCI of the territory as last heard; ``own_…`` is what it says of this EPCI as a partner."""

    __tablename__ = "known_project"

    stage: str = ""
    axis: str | None = None
    kind: str = ""
    visibility: str = ""
    health: str = Field(default="", sa_column_kwargs={"server_default": ""})
    planned_end: date | None = None
    total_cost_ht: Decimal | None = Field(default=None, sa_type=Euros)
    own_status: str | None = Field(default=None, index=True)
    own_role: str | None = None
    own_round: int = 0


class KnownParticipation(Base, KnownColumns, table=True):
    """The answer of a partner EPCI as last heard; a deleted one is read as ``left``."""

    __tablename__ = "known_participation"

    project_id: UUID | None = Field(default=None, index=True)
    owner_siren: str | None = Field(default=None, index=True)
    answer: str | None = None
    round: int = Field(default=0, sa_type=big_key)


class KnownProgramme(Base, KnownColumns, table=True):
    """A programme of any EPCI of the territory as last heard."""

    __tablename__ = "known_programme"


class KnownCall(Base, KnownColumns, table=True):
    """A call of any EPCI of the territory as last heard; one that was closed or cancelled counts as deleted."""

    __tablename__ = "known_call"
