"""The door of every route: unknown tokens cost little, and asking after a page is no mistake."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from shared.db.engine import Database
from shared.http.context import RequestContext
from shared.http.guards import LIMITS, Router, Windows
from shared.http.refusals import install_refusals
from shared.identity.access import Right, Role
from shared.identity.tokens import add_token
from tests.support.databases import Store, opened

SIREN = "200084952"


@pytest.fixture
async def identity(store: Store, tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(await store.url("shared.identity", folder=tmp_path, name="identity")) as database:
        yield database


@pytest.fixture
async def http(identity: Database) -> AsyncIterator[httpx2.AsyncClient]:
    router = Router()

    @router.read("/page", right=Right.PUBLIC)
    async def page() -> str:
        return "bonjour"

    @router.read("/stream", right=Right.PUBLIC)
    async def stream() -> StreamingResponse:
        async def endless() -> AsyncIterator[str]:
            while True:
                yield ": still here\n\n"
                await asyncio.sleep(0.05)

        return StreamingResponse(endless(), media_type="text/event-stream")

    @router.act("/page", right=Right.WRITE_PROJECTS)
    async def change() -> None:
        """Change nothing."""

    app = FastAPI()
    app.state.settings, app.state.identity = SimpleNamespace(siren=SIREN), identity
    app.state.windows, app.state.limits = Windows(), {}
    app.include_router(router)
    install_refusals(app, page_of=lambda _request, _refusal: pytest.fail("no pages here"))
    app.add_middleware(RequestContext, epci=SIREN)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:1") as client:
        yield client


async def test_unknown_tokens_are_limited_and_shut_out_nobody_else(
    http: httpx2.AsyncClient, identity: Database
) -> None:
    async with identity.transaction() as session:
        _, secret = await add_token(session, name="essai", epci=SIREN, role=Role.AGENT)

    guesses = [await http.get("/page", headers={"authorization": f"Bearer est_{n}"}) for n in range(40)]
    known = await http.get("/page", headers={"authorization": f"Bearer {secret}"})
    visitor = await http.get("/page")

    assert [one.status_code for one in guesses] == [401] * LIMITS["refused"] + [429] * (40 - LIMITS["refused"])
    assert int(guesses[-1].headers["retry-after"]) > 0
    assert (known.status_code, visitor.status_code) == (200, 200)


async def test_what_can_be_read_can_be_asked_after(http: httpx2.AsyncClient) -> None:
    asked, read = await http.head("/page"), await http.get("/page")

    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-length"] == read.headers["content-length"]


async def test_asking_after_a_stream_ends(http: httpx2.AsyncClient) -> None:
    asked = await asyncio.wait_for(http.head("/stream"), 5)

    assert (asked.status_code, asked.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


async def test_a_method_that_is_not_there_is_refused_in_french(http: httpx2.AsyncClient) -> None:
    refused = await http.put("/page")

    assert (refused.status_code, refused.json()["title"]) == (405, "Action impossible")
