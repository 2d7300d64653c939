"""Alembic runs this file; everything is in shared.db.migrate."""

from services.notifications.models import Base
from shared.db.migrate import run_env

run_env(Base.metadata)
