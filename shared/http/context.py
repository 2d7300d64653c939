"""Pure ASGI middleware: a request id in every log line, size limits, security headers."""

import re

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.ids import uuid7

log = structlog.get_logger(__name__)

MAX_BODY = 1024 * 1024
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
SECURITY = {
    "content-security-policy": CSP,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")


class RequestContext:
    """Names each request, bounds its body, and adds the security headers to its answer."""

    def __init__(self, app: ASGIApp, *, epci: str) -> None:
        self._app = app
        self._epci = epci

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _GIVEN.fullmatch(given) else str(uuid7())
        scope.setdefault("state", {})["request_id"] = request_id

        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                answer = MutableHeaders(scope=message)
                answer["x-request-id"] = request_id
                for name, value in SECURITY.items():
                    answer.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id, epci=self._epci):
            if _too_large(headers):
                await _too_heavy(request_id)(scope, receive, send_with_headers)
                return
            try:
                await self._app(scope, _bounded(receive), send_with_headers)
            except Exception as error:
                # The edge of every request: logged once with its id, answered in French, never with its cause.
                log.error("request_failed", error=type(error).__name__, exc_info=error)
                if not started:
                    await _failure(request_id)(scope, receive, send_with_headers)


def _problem(status: int, slug: str, *, title: str, detail: str, request_id: str) -> JSONResponse:
    body = {
        "type": f"urn:estuaire:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def _too_heavy(request_id: str) -> JSONResponse:
    detail = "Cette demande dépasse 1 Mio."
    return _problem(413, "too-large", title="Contenu trop volumineux", detail=detail, request_id=request_id)


def _failure(request_id: str) -> JSONResponse:
    detail = f"Réessayez. Si le problème persiste, citez la référence {request_id}."
    return _problem(500, "failure", title="Une erreur est survenue", detail=detail, request_id=request_id)


def _too_large(headers: Headers) -> bool:
    declared = headers.get("content-length", "0")
    return not declared.isdigit() or int(declared) > MAX_BODY


def _bounded(receive: Receive) -> Receive:
    """Stop reading a body that lies about its length."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY:
            return {"type": "http.disconnect"}
        return message

    return bounded
