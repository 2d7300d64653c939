"""Spreadsheets that people bring: the file, how far it is, what became of each line."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Text
from sqlmodel import Field

from services.projects.models.base import Base
from services.projects.rules.words import BatchStatus, LineOutcome
from shared.db.columns import UtcDateTime, big_key, by_value


class ImportBatch(Base, table=True):
    """One import: which sheet and columns of its file are meant, how far it got."""

    __tablename__ = "import_batch"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor: UUID | None = None
    file_name: str
    status: BatchStatus = Field(default=BatchStatus.READ, sa_type=by_value(BatchStatus), index=True)
    sheet: int = 0
    header_row: int = 1
    columns: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    """Names of known columns by place, which JSON writes as text."""


class ImportFile(Base, table=True):
    """The rows of the file of an import, as JSON ``[{name, rows}]``; they may name people, and are forgotten."""

    __tablename__ = "import_file"

    batch_id: UUID = Field(foreign_key="import_batch.id", primary_key=True)
    sheets: str = Field(sa_type=Text)


class ImportLine(Base, table=True):
    """What one line says, as it was when the import was started, and what became of it."""

    __tablename__ = "import_line"

    batch_id: UUID = Field(foreign_key="import_batch.id", primary_key=True)
    row: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    outcome: LineOutcome = Field(default=LineOutcome.WAITING, sa_type=by_value(LineOutcome), index=True)
    title: str = ""
    step: str = ""
    said: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """What waits to be written; empty once it was."""
    mistakes: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    project_id: UUID | None = Field(default=None, foreign_key="project.id")
    news_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the project changed by this line: it is taken back only if nobody has written in it since."""
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    """What a changed project said of the same fields."""
