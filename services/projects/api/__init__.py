"""Door of programs: JSON under ``/api/v1``; every handler is one command or one query."""

from services.projects.api import fiches, parts, sharing

routers = (fiches.router, parts.router, sharing.router)
