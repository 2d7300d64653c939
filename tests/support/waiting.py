"""Waiting for what must come, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(check: Callable[[], Awaitable[T]], *, within: float = 15, what: str = "") -> T:
    """Return the first true answer of ``check``; fail with its last answer after ``within`` seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = await check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or check} (last answer: {answer!r})")
        await asyncio.sleep(0.05)
