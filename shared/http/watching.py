"""Each request timed, and part of a trace: that of its ``traceparent``, or a new one."""

import time

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import tracing
from shared.figures import REQUESTS
from shared.tracing.context import CURRENT

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FAILED = 500


async def watched(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run ``app`` for one request; routes are told by their template, since addresses may hold tokens."""
    method = scope["method"] if scope["method"] in _METHODS else "other"
    begun = tracing.telling(method, kind=tracing.Kind.SERVER, parent=_given(scope))
    # Not reset on the way out: the server logs a failure after it left us, in the task of this request alone.
    CURRENT.set(begun.trace)
    structlog.contextvars.bind_contextvars(trace_id=begun.trace.trace_id)
    started, status, failed = time.perf_counter(), FAILED, ""

    async def noting(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            # A stream lasts as long as its reader stays: what counts is when it began.
            REQUESTS.labels(method, _template(scope), str(status)).observe(time.perf_counter() - started)
        await send(message)

    try:
        await app(scope, receive, noting)
    except Exception as error:
        failed = type(error).__name__
        REQUESTS.labels(method, _template(scope), str(FAILED)).observe(time.perf_counter() - started)
        raise
    finally:
        route = _template(scope)
        begun.say(
            {"http.request.method": method, "http.route": route, "http.response.status_code": status},
            name=f"{method} {route}",
        )
        begun.end(failed=failed or ("" if status < FAILED else str(status)))


def _given(scope: Scope) -> tracing.Trace | None:
    """Return the trace that the caller named once; two names are none."""
    said = Headers(scope=scope).getlist("traceparent")
    return tracing.parse(said[0]) if len(said) == 1 else None


def _template(scope: Scope) -> str:
    """Return the template of the route, which is one of ours; ``other`` for every address that nobody answers."""
    return str(getattr(scope.get("route"), "path", "other"))
