"""Alembic runs this file; everything is in shared.db.migrate."""

from shared.db.migrate import run_env
from shared.identity.models import Base

run_env(Base.metadata)
