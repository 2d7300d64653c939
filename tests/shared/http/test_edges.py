"""The edge of every request: bounded bodies, security headers on every answer, failures told without their cause."""

import sqlite3
from collections.abc import AsyncIterator
from html import escape

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.exc import OperationalError

from shared.errors import Refusal
from shared.http.context import MAX_BODY, SECURITY, RequestContext
from shared.http.refusals import install_refusals

PAGE = {"accept": "text/html,application/xhtml+xml"}


def page_of(_request: Request, refusal: Refusal) -> Response:
    return HTMLResponse(f"<h1>{escape(refusal.title)}</h1>", status_code=refusal.status)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()

    @app.post("/api/v1/things")
    async def keep(body: dict[str, str]) -> int:
        return len(body)

    @app.get("/api/v1/wrong-query")
    async def ask_wrongly() -> None:
        raise OperationalError("SELECT nothing", {}, sqlite3.OperationalError("no such column: nothing"))

    @app.get("/{rest:path}")
    async def fail(rest: str) -> None:
        raise RuntimeError(f"canari {rest}")

    install_refusals(app, page_of=page_of)
    app.add_middleware(RequestContext, epci="200084952")
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
