"""What people keep of the portfolio: views, and the money of each month’s end."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field

from services.projects.models.base import Base
from shared.contracts.projects import FundingStatus
from shared.db.columns import Euros, UtcDateTime, by_value


class SavedView(Base, table=True):
    """A list that somebody looks at again: its name, and the query that makes it."""

    __tablename__ = "saved_view"

    id: UUID = Field(primary_key=True)
    home_epci: str
    owner: UUID | None = Field(default=None, index=True)
    name: str
    query: str = Field(sa_type=Text)
    shared: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)


class FundingMonth(Base, table=True):
    """A month whose end was written down, also when there was no money to write."""

    __tablename__ = "funding_month"

    home_epci: str = Field(primary_key=True)
    month_end: date = Field(primary_key=True)
    taken_at: datetime = Field(sa_type=UtcDateTime)


class FundingSnapshot(Base, table=True):
    """The money of one project, by status of its lines, at the end of a month; never rewritten."""

    __tablename__ = "funding_snapshot"

    project_id: UUID = Field(foreign_key="project.id", primary_key=True)
    month_end: date = Field(primary_key=True, index=True)
    status: FundingStatus = Field(sa_type=by_value(FundingStatus), primary_key=True)
    lines: int
    planned: Decimal = Field(sa_type=Euros)
    requested: Decimal = Field(sa_type=Euros)
    granted: Decimal = Field(sa_type=Euros)
    paid: Decimal = Field(sa_type=Euros)
    taken_at: datetime = Field(sa_type=UtcDateTime)
