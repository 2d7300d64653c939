"""Alembic runs this file; everything is in shared.db.migrate."""

from services.contacts.models import Base
from shared.db.migrate import run_env

run_env(Base.metadata)
