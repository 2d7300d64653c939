"""One shape for every no: problem+json (RFC 9457) for programs, a page for people."""

from collections.abc import Callable

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException

from shared.db.trouble import is_transient
from shared.errors import Failed, Invalid, NotAllowed, NotFound, Refusal, TooLarge, Unauthenticated, Unavailable
from shared.http.context import SECURITY
from shared.http.ending import CutShort
from shared.http.preconditions import Replayed
from shared.mistakes import place, sentence

log = structlog.get_logger(__name__)
# What a database that is away raises, in the driver or before it.
TROUBLE = (DBAPIError, NoConnection, ConnectionError, TimeoutError)

PageOf = Callable[[Request, Refusal], Response]


def _not_allowed() -> Refusal:
    return NotAllowed("Cette adresse n’accepte pas cette demande.")


def _unreadable() -> Refusal:
    return Invalid("Le corps de la demande n’est pas lisible.")


def _too_large() -> Refusal:
    return TooLarge("Cette demande est trop volumineuse.")


_BY_STATUS: dict[int, Callable[[], Refusal]] = {
    400: _unreadable,
    404: NotFound,
    405: _not_allowed,
    413: _too_large,
    422: _unreadable,
}


def install_refusals(app: FastAPI, *, page_of: PageOf) -> None:
    """Answer every refusal of ``app`` in the caller’s form; a failure answers 500, and the server logs its cause."""

    def answer(request: Request, error: Exception) -> Response:
        refusal = _as_refusal(error)
        response = page_of(request, refusal) if _wants_page(request) else _problem(request, refusal)
        response.headers.update(_headers_of(refusal))
        return response

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, TROUBLE) and not is_transient(error):
            raise error
        return answer(request, error)

    async def failed(request: Request, error: Exception) -> Response:
        response = answer(request, error)
        # Starlette answers failures outside of every middleware.
        response.headers.update({**SECURITY, "x-request-id": request.state.request_id})
        return response

    for kind in (Refusal, RequestValidationError, HTTPException, *TROUBLE):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(Exception, failed)
    app.add_middleware(CutShort, answer=answer)

    @app.exception_handler(Replayed)
    async def replayed(request: Request, first: Replayed) -> Response:
        headers = {**first.headers, "idempotent-replayed": "true"}
        return Response(first.body, status_code=first.status, headers=headers, media_type="application/json")


def _headers_of(refusal: Refusal) -> dict[str, str]:
    wait = {"retry-after": str(refusal.facts["retry_after"])} if "retry_after" in refusal.facts else {}
    return wait | ({"www-authenticate": "Bearer"} if refusal.status == Unauthenticated.status else {})


def _as_refusal(error: Exception) -> Refusal:
    match error:
        case Refusal():
            return error
        case RequestValidationError():
            fields = [(field_of(one["loc"]), sentence(one)) for one in error.errors()]
            errors = [{"field": field, "message": message} for field, message in fields]
            return Invalid("La demande contient des erreurs.", errors=errors)
        case HTTPException():
            return _BY_STATUS.get(error.status_code, _not_allowed)()
        case _ if isinstance(error, TROUBLE) and is_transient(error):
            cause = error.orig if isinstance(error, DBAPIError) else error
            log.warning("database_unavailable", error=type(cause).__name__)
            return Unavailable("La base ne répond pas. Réessayez dans un instant.", retry_after=2)
        case _:
            return Failed("L’incident est noté. S’il se répète, donnez-nous sa référence.")


def field_of(location: tuple[object, ...]) -> str:
    """Return the dotted name of a field, without the part of the request it is in."""
    found = place(part for part in location if part not in {"body", "query", "path"})
    return "" if found[:1].isdigit() else found  # a place in unreadable JSON is no field


def _wants_page(request: Request) -> bool:
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def _problem(request: Request, refusal: Refusal) -> JSONResponse:
    body = {
        "type": f"urn:estuaire:problem:{refusal.slug}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "request_id": getattr(request.state, "request_id", None),
        **refusal.facts,
    }
    return JSONResponse(body, status_code=refusal.status, media_type="application/problem+json")
