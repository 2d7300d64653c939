"""Requests over kept connections, as many as are accepted or at a given pace; and the barest route to compare with."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic_ns, perf_counter
from typing import Any
from uuid import uuid4

import uvicorn
from fastapi import FastAPI

from services.cli.serve import GRACE_SECONDS
from tests.bench.child import Result, answer, begin
from tests.bench.material import request
from tests.bench.stores import plain

PATH = "/api/v1/projects"
CREATED = 201


@dataclass
class Line:
    """One kept connection; what it costs must stay far below what the server spends."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: bytes

    @classmethod
    async def opened(cls, port: int, token: str) -> "Line":
        """Connect to a server of this machine."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        return cls(reader, writer, f"{head}Content-Type: application/json\r\nContent-Length: ".encode())

    async def post(self, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        self.writer.write(b"%s%d\r\n\r\n%s" % (self.head, len(body), body))
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        return int(head[9:12]), await self.reader.readexactly(length)


async def load(*, port: int, token: str, connections: int, seconds: float) -> Result:
    """Ask for new projects as fast as they are accepted; return how many were, and how long each took."""
    lines = [await Line.opened(port, token) for _ in range(connections)]
    took: list[float] = []
    refused: list[int] = []
    body = json.dumps(request()).encode()

    async def go(line: Line, until: float) -> None:
        while (began := perf_counter()) < until:
            status, _ = await line.post(body)
            if status == CREATED:
                took.append(perf_counter() - began)
            else:
                refused.append(status)

    begin()
    began = perf_counter()
    await asyncio.gather(*(go(line, began + seconds) for line in lines))
    return {"per_second": len(took) / (perf_counter() - began), "took": took, "refused": refused}


async def paced(*, port: int, token: str, per_second: float, count: int) -> Result:
    """Make projects at a pace; return the id of each, and when it was asked for and accepted (monotonic ns)."""
    free: asyncio.Queue[Line] = asyncio.Queue()
    body = json.dumps(request()).encode()
    made: list[tuple[str, int, int]] = []

    async def one() -> None:
        line = await Line.opened(port, token) if free.empty() else free.get_nowait()
        asked = monotonic_ns()
        status, told = await line.post(body)
        accepted = monotonic_ns()
        assert status == CREATED, told
        made.append((json.loads(told)["id"], asked, accepted))
        free.put_nowait(line)

    begin()
    began = perf_counter()
    tasks = []
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / per_second - perf_counter()))
        tasks.append(asyncio.create_task(one()))
    await asyncio.gather(*tasks)
    return {"made": made}


async def bare(*, port: int, url: str) -> Result:
    """Serve the floor until killed: one route of FastAPI, one committed row, the server as ours is set."""
    store = await plain(url)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        begin()
        yield
        await store.close()

    app = FastAPI(lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)

    @app.post(PATH, status_code=CREATED)
    async def create(wanted: dict[str, Any]) -> dict[str, str]:
        id = str(uuid4())
        await store.upsert([(id, 1, json.dumps(wanted).encode())])
        return {"id": id}

    config = uvicorn.Config(
        app,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        proxy_headers=False,
    )
    await uvicorn.Server(config).serve()
    return {}


if __name__ == "__main__":
    answer(load, paced, bare)
