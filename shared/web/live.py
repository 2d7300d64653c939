"""Live notices: browsers are told that something changed, never what; they ask for it as anyone would."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

from fastapi import Request
from fastapi.responses import StreamingResponse

BACKLOG = 100
KEEP_ALIVE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Change:
    """What left a stream: a kind of thing, which one, and its new version."""

    kind: str
    id: str
    version: int


# Sent to a browser that comes back too late to be told one by one.
ANYTHING = Change(kind="*", id="*", version=0)


class Subscription:
    """The changes that one browser has still to hear, in order; ends when the hub stops or it falls behind."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[str, Change] | None] = asyncio.Queue(BACKLOG + 1)

    def __aiter__(self) -> AsyncIterator[tuple[str, Change]]:
        return self

    async def __anext__(self) -> tuple[str, Change]:
        """Return the next change and its mark, once there is one."""
        heard = await self._waiting.get()
        if heard is None:
            raise StopAsyncIteration
        return heard

    def tell(self, mark: str, change: Change) -> bool:
        """Add a change; False when the browser is too slow, which ends the subscription."""
        if self._waiting.qsize() >= BACKLOG:
            self.end()
            return False
        self._waiting.put_nowait((mark, change))
        return True

    def end(self) -> None:
        """Forget what is waiting and finish."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)


class Hub:
    """Passes changes to the open pages of this process; holds no state that matters and no data.

    ``stopping`` is set by the signal handler through ``stop``: uvicorn waits for open answers before it runs the end
    of the lifespan, so a stream that waited for that end would block the stop for ever.
    """

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self._open: set[Subscription] = set()
        self._origin = secrets.token_hex(4)
        self._count = 0
        self._recent: deque[tuple[int, Change]] = deque(maxlen=BACKLOG)

    @property
    def clients(self) -> int:
        """Return how many pages are listening."""
        return len(self._open)

    @property
    def mark(self) -> str:
        """Return where the stream is now, for a browser that will come back."""
        return self._mark(self._count)

    def publish(self, kind: str, id: str, version: int) -> None:  # the word on the wire
        """Tell every open page; called after the commit, from the event loop."""
        change = Change(kind, id, version)
        self._count += 1
        self._recent.append((self._count, change))
        mark = self.mark
        self._open = {page for page in self._open if page.tell(mark, change)}

    def subscribe(self, *, after: str | None = None) -> Subscription:
        """Open a subscription; what was published since ``after`` comes first.

        Args:
            after: the last mark the browser heard; one that is too old, or of another process, gives ``ANYTHING``.
        """
        subscription = Subscription()
        if self.stopping.is_set():
            subscription.end()
            return subscription
        for mark, change in self._missed(after):
            subscription.tell(mark, change)
        self._open.add(subscription)
        return subscription

    def close(self, subscription: Subscription) -> None:
        """Forget a page that left."""
        self._open.discard(subscription)

    def stop(self) -> None:
        """End every stream, now and from now on."""
        self.stopping.set()
        for page in self._open:
            page.end()
        self._open.clear()

    def _missed(self, after: str | None) -> list[tuple[str, Change]]:
        if after is None or after == self.mark:
            return []
        origin, _, number = after.partition("-")
        known = origin == self._origin and number.isdecimal() and len(number) < 16
        if not known or int(number) < self._count - len(self._recent):
            return [(self.mark, ANYTHING)]
        return [(self._mark(count), change) for count, change in self._recent if count > int(number)]

    def _mark(self, count: int) -> str:
        return f"{self._origin}-{count}"


def sse_response(request: Request, hub: Hub, *, keep_alive: float = KEEP_ALIVE_SECONDS) -> StreamingResponse:
    """Answer with the stream of changes, until the browser leaves or the hub stops.

    The route that returns it must hold no database session: it would stay open as long as the page.
    """
    return StreamingResponse(
        _stream(hub, after=request.headers.get("last-event-id"), keep_alive=keep_alive),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(hub: Hub, *, after: str | None, keep_alive: float) -> AsyncIterator[str]:
    subscription = hub.subscribe(after=after)
    try:
        yield ": \n\n" if after else f"id: {hub.mark}\n\n"
        while True:
            try:
                async with asyncio.timeout(keep_alive):
                    mark, change = await anext(subscription)
            except TimeoutError:
                yield ": \n\n"
                continue
            except StopAsyncIteration:
                return
            yield f"event: change\nid: {mark}\ndata: {json.dumps(asdict(change))}\n\n"
    finally:
        hub.close(subscription)
