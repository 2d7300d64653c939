"""Tables of the feed: our own entries, those of everybody, and the log of what is new."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from services.notifications.models.base import Base
from shared.contracts.base import Visibility
from shared.contracts.notifications import EntryKind
from shared.db.columns import UtcDateTime, big_key, by_value
from shared.messaging.known import KnownColumns


class Entry(Base, table=True):
    """One piece of news of our own, once per source and topic."""

    __tablename__ = "entry"
    __table_args__ = (UniqueConstraint("source_type", "source_id", "topic"),)

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    source_type: str
    source_id: UUID
    source_version: int = Field(sa_type=big_key)
    topic: str
    kind: EntryKind = Field(sa_type=by_value(EntryKind))
    tail: str
    title: str
    summary: str = Field(sa_type=Text)
    axis: str | None = None
    communes: str = ""
    epcis: str = ""
    importance: int = 1
    visibility: Visibility = Field(sa_type=by_value(Visibility))
    news_rev: int = 1
    withdrawn: bool = False
    starts_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    published_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class SourceMemory(Base, table=True):
    """What was last told of one source, so that only what changed is news."""

    __tablename__ = "source_memory"

    source_type: str = Field(primary_key=True)
    source_id: UUID = Field(primary_key=True)
    version: int = Field(sa_type=big_key)
    marks: str | None = Field(default=None, sa_type=Text)


class KnownEntry(Base, KnownColumns, table=True):
    """A feed entry of any EPCI as last heard, ours included."""

    __tablename__ = "known_entry"
    __table_args__ = (Index("ix_known_entry_newest", "published_at", "id"),)

    is_public: bool = False
    kind: str = ""
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class KnownPerson(Base, KnownColumns, table=True):
    """A person of our own EPCI: her address and whether she opposes mail."""

    __tablename__ = "known_person"

    email: str = Field(default="", index=True)
    opposes_mail: bool = False


class KnownHeartbeat(Base, KnownColumns, table=True):
    """The last sign of life of one service of one EPCI."""

    __tablename__ = "known_heartbeat"


class FeedLog(Base, table=True):
    """What is new, numbered in order of commits; it survives every rebuild, so that a rebuild makes no news."""

    __tablename__ = "feed_log"
    __table_args__ = (UniqueConstraint("home_epci", "entry_id", "news_rev"),)

    seq: int = Field(primary_key=True, sa_type=big_key, sa_column_kwargs={"autoincrement": False})
    home_epci: str
    entry_id: UUID
    news_rev: int
    mailable: bool
    logged_at: datetime = Field(sa_type=UtcDateTime, index=True)


class LogCounter(Base, table=True):
    """The highest number of the log; the row is locked until commit, so that no number appears late."""

    __tablename__ = "log_counter"

    name: str = Field(primary_key=True)
    value: int = Field(sa_type=big_key)
