"""A mail as it arrived: what a reader sees of it, and the file that keeps it for the next demo."""

import html as markup
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import MIMEPart
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
_TARGET = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*["'](https?://[^"']+)["']""", re.IGNORECASE)
_TRAILING = ".,;:!?)»"


@dataclass(frozen=True)
class Mail:
    """One mail in one mailbox; names of headers are in lower case, the first of each."""

    number: int
    recipient: str
    sender: str
    subject: str
    message_id: str
    headers: Mapping[str, str]
    text: str
    html: str
    calendars: tuple[str, ...]
    links: tuple[str, ...]
    received_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the mail as JSON values; its sender is named ``from``, as in the mail."""
        values = asdict(self)
        values["from"] = values.pop("sender")
        values["received_at"] = self.received_at.isoformat()
        return values


def keep(folder: Path, content: bytes, *, recipient: str, number: int, at: datetime) -> Mail:
    """Write a mail into the folder, whole or not at all, with the trace lines of a delivery, and return it."""
    trace = f"Delivered-To: {recipient}\r\nReceived: by mailbox for <{recipient}>; {format_datetime(at)}\r\n"
    file = folder / f"{number:06d}.eml"
    arriving = file.with_suffix(".arriving")
    arriving.write_bytes(trace.encode() + content)
    arriving.replace(file)
    return read(file)


def read_all(folder: Path) -> Iterator[Mail]:
    """Return the mails of a folder in the order of their arrival."""
    return (read(file) for file in sorted(folder.glob("*.eml")))


def read(file: Path) -> Mail:
    """Return the mail that a file holds."""
    parsed = message_from_bytes(file.read_bytes(), policy=policy.default)
    headers: dict[str, str] = {}
    for name, value in parsed.items():
        headers.setdefault(name.lower(), str(value))
    text, html = _body(parsed, "plain"), _body(parsed, "html")
    return Mail(
        number=int(file.stem),
        recipient=headers["delivered-to"],
        sender=headers.get("from", ""),
        subject=headers.get("subject", ""),
        message_id=headers.get("message-id", ""),
        headers=headers,
        text=text,
        html=html,
        calendars=tuple(_text(part) for part in parsed.walk() if part.get_content_type() == "text/calendar"),
        links=_links(text, html),
        received_at=parsedate_to_datetime(headers["received"].rpartition(";")[2]).astimezone(UTC),
    )


def _body(message: MIMEPart, kind: str) -> str:
    part = message.get_body((kind,))
    return _text(part) if part is not None else ""


def _text(part: MIMEPart) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8", errors="replace") if isinstance(content, bytes) else ""


def _links(text: str, html: str) -> tuple[str, ...]:
    plain = [found.rstrip(_TRAILING) for found in _ADDRESS.findall(text)]
    return tuple(dict.fromkeys([*plain, *(markup.unescape(found) for found in _TARGET.findall(html))]))
