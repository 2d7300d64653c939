"""The bytes of a mail, and the guard that reads them back before they leave."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import policy
from email.header import Header
from email.headerregistry import Address, HeaderRegistry, UniqueUnstructuredHeader, UnstructuredHeader
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import Policy
from email.utils import format_datetime, getaddresses

from services.notifications.errors import HeaderRefused
from services.notifications.rules.house import House
from shared.clock import now
from shared.contracts.events import CalendarObject
from shared.fields import scrub_line


class _Verbatim(UnstructuredHeader):
    """A header of ASCII words that mail programs compare letter by letter: never encoded, never folded."""

    def fold(self, *, policy: Policy) -> str:
        """Return the header as one line."""
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]  # the registry mixes it in


class _Spaced(UniqueUnstructuredHeader):
    """A subject that keeps every space: the library loses those between two encoded words."""

    def fold(self, *, policy: Policy) -> str:
        """Return the header as encoded words of whole phrases."""
        name = self.name  # type: ignore[attr-defined]  # the registry mixes it in
        text = str(self)
        charset = "us-ascii" if text.isascii() else "utf-8"
        return f"{name}: {Header(text, charset, header_name=name).encode(linesep=policy.linesep)}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("subject", _Spaced)  # type: ignore[arg-type]  # as the library’s own headers
for _name in ("message-id", "list-id", "list-unsubscribe", "list-unsubscribe-post"):
    # The library would break a long address into encoded words, and one-click unsubscribing with it.
    _HEADERS.map_to_type(_name, _Verbatim)  # type: ignore[arg-type]  # as the library’s own headers
_POLICY = policy.SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
_PARSER = BytesHeaderParser(policy=policy.compat32)


@dataclass(frozen=True)
class Bodies:
    """What a mail says: subject and both bodies."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class Envelope:
    """To whom a mail goes and by what it is known."""

    recipient: str
    message_id: str
    one_click: str | None = None
    list_name: str = ""


def message_id_of(cause: str, address: str, *, house: House) -> str:
    """Return the Message-ID of a mail: the same at every try, and nothing in it tells whose it is."""
    return f"<{house.keys.digest('message-id', f'{cause} {address}')[:40]}@{house.domain}>"


def write_mail(bodies: Bodies, envelope: Envelope, *, house: House, calendars: Sequence[CalendarObject] = ()) -> bytes:
    """Return the bytes of one mail, read back and compared with what was meant.

    Raises:
        HeaderRefused: a header more or less than meant, or another sender or recipient.
    """
    message = EmailMessage(policy=_POLICY)
    _write_headers(message, bodies, envelope, house)
    message.set_content(bodies.text, cte="quoted-printable")
    message.add_alternative(bodies.html, subtype="html", cte="quoted-printable")
    for calendar in calendars:
        message.add_alternative(calendar.content, subtype="calendar", params={"method": calendar.method}, cte="base64")
    for number, calendar in enumerate(calendars, start=1):
        name = "invitation.ics" if len(calendars) == 1 else f"invitation-{number}.ics"
        content = (calendar.content.replace("\r\n", "\n") + "\n").replace("\n", "\r\n").encode()
        message.add_attachment(content, maintype="application", subtype="ics", filename=name)
    payload = message.as_bytes()
    meant = {"From": house.mail_from, "To": envelope.recipient}
    check_headers(payload, names=[*message.keys()], addresses=meant)
    return payload


def check_headers(payload: bytes, *, names: Sequence[str], addresses: Mapping[str, str]) -> None:
    """Read the headers back from the bytes, with a parser that decodes nothing.

    Raises:
        HeaderRefused: names, sender or recipient are not those meant.
    """
    parsed = _PARSER.parsebytes(payload, headersonly=True)
    if [name.lower() for name in parsed.keys()] != [name.lower() for name in names]:  # noqa: SIM118 - doubles count
        raise HeaderRefused("names")
    for name, meant in addresses.items():
        found = [address for _, address in getaddresses(parsed.get_all(name, []))]
        if found != [meant]:
            raise HeaderRefused(name)


def _write_headers(message: EmailMessage, bodies: Bodies, envelope: Envelope, house: House) -> None:
    user, _, domain = house.mail_from.rpartition("@")
    message["From"] = Address(scrub_line(house.own.name), user, domain)
    message["To"] = envelope.recipient
    message["Subject"] = scrub_line(bodies.subject)
    message["Date"] = format_datetime(now())
    message["Message-ID"] = envelope.message_id
    message["Auto-Submitted"] = "auto-generated"
    if envelope.one_click is not None:
        message["List-Id"] = f"{_ascii(envelope.list_name)} <lettre.{house.own.siren}.{house.domain}>"
        message["List-Unsubscribe"] = f"<{envelope.one_click}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _ascii(text: str) -> str:
    """Return a name that needs no encoding where encoded words are not allowed; accents go, letters stay."""
    text = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in text if letter.isascii() and (letter.isalnum() or letter == " ")).strip()
