"""A writer waits for no client: the whole body is here before a transaction opens, whatever a route reads of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Form, Request

from shared.db.engine import Database
from shared.http.bodies import SentForm
from shared.http.refusals import install_refusals
from shared.http.session import Transaction, mount
from tests.support.routes import FORM, no_pages, write_during

BASE_URL = "http://127.0.0.1:1"
JSON = "application/json"
PARTS = "multipart/form-data; boundary=x"
FILE = b'--x\r\ncontent-disposition: form-data; name="word"; filename="a.txt"\r\n\r\nbonjour\r\n--x--\r\n'


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'bodies.sqlite'}")
    yield database
    await database.close()


@pytest.fixture
def app(database: Database) -> FastAPI:
    app = FastAPI()
    install_refusals(app, page_of=no_pages)

    router = APIRouter()

    @router.post("/api/none")
    async def read_nothing(session: Transaction) -> str:
        return "rien" if session.is_active else ""

    @router.post("/api/late")
    async def read_late(session: Transaction, request: Request) -> str:
        return (await request.body()).decode() if session.is_active else ""

    @router.post("/api/form")
    async def read_sent(session: Transaction, given: SentForm) -> str:
        return str(given.get("word")) if session.is_active else ""

    @router.post("/api/field")
    async def read_field(session: Transaction, word: Annotated[str, Form()]) -> str:
        return word if session.is_active else ""

    mount(app, [router], SimpleNamespace(database=database))
    return app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE_URL) as client:
        yield client


READ = [
    ("/api/none", JSON, "rien"),
    ("/api/none", PARTS, "rien"),
    ("/api/late", JSON, "word=bonjour"),
    ("/api/late", FORM, "word=bonjour"),
    ("/api/form", FORM, "bonjour"),
    ("/api/form", JSON, "None"),
    ("/api/field", FORM, "bonjour"),
]


@pytest.mark.parametrize(("path", "kind", "answer"), READ)
async def test_a_slow_body_keeps_nobody_from_writing(
    http: httpx2.AsyncClient, database: Database, path: str, kind: str, answer: str
) -> None:
    sent = await write_during(http, path, b"word=bonjour", database=database, kind=kind)

    assert (sent.status_code, sent.json()) == (200, answer)


@pytest.mark.parametrize(("body", "kind"), [(FILE, PARTS), (b"nothing of the kind", "multipart/form-data")])
async def test_a_file_or_a_broken_form_is_refused(http: httpx2.AsyncClient, body: bytes, kind: str) -> None:
    refused = await http.post("/api/form", content=body, headers={"content-type": kind})

    assert (refused.status_code, refused.json()["detail"]) == (422, "Le corps de la demande n’est pas lisible.")


@pytest.mark.parametrize("path", ["/api/none", "/api/form"])
async def test_who_leaves_before_the_end_is_no_failure_of_ours(app: FastAPI, path: str) -> None:
    told: list[int] = []

    async def leave() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def note(message: dict[str, object]) -> None:
        told.extend([int(str(message["status"]))] if "status" in message else [])

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b"", "scheme": "http"}
    await app({**scope, "server": ("127.0.0.1", 1), "client": None, "root_path": ""}, leave, note)  # type: ignore[arg-type]

    assert told == [422]
