"""Tables of the identity database of an instance."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from shared.db.base import own_registry
from shared.db.columns import UtcDateTime, by_value
from shared.identity.access import Role


class Base(SQLModel, registry=own_registry()):
    """Root of the tables of identity."""


class ApiToken(Base, table=True):
    """One API token: only the hash of its secret is kept."""

    __tablename__ = "api_token"

    id: UUID = Field(primary_key=True)
    name: str
    epci: str
    role: Role = Field(sa_type=by_value(Role))
    secret_hash: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
