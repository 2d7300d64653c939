"""Who may pass: every route declares a right and a limit; one that does not cannot be written."""

import time
from collections import deque
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.params import Depends as Dependency

from shared.db.engine import Database
from shared.errors import Forbidden, TooMany, Unauthenticated
from shared.identity.access import Right, Role, Scope, visitor_scope
from shared.identity.tokens import scope_of

LIMITS = {"public": 120, "form": 10, "unsubscribe": 60, "token": 600, "refused": 30}
"""Requests per minute, per address for people, per token for programs; ``refused``: tokens that open nothing."""


async def current_scope(request: Request) -> Scope:
    """Return who asks: the bearer of a token of this instance, else a visitor.

    Raises:
        Unauthenticated: a token came that this instance does not know.
        TooMany: too many of those came from this address.
    """
    epci: str = request.app.state.settings.siren
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if not secret:
        return visitor_scope(epci)
    if scheme.lower() != "bearer":
        raise Unauthenticated("Seuls les jetons « Bearer » sont reconnus.")
    identity: Database = request.app.state.identity
    try:
        async with identity.reading() as session:
            return await scope_of(session, secret.strip(), epci=epci)
    except Unauthenticated:
        _count(request, "refused", _address(request))
        raise


Who = Annotated[Scope, Depends(current_scope)]


Door = Callable[[Callable[..., Any]], Callable[..., Any]]


class Windows:
    """Sliding windows of one minute, in memory: the nearest proxy may be stricter."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], deque[float]] = {}

    def take(self, kind: str, who: str, *, most: int) -> None:
        """Count one request.

        Raises:
            TooMany: more than ``most`` in the last minute; says how many seconds to wait.
        """
        instant = time.monotonic()
        window = self._seen.setdefault((kind, who), deque())
        while window and window[0] <= instant - 60:
            window.popleft()
        if len(window) >= most:
            wait = int(window[0] + 60 - instant) + 1
            raise TooMany(f"Trop de demandes. Réessayez dans {wait} secondes.", retry_after=wait)
        window.append(instant)
        if len(self._seen) > 10_000:
            self._seen = {key: seen for key, seen in self._seen.items() if seen and seen[-1] > instant - 60}


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _count(request: Request, kind: str, who: str) -> None:
    most = request.app.state.limits.get(kind, LIMITS[kind])
    request.app.state.windows.take(kind, who, most=most)


def requires(right: Right, *, limit: str) -> Dependency:
    """Return the dependency that lets only those with ``right`` pass, at most as often as ``limit`` says."""

    async def guard(request: Request, who: Who) -> None:
        kind = limit if who.role is Role.VISITOR else "token"
        _count(request, kind, str(who.actor or _address(request)))
        if not who.may(right):
            if who.role is Role.VISITOR:
                raise Unauthenticated("Cette action demande un jeton de cette instance.")
            raise Forbidden("Votre rôle ne permet pas cette action.", right=right.value)

    guard.right = right  # type: ignore[attr-defined]
    return Dependency(guard)


class Router(APIRouter):
    """A router on which every route names the right it asks for; ``options`` are those of FastAPI."""

    def read(self, path: str, *, right: Right, limit: str = "public", **options: Any) -> Door:  # noqa: ANN401 - FastAPI’s
        """Declare a GET route."""
        return self.api_route(path, methods=["GET"], dependencies=[requires(right, limit=limit)], **options)

    def act(
        self,
        path: str,
        *,
        right: Right,
        limit: str = "form",
        method: str = "POST",
        **options: Any,  # noqa: ANN401 - FastAPI’s
    ) -> Door:
        """Declare a route that changes something."""
        return self.api_route(path, methods=[method], dependencies=[requires(right, limit=limit)], **options)
