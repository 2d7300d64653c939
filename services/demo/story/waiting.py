"""Waiting for what the story tells next."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.errors import Conflict

SECONDS, PAUSE = 120, 0.2
T = TypeVar("T")


async def eventually(check: Callable[[], Awaitable[T | None]], *, what: str) -> T:
    """Return the first true answer of ``check``.

    Raises:
        Conflict: none came within ``SECONDS``; says what did not happen.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + SECONDS
    while clock() < deadline:
        answer = await check()
        if answer:
            return answer
        await asyncio.sleep(PAUSE)
    raise Conflict(f"Après {SECONDS} s, {what}.")
