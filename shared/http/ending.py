"""Requests that the server gives up when it must stop: they are told to come again, not that we failed."""

import asyncio
from collections.abc import Callable

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Unavailable

RETRY_SECONDS = 5


class CutShort:
    """Answers a request whose task is cancelled before its answer began; the cancellation goes on afterwards."""

    def __init__(self, app: ASGIApp, *, answer: Callable[[Request, Exception], Response]) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        begun = scope["type"] != "http"

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if not begun:
                stopping = Unavailable("L’instance s’arrête. Réessayez dans un instant.", retry_after=RETRY_SECONDS)
                await self._answer(Request(scope), stopping)(scope, receive, send)
            raise
