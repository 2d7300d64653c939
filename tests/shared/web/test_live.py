"""The hub tells every page, forgets the slow, and never holds back a stop."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from shared.web.live import ANYTHING, BACKLOG, Change, Hub, Subscription, sse_response


async def heard(subscription: Subscription) -> list[Change]:
    """Return what is waiting, ending the subscription."""
    changes = []
    while True:
        try:
            async with asyncio.timeout(0.05):
                changes.append((await anext(subscription))[1])
        except (TimeoutError, StopAsyncIteration):
            return changes


async def until(check: Callable[[], bool]) -> None:
    """Wait for something that another task brings about, five seconds at most."""
    for _ in range(500):
        if check():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


async def test_every_page_hears_each_change_in_order() -> None:
    hub = Hub()
    pages = [hub.subscribe(), hub.subscribe()]

    hub.publish("project", "a", 1)
    hub.publish("agenda-event", "b", 7)

    for page in pages:
        assert await heard(page) == [Change("project", "a", 1), Change("agenda-event", "b", 7)]


async def test_a_slow_page_is_dropped_and_the_others_are_not() -> None:
    hub = Hub()
    slow, quick = hub.subscribe(), hub.subscribe()

    for version in range(BACKLOG + 1):
        hub.publish("project", "a", version)
        assert (await anext(quick))[1].version == version

    assert hub.clients == 1
    with pytest.raises(StopAsyncIteration):
        await anext(slow)


async def test_a_page_that_comes_back_hears_what_it_missed() -> None:
    hub = Hub()
    mark = hub.mark
    for version in (1, 2, 3):
        hub.publish("project", "a", version)
    page = hub.subscribe()
    hub.publish("project", "a", 4)
    last, _ = await anext(page)
    hub.publish("project", "a", 5)

    assert [change.version for change in await heard(hub.subscribe(after=mark))] == [1, 2, 3, 4, 5]
    assert [change.version for change in await heard(hub.subscribe(after=last))] == [5]
    assert await heard(hub.subscribe(after=hub.mark)) == []


@pytest.mark.parametrize(
    "mark",
    ["another-3", "", "-", "{origin}-²", "{origin}-" + "9" * 5000],
    ids=["process", "empty", "dash", "no number", "huge"],
)
async def test_a_page_of_another_process_is_told_that_anything_may_have_changed(mark: str) -> None:
    hub = Hub()
    hub.publish("project", "a", 1)

    assert await heard(hub.subscribe(after=mark.format(origin=hub.mark.partition("-")[0]))) == [ANYTHING]


async def test_a_page_too_late_for_the_list_is_told_that_anything_may_have_changed() -> None:
    hub = Hub()
    mark = hub.mark
    for version in range(BACKLOG + 1):
        hub.publish("project", "a", version)

    assert await heard(hub.subscribe(after=mark)) == [ANYTHING]


async def test_stopping_ends_every_stream_now_and_later() -> None:
    hub = Hub()
    page = hub.subscribe()
    hub.publish("project", "a", 1)

    hub.stop()

    assert hub.stopping.is_set()
    for ended in (page, hub.subscribe()):
        with pytest.raises(StopAsyncIteration):
            await anext(ended)
    assert hub.clients == 0


class Served:
    """A hub behind a real server, as browsers meet it."""

    def __init__(self) -> None:
        self.hub = Hub()
        app = FastAPI()

        @app.get("/flux")
        async def flux(request: Request) -> StreamingResponse:
            return sse_response(request, self.hub, keep_alive=0.1)

        self.server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}/flux"


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    one = Served()
    running = asyncio.create_task(one.server.serve(sockets=[one.socket]))
    await until(lambda: one.server.started)
    yield one
    one.hub.stop()
    one.server.should_exit = True
    async with asyncio.timeout(5):
        await running


async def test_a_browser_receives_kind_id_and_version_and_nothing_else(served: Served) -> None:
    async with httpx2.AsyncClient() as client, client.stream("GET", served.address) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == f"id: {served.hub.mark}"
        served.hub.publish("project", "a", 3)
        received = [line async for line in _until_data(lines)]

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert "event: change" in received
    assert json.loads(received[-1].removeprefix("data: ")) == {"kind": "project", "id": "a", "version": 3}


async def test_a_silent_stream_breathes(served: Served) -> None:
    async with httpx2.AsyncClient() as client, client.stream("GET", served.address) as answer:
        async for line in answer.aiter_lines():
            if line.startswith(":"):
                return


async def test_a_page_that_leaves_is_forgotten(served: Served) -> None:
    async with httpx2.AsyncClient() as client, client.stream("GET", served.address) as answer:
        await anext(answer.aiter_lines())
        assert served.hub.clients == 1

    await until(lambda: served.hub.clients == 0)


async def test_an_open_page_does_not_hold_back_the_stop(served: Served) -> None:
    async with httpx2.AsyncClient() as client, client.stream("GET", served.address) as answer:
        lines = answer.aiter_lines()
        await anext(lines)

        served.hub.stop()
        served.server.should_exit = True

        async with asyncio.timeout(3):
            rest = [line async for line in lines]
    assert not any(line.startswith("data") for line in rest)


async def _until_data(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if line.startswith("data"):
            return
