"""Pure ASGI middleware: a request id in every log line, size limits, security headers."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.watching import watched
from shared.ids import uuid7

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
    """Names each request, bounds its body, and adds the security headers to its answer.

    ``uploads`` names the addresses that take a file of somebody, and how many bytes.
    """

    def __init__(self, app: ASGIApp, *, epci: str, uploads: Mapping[str, int] = MappingProxyType({})) -> None:
        self._app = app
        self._epci = epci
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _GIVEN.fullmatch(given) else str(uuid7())
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["x-request-id"] = request_id
                for name, value in SECURITY.items():
                    answer.setdefault(name, value)
            await send(message)

        # Not unbound on the way out: the server logs a failure after it left us, in the task of this request alone.
        structlog.contextvars.bind_contextvars(request_id=request_id, epci=self._epci)
        most = self._uploads.get(scope["path"], MAX_BODY)
        reading = _bounded(receive, declared=headers.get("content-length", "0"), most=most)
        if scope["method"] == "HEAD":
            await watched(self._app, {**scope, "method": "GET"}, reading, _head_only(send_with_headers))
        else:
            await watched(self._app, scope, reading, send_with_headers)


def _head_only(send: Send) -> Send:
    """End the answer after its head, also that of a stream: what can be read can be asked after."""

    async def head_only(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    return head_only


def _bounded(receive: Receive, *, declared: str, most: int) -> Receive:
    """Refuse to read a body over the limit, whether it says its length, lies about it or says nothing."""
    taken = 0 if declared.isdigit() and int(declared) <= most else most + 1

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most and message["type"] == "http.request":
            raise HTTPException(413)
        return message

    return bounded
