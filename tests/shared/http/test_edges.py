"""The edge of every request: bounded bodies, security headers on every answer, failures told without their cause."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from html import escape

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.exc import OperationalError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Refusal
from shared.http.context import MAX_BODY, SECURITY, RequestContext
from shared.http.ending import CutShort
from shared.http.refusals import install_refusals

PAGE = {"accept": "text/html,application/xhtml+xml"}


def page_of(_request: Request, refusal: Refusal) -> Response:
    return HTMLResponse(f"<h1>{escape(refusal.title)}</h1>", status_code=refusal.status)


async def cut_short(app: ASGIApp) -> list[Message]:
    """Return what a request is told whose task is cancelled before it is done."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/cut-short",
        "headers": [],
        "query_string": b"",
        "server": ("127.0.0.1", 1),
        "scheme": "http",
    }
    with pytest.raises(asyncio.CancelledError):
        await app(scope, receive, send)
    return told


@pytest.fixture
def app() -> FastAPI:
    """Return an application of our edges, every other address of which fails."""
    app = FastAPI()

    @app.post("/api/v1/things")
    async def keep(body: dict[str, str]) -> int:
        return len(body)

    @app.get("/api/v1/wrong-query")
    async def ask_wrongly() -> None:
        raise OperationalError("SELECT nothing", {}, sqlite3.OperationalError("no such column: nothing"))

    @app.get("/api/v1/cut-short")
    async def give_up() -> None:
        raise asyncio.CancelledError

    @app.get("/{rest:path}")
    async def fail(rest: str) -> None:
        raise RuntimeError(f"canari {rest}")

    install_refusals(app, page_of=page_of)
    app.add_middleware(RequestContext, epci="200084952")
    return app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of it."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
        yield client


async def test_a_failure_is_answered_in_french_with_a_reference_and_without_its_cause(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/api/v1/projects", headers={"x-request-id": "ma-reference-1"})

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:estuaire:problem:failed",
        "title": "Une erreur est survenue",
        "status": 500,
        "detail": "L’incident est noté. S’il se répète, donnez-nous sa référence.",
        "request_id": "ma-reference-1",
    }
    assert answer.headers["x-request-id"] == "ma-reference-1"
    assert SECURITY.items() <= dict(answer.headers).items()


async def test_a_wrong_query_is_a_failure_like_any_other(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/api/v1/wrong-query")

    assert (answer.status_code, answer.json()["title"]) == (500, "Une erreur est survenue")
    assert SECURITY.items() <= dict(answer.headers).items()


async def test_people_see_a_failure_as_a_page(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/agenda", headers=PAGE)

    assert (answer.status_code, answer.text) == (500, "<h1>Une erreur est survenue</h1>")
    assert SECURITY.items() <= dict(answer.headers).items()


async def parts(size: int) -> AsyncIterator[bytes]:
    yield b'{"text":"'
    for _ in range(size // 65_536 + 1):
        yield b"x" * 65_536
    yield b'"}'


@pytest.mark.parametrize("length", ["said", "not said"])
async def test_a_body_over_the_limit_is_refused(http: httpx2.AsyncClient, length: str) -> None:
    body = b"".join([part async for part in parts(MAX_BODY)]) if length == "said" else parts(MAX_BODY)

    answer = await http.post("/api/v1/things", content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["title"]) == (413, "Contenu trop volumineux")
    assert SECURITY.items() <= dict(answer.headers).items()


async def test_a_body_under_the_limit_is_read(http: httpx2.AsyncClient) -> None:
    body = b"".join([part async for part in parts(MAX_BODY // 2)])

    answer = await http.post("/api/v1/things", content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()) == (200, 1)


async def test_a_request_that_a_stop_cuts_short_is_told_to_come_again(app: FastAPI) -> None:
    start, body = await cut_short(app)

    headers = dict(start["headers"])
    assert (start["status"], headers[b"retry-after"]) == (503, b"5")
    assert json.loads(body["body"])["detail"] == "L’instance s’arrête. Réessayez dans un instant."
    assert b"x-request-id" in headers


async def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise asyncio.CancelledError

    def answer(_request: Request, _error: Exception) -> Response:
        return Response(status_code=503)

    assert [one["status"] for one in await cut_short(CutShort(stream, answer=answer))] == [200]
