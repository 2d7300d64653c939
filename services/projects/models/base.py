"""The root of the tables of the service, and the columns by which projects are found."""

from decimal import Decimal

from sqlalchemy import Text, text
from sqlmodel import Field, SQLModel

from shared.db.base import own_registry
from shared.db.columns import Euros


class Base(SQLModel, registry=own_registry()):
    """Root of the tables of the projects service."""


class IndexColumns(SQLModel):
    """What lists and figures read of a project, own or heard: ``rules.indexing`` computes it from the state.

    An empty ``digest`` is of a row that an older release wrote; a job computes it.
    """

    sort_title: str = Field(default="", sa_column_kwargs={"server_default": ""})
    title_stems: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    stems: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    facets: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    requested: Decimal = Field(default=Decimal(0), sa_type=Euros, sa_column_kwargs={"server_default": text("0")})
    granted: Decimal = Field(default=Decimal(0), sa_type=Euros, sa_column_kwargs={"server_default": text("0")})
    paid: Decimal = Field(default=Decimal(0), sa_type=Euros, sa_column_kwargs={"server_default": text("0")})
    digest: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
