"""The post office of the demo: takes every mail by SMTP, keeps it, and shows it on a small page."""

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated
from weakref import WeakSet

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, HTTPException
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse, JSONResponse, Response

from services.demo.mails import Mail, keep, read_all
from shared.clock import now
from shared.web.assets import static_app
from shared.web.templates import build_templates

Number = Annotated[int, InPath(ge=1)]
HOST = "127.0.0.1"
STOP_SECONDS = 3
_PAGE = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
# What came by mail is shown as a mail program would: its own styles, nothing fetched, nothing run.
_BODY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
# A link opens beside the page: inside the frame, the policy of the instance it leads to would refuse it.
_BESIDE = '<base target="_blank">'


class Mailbox:
    """Every mailbox of the world, on this machine, in the loop that starts it."""

    def __init__(self, folder: Path, *, smtp_port: int = 0, page_port: int = 0) -> None:
        """Take mails into ``folder``; a port of 0 is chosen at start."""
        self.messages: list[Mail] = []
        self.smtp_port = smtp_port
        self._page_port = page_port
        self._folder = folder
        self._doors: list[socket.socket] = []
        self._callers: WeakSet[SMTP] = WeakSet()
        self._smtp: asyncio.Server | None = None
        self._web: _Web | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Address of the page, without a slash at its end."""
        return f"http://{HOST}:{self._page_port}"

    async def start(self) -> None:
        """Open both doors and show what an earlier demo received; return once they answer.

        Raises:
            OSError: a port is taken.
        """
        self._read_folder()
        try:
            smtp, page = self._listen(self.smtp_port), self._listen(self._page_port)
        except OSError:
            self._close_doors()
            raise
        self.smtp_port, self._page_port = smtp.getsockname()[1], page.getsockname()[1]
        self._smtp = await asyncio.get_running_loop().create_server(self._answer, sock=smtp)
        config = uvicorn.Config(
            _build_app(self), lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=STOP_SECONDS
        )
        self._web = _Web(config)
        self._serving = asyncio.create_task(self._web.serve(sockets=[page]), name="mailbox.page")
        await self._web.ready.wait()

    async def stop(self) -> None:
        """Close both doors and the connections behind them; the mails stay in the folder."""
        if self._smtp is not None:
            self._smtp.close()
            for caller in list(self._callers):
                if caller.transport is not None:
                    caller.transport.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._smtp.wait_closed(), STOP_SECONDS)
        if self._web is not None and self._serving is not None:
            self._web.should_exit = True
            await self._serving
        self._close_doors()

    def fetch(self, recipient: str) -> list[Mail]:
        """Return the mails of one address, oldest first."""
        return [mail for mail in self.messages if mail.recipient.lower() == recipient.lower()]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd’s name
        """Take one mail: a copy per recipient, on disk before the sender hears that it was taken."""
        self._keep(envelope.original_content or b"", envelope.rcpt_tos)
        return "250 2.0.0 OK"

    def _keep(self, content: bytes, recipients: list[str]) -> None:
        for recipient in recipients:
            number = self.messages[-1].number + 1 if self.messages else 1
            self.messages.append(keep(self._folder, content, recipient=recipient, number=number, at=now()))

    def _read_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.messages[:] = read_all(self._folder)

    def _listen(self, port: int) -> socket.socket:
        door = socket.create_server((HOST, port))
        self._doors.append(door)
        return door

    def _close_doors(self) -> None:
        for door in self._doors:
            door.close()
        self._doors.clear()

    def _answer(self) -> SMTP:
        caller = SMTP(self, hostname="mailbox", enable_SMTPUTF8=True, loop=asyncio.get_running_loop())
        self._callers.add(caller)
        return caller


class _Web(uvicorn.Server):
    """A server inside somebody else’s loop: it leaves the signals alone and says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _build_app(mailbox: Mailbox) -> FastAPI:
    templates = build_templates({"demo": ("services.demo", "templates")})
    app = FastAPI(title="Courriels", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", static_app(), name="static")

    def page(name: str, **context: object) -> Response:
        return _guarded(templates.get_template(f"demo/{name}").render(context), policy=_PAGE)

    @app.get("/")
    async def inbox() -> Response:
        return page("mails.html", mails=mailbox.messages[::-1])

    @app.get("/courriels/{number}")
    async def read_mail(number: Number) -> Response:
        return page("mail.html", mail=_find(mailbox, number))

    @app.get("/courriels/{number}/corps")
    async def read_body(number: Number) -> Response:
        return _guarded(_beside(_find(mailbox, number).html), policy=_BODY)

    @app.get("/messages.json")
    async def messages() -> Response:
        return JSONResponse([mail.as_json() for mail in mailbox.messages])

    return app


def _find(mailbox: Mailbox, number: int) -> Mail:
    for mail in mailbox.messages:
        if mail.number == number:
            return mail
    raise HTTPException(404, "Ce courriel n’existe pas.")


def _guarded(text: str, *, policy: str) -> Response:
    headers = {"content-security-policy": policy, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
    return HTMLResponse(text, headers=headers)


def _beside(html: str) -> str:
    head = _HEAD.search(html)
    return html[: head.end()] + _BESIDE + html[head.end() :] if head else _BESIDE + html
