"""Door of programs: JSON under ``/api/v1``; every handler is one command or one query."""

from services.projects.api import calls, exports, fiches, governance, imports, parts, portfolio, sharing

routers = (
    fiches.router,
    parts.router,
    sharing.router,
    governance.router,
    calls.router,
    portfolio.router,
    exports.router,
    imports.router,
)
