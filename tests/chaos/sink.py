"""Every mailbox of the world: an SMTP server that keeps all bytes, and can be away, slow, moody or cut the line."""

import asyncio
import re
import time
from email.message import EmailMessage
from pathlib import Path
from weakref import WeakSet

from aiosmtpd.smtp import SMTP

from tests.support.notifications import Sink, text_of

_LINK = re.compile(r"https?://[^\s<>\"']+")


class _Timed(list[bytes]):
    """Mails in the order of their arrival, and when each came."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[float] = []

    def append(self, content: bytes) -> None:
        self.at.append(time.monotonic())
        super().append(content)


class Post:
    """One sink at one port, which may close and open again; what came before is kept."""

    def __init__(self, port: int) -> None:
        self._received = _Timed()
        self.sink = Sink(port=port, received=self._received)
        self._server: asyncio.Server | None = None
        self._callers: WeakSet[SMTP] = WeakSet()

    async def open(self) -> None:
        """Answer from now on."""
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(self._answer, "127.0.0.1", self.sink.port)

    async def close(self) -> None:
        """Answer no more; connections that are open end."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            for caller in list(self._callers):
                if caller.transport is not None:
                    caller.transport.close()

    def moody(self, address: str, *moods: str) -> None:
        """Let the next attempts to one address end otherwise: an SMTP answer, ``cut``, ``slow`` or ``refuse``."""
        self.sink.script[address] = list(moods)

    def links(self, address: str) -> list[str]:
        """Return the links of the mails of one address, newest mail first."""
        return [
            found.rstrip(".,;:!?)»")
            for mail in reversed(self.sink.mails(address))
            for found in _LINK.findall(text_of(mail))
        ]

    def mails(self, *, since: float) -> list[tuple[str, EmailMessage, float]]:
        """Return every mail taken: its recipient, itself, how many seconds after ``since`` it came."""
        moments = [at - since for at in self._received.at]
        return list(zip(self.sink.recipients, self.sink.mails(), moments, strict=True))

    def keep(self, folder: Path) -> None:
        """Write every mail down."""
        folder.mkdir(exist_ok=True)
        for number, (recipient, content) in enumerate(zip(self.sink.recipients, self.sink.received, strict=True)):
            (folder / f"{number:06d}.eml").write_bytes(f"Delivered-To: {recipient}\r\n".encode() + content)

    def _answer(self) -> SMTP:
        caller = SMTP(self.sink, hostname="sink.test", loop=asyncio.get_running_loop())
        self._callers.add(caller)
        return caller
