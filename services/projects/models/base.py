"""The root of the tables of the service."""

from sqlmodel import SQLModel

from shared.db.base import own_registry


class Base(SQLModel, registry=own_registry()):
    """Root of the tables of the projects service."""
