"""Spreadsheets that people bring: what was read of them, what became of each line."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Text
from sqlmodel import Field

from services.projects.models.base import Base
from services.projects.rules.words import BatchStatus, LineOutcome
from shared.db.columns import UtcDateTime, big_key, by_value


class ImportBatch(Base, table=True):
    """One file: its rows until they are no longer needed, which columns they have, how far it got."""

    __tablename__ = "import_batch"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor: UUID | None = None
    file_name: str
    status: BatchStatus = Field(default=BatchStatus.READ, sa_type=by_value(BatchStatus), index=True)
    sheets: str = Field(sa_type=Text)
    """JSON: ``[{name, rows}]``; empty once it was forgotten."""
    sheet: int = 0
    header_row: int = 1
    columns: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    """Names of known columns by place, which JSON writes as text."""
    next_row: int = 0
    lines: int = 0


class ImportLine(Base, table=True):
    """What became of one line; ``before`` is what a changed project said, for whoever takes the import back."""

    __tablename__ = "import_line"

    batch_id: UUID = Field(foreign_key="import_batch.id", primary_key=True)
    row: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    outcome: LineOutcome = Field(sa_type=by_value(LineOutcome))
    project_id: UUID | None = Field(default=None, foreign_key="project.id")
    project_version: int | None = Field(default=None, sa_type=big_key)
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    errors: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
