"""Waiting for what must come, never for a time."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")
# What takes a second by itself takes several beside the rest of the suite.
BUSY = 4
LONGEST = 240  # pytest ends a test after 300 s, and nobody learns the last answer


async def eventually(check: Callable[[], Awaitable[T]], *, within: float = 15, what: str = "") -> T:
    """Return the first true answer of ``check``; fail with its last answer after ``within`` seconds of a quiet machine.

    Looking costs what is waited for its processor: the pauses between grow.
    """
    seconds, pause = min(within * BUSY, LONGEST), 0.05
    deadline = time.monotonic() + seconds
    while True:
        answer = await check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what or check} (last answer: {answer!r})")
        await asyncio.sleep(pause)
        pause = min(pause * 1.25, 0.5)


@asynccontextmanager
async def doing(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do all of this while the block runs, then cancel it and wait for its end, the last first."""
    async with AsyncExitStack() as stack:
        for work in works:
            stack.push_async_callback(_ended, asyncio.create_task(work))
        yield


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
