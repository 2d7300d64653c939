"""The HTTP clients: every request that leaves the process starts here, and names the trace it belongs to."""

import httpx2

from shared.tracing import current

SECONDS = 30.0


def plain_client(base_url: str, *, token: str = "") -> httpx2.AsyncClient:
    """Return a client for an address of ours or of a member: no redirect, bounded waits, our own certificates only."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx2.AsyncClient(
        base_url=base_url,
        headers=headers,
        timeout=SECONDS,
        follow_redirects=False,
        event_hooks={"request": [_name_trace]},
    )


async def _name_trace(request: httpx2.Request) -> None:
    running = current()
    if running is not None:
        request.headers["traceparent"] = str(running.child())


HttpError = httpx2.HTTPError
Answer = httpx2.Response
Client = httpx2.AsyncClient
