"""The SMTP relay: hands over one mail at a time and says how certain the outcome is."""

from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from services.notifications.rules.delivery import Heard
from shared.settings import Security

VERB_SECONDS = 60.0
# RFC 5321 §4.5.3.2.6: giving up sooner after the final dot manufactures uncertainty.
DOT_SECONDS = 600.0


@dataclass(frozen=True)
class Outgoing:
    """One mail ready to leave: envelope and bytes."""

    sender: str
    recipient: str
    payload: bytes


@dataclass(frozen=True)
class RelayAddress:
    """Where the relay listens, how the line to it is secured, and as whom we come."""

    host: str
    port: int
    security: Security = "none"
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Answer:
    """What the relay made of a mail, and its own words; ``cause`` is why it is away, and names nobody."""

    heard: Heard
    text: str = ""
    cause: str = ""


class Relay(Protocol):
    """Where mails are handed over."""

    async def send(self, mail: Outgoing) -> Answer:
        """Hand one mail over; never raises for what a relay may do."""


class SmtpRelay:
    """One SMTP connection, opened at the first mail, used again for the next, closed at the end of the block."""

    def __init__(self, address: RelayAddress, *, name: str) -> None:
        self._address = address
        self._name = name
        self._client: SMTP | None = None

    async def __aenter__(self) -> "SmtpRelay":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def send(self, mail: Outgoing) -> Answer:
        """Hand one mail over; what fails before the content left is never uncertain."""
        try:
            client = await self._connected()
        except (SMTPException, OSError) as away:
            await self._close()
            return Answer(Heard.UNREACHABLE, _words(away), cause=_cause(away))
        refused = await self._envelope(client, mail)
        return refused or await self._content(client, mail)

    async def greet(self) -> str:
        """Connect and log in without any mail; return why that did not work, empty if it did."""
        try:
            await self._connected()
        except (SMTPException, OSError) as away:
            return _cause(away)
        finally:
            await self._close()
        return ""

    async def _envelope(self, client: SMTP, mail: Outgoing) -> Answer | None:
        try:
            await client.mail(mail.sender, encoding="ascii")
            await client.rcpt(mail.recipient, encoding="ascii")
        except SMTPResponseException as answer:
            return await self._refused(client, answer)
        except ValueError:
            return Answer(Heard.REFUSED, "5.6.7 address not supported")
        except (SMTPException, OSError) as away:
            await self._close()
            return Answer(Heard.TRANSIENT, _words(away))
        return None

    async def _content(self, client: SMTP, mail: Outgoing) -> Answer:
        try:
            response = await client.data(mail.payload, timeout=DOT_SECONDS)
        except SMTPResponseException as answer:
            return await self._refused(client, answer)
        except (SMTPException, OSError) as lost:
            # The library does not say whether the content had left when the line broke: the worse is assumed.
            await self._close()
            return Answer(Heard.UNCERTAIN, _words(lost))
        return Answer(Heard.ACCEPTED, f"{response.code} {response.message}"[:200])

    async def _refused(self, client: SMTP, answer: SMTPResponseException) -> Answer:
        if answer.code == 421:
            await self._close()
        elif client.is_connected:
            with suppress(SMTPException, OSError):
                await client.rset()
        return Answer(Heard.TRANSIENT if answer.code < 500 else Heard.REFUSED, _words(answer))

    async def _connected(self) -> SMTP:
        if self._client is None or not self._client.is_connected:
            at = self._address
            # Never by chance: what the operator asked for, with a certificate that is verified, or no mail at all.
            self._client = SMTP(
                hostname=at.host,
                port=at.port,
                username=at.user or None,
                password=at.password or None,
                timeout=VERB_SECONDS,
                local_hostname=self._name,
                use_tls=at.security == "tls",
                start_tls=at.security == "starttls",
            )
            await self._client.connect()
        return self._client

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            with suppress(SMTPException, OSError):
                await client.quit(timeout=5)
            client.close()


def _words(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}"[:200]
    return type(error).__name__


def _cause(error: Exception) -> str:
    """Return what tells one failure to connect from another: code or class, and the class of what lies beneath."""
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {type(error).__name__}"
    if type(error) is SMTPException:
        # Only the library itself raises the bare class, to say what the relay does not offer.
        return error.message
    beneath = f" {type(error.__cause__).__name__}" if error.__cause__ else ""
    return f"{type(error).__name__}{beneath}"
