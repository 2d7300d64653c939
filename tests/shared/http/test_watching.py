"""Every request belongs to one trace, whatever its caller says, and is told by the template of its route."""

from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

from shared import figures, tracing
from shared.http.watching import watched

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01".encode()


async def asked(*given: bytes, method: str = "GET", fails: bool = False) -> tuple[tracing.Trace, Sequence[Message]]:
    """Return the trace in which an application was asked, and what it sent."""
    running: list[tracing.Trace | None] = []
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        running.append(tracing.current())
        if fails:
            raise ZeroDivisionError
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"traceparent", one) for one in given]
    scope = {"type": "http", "method": method, "path": "/lien/secret", "headers": headers}
    try:
        await watched(app, scope, receive, send)
    finally:
        (trace,) = running
    assert trace is not None
    return trace, sent


async def test_a_trace_that_is_given_goes_on() -> None:
    trace, _ = await asked(GIVEN)

    assert trace.trace_id == TRACE
    assert trace.span_id != "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "given", [(), (b"",), (b"\xff" * 55,), (b"00-" + b"0" * 52,), (b"x" * 60_000,), (GIVEN, GIVEN)]
)
async def test_anything_else_begins_a_new_one(given: Sequence[bytes]) -> None:
    trace, sent = await asked(*given)

    assert trace.trace_id != TRACE
    assert tracing.parse(str(trace)) == trace
    assert [one["status"] for one in sent] == [204]


def counted(method: str, status: str) -> float:
    """Return how many requests of no route were counted."""
    labels = {"method": method, "route": "other", "status": status}
    (family,) = figures.REQUESTS.collect()
    found = [one.value for one in family.samples if one.name.endswith("_count") and one.labels == labels]
    return sum(found)


async def test_an_invented_method_and_a_failure_count_under_words_of_ours() -> None:
    before = counted("other", "500")

    with pytest.raises(ZeroDivisionError):
        await asked(method="INVENTED", fails=True)

    assert counted("other", "500") == before + 1
    assert b"secret" not in figures.written()
    assert b"INVENTED" not in figures.written()
