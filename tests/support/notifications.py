"""Builders of the notifications tests: an instance, records as delivered, an SMTP sink that can misbehave."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from ssl import SSLContext
from typing import Any, TypeVar
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from pydantic import SecretStr

from services.notifications import jobs
from services.notifications.commands import issues, known, subscriptions
from services.notifications.models import Issue, NewsletterRule, Subscription
from services.notifications.queries import readers
from services.notifications.rules.filters import Rhythm
from services.notifications.rules.house import House, house_of
from services.notifications.schemas import FilterIn, RuleIn, SubscriptionIn
from shared.clock import now
from shared.contracts.base import State, Visibility
from shared.contracts.notifications import EntryKind, FeedEntry
from shared.db.engine import Database
from shared.db.session import Origin
from shared.identity.access import Role, Scope, instance_scope, visitor_scope
from shared.ids import uuid7
from shared.jobs import Work
from shared.messaging.registry import Record
from shared.settings import InstanceSettings
from shared.signing import Signer
from shared.territory.members import Territory
from tests.support.databases import Store
from tests.support.territory import make_territory, random_siren

S = TypeVar("S", bound=State)


@dataclass
class Instance:
    """The notifications service of one EPCI, without the host."""

    database: Database
    work: Work
    house: House
    territory: Territory

    @property
    def siren(self) -> str:
        return self.house.own.siren

    @property
    def neighbours(self) -> list[str]:
        return [member.siren for member in self.territory if member.siren != self.siren]

    @property
    def scope(self) -> Scope:
        return instance_scope(self.siren)

    @property
    def visitor(self) -> Scope:
        return visitor_scope(self.siren)

    @property
    def coordinator(self) -> Scope:
        return Scope(epci=self.siren, role=Role.COORDINATOR, actor=uuid7())

    async def send_mails(self) -> None:
        """Send until nothing is due any more."""
        while await jobs.send_service_mails(self.work) or await jobs.send_letters(self.work):
            pass


@asynccontextmanager
async def running_instance(
    folder: Path,
    *,
    store: Store,
    smtp_port: int = 1,
    **more: Any,  # noqa: ANN401 - settings of any kind
) -> AsyncIterator[Instance]:
    """Run an instance on a new database; ``more`` are settings."""
    territory = make_territory([random_siren() for _ in range(3)])
    url = await store.url("services.notifications", folder=folder, name="notifications")
    if not url.startswith("sqlite"):
        more["notifications_database_url"] = SecretStr(url)
    settings = InstanceSettings(
        _env_file=None,
        siren=territory.members[0].siren,
        territory_file=folder / "territory.yaml",
        data_dir=folder,
        base_url=territory.members[0].base_url,
        secret_key=SecretStr("essai" * 10),
        smtp_port=smtp_port,
        mail_from="lettre@caux.example.org",
        **more,
    )
    origin = Origin(epci=settings.siren, service="notifications", instance=uuid7(), base_url=settings.base_url)
    database = Database(url, origin)
    signer = Signer("essai" * 10)
    work = Work(database, settings, territory, signer)
    try:
        yield Instance(database, work, house_of(work), territory)
    finally:
        await database.close()


def record_of(state: S, *, fact: str, time: datetime | None = None, republished: bool = False) -> Record[S]:
    """Return a state as delivered from its owner's territory topic."""
    return Record(
        state=state,
        aggregate=state.aggregate,
        id=state.id,
        epci=state.home_epci,
        version=state.version,
        fact=fact,
        time=time or now(),
        source=f"/epci/{state.home_epci}/{state.service}",
        message_id=str(uuid7()),
        visibility=Visibility.TERRITORY,
        republished=republished,
    )


def make_entry(epci: str, **changes: object) -> FeedEntry:
    values: dict[str, Any] = {
        "id": uuid7(),
        "home_epci": epci,
        "version": 1,
        "updated_at": now(),
        "kind": EntryKind.PROJECT,
        "title": "École fictive de production\u00a0: nouveau projet",
        "summary": "À Bolbec.",
        "visibility": Visibility.PUBLIC,
        "published_at": now(),
    }
    return FeedEntry.model_validate(values | changes)


async def hear_entries(instance: Instance, entries: Sequence[FeedEntry], *, republished: bool = False) -> None:
    """Project entries as one batch of the territory."""
    async with instance.database.transaction() as session:
        await known.keep_entries(
            session, instance.scope, [record_of(entry, fact="published", republished=republished) for entry in entries]
        )


async def hear_news(
    instance: Instance, count: int = 1, *, epci: str | None = None, **changes: object
) -> list[FeedEntry]:
    entries = [make_entry(epci or instance.siren, **changes) for _ in range(count)]
    await hear_entries(instance, entries)
    return entries


async def subscribe(
    instance: Instance,
    address: str,
    *,
    rhythm: Rhythm = Rhythm.WEEKLY,
    scope: Scope | None = None,
    **filters: Sequence[str],
) -> Subscription:
    """Subscribe an address and follow the link of its confirmation, as a reader does."""
    asked = SubscriptionIn(email=address, rhythm=rhythm, filter=FilterIn.model_validate(filters))
    async with instance.database.transaction() as session:
        await subscriptions.ask_subscription(session, scope or instance.visitor, asked, house=instance.house)
    async with instance.database.transaction() as session:
        found = await readers.find_live_subscription(
            session, instance.scope, address_hash=instance.house.keys.address(asked.email)
        )
        assert found is not None
        token = instance.house.signer.token(subscriptions.CONFIRM, subscriptions.request_of(found))
        return await subscriptions.confirm_subscription(session, instance.visitor, token=token, house=instance.house)


async def unsubscribe(instance: Instance, reader: Subscription) -> None:
    token = instance.house.signer.token(subscriptions.UNSUBSCRIBE, str(reader.id))
    async with instance.database.transaction() as session:
        await subscriptions.unsubscribe(
            session, instance.visitor, token=token, channel="one_click", house=instance.house
        )


async def make_rule(instance: Instance, **changes: object) -> NewsletterRule:
    async with instance.database.transaction() as session:
        return await issues.add_rule(session, instance.coordinator, RuleIn.model_validate(changes))


async def run(instance: Instance, rule_id: UUID, *, rhythm: Rhythm = Rhythm.WEEKLY) -> Issue:
    async with instance.database.transaction() as session:
        return await issues.run_rule(session, instance.coordinator, rule_id, rhythm=rhythm, house=instance.house)


@dataclass
class Sink:
    """An SMTP server that keeps what it takes; per recipient it may refuse, defer, be slow or cut the line."""

    port: int = 0
    received: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    script: dict[str, list[str]] = field(default_factory=dict)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def mails(self, address: str | None = None) -> list[EmailMessage]:
        """Return the mails taken, for one recipient or for all."""
        chosen = [payload for payload, to in zip(self.received, self.recipients, strict=True) if address in {None, to}]
        return [message_from_bytes(payload, policy=policy.default) for payload in chosen]

    async def handle_RCPT(  # noqa: N802 - name given by aiosmtpd
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer as the script says, else take the recipient."""
        script = self.script.get(address, [])
        if script and script[0].startswith(("4", "5")):
            return script.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802 - likewise
        """Keep the mail; cut the line instead of answering when the script says so."""
        address = envelope.rcpt_tos[0]
        script = self.script.get(address, [])
        if script and script[0] == "slow":
            script.pop(0)
            self.reached.set()
            await asyncio.sleep(0.5)
        if script and script[0] == "refuse":
            script.pop(0)
            return "554 5.6.0 content refused"
        self.received.append(envelope.original_content or b"")
        self.recipients.append(address)
        if script and script[0] == "cut":
            script.pop(0)
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            await asyncio.sleep(3600)
        return "250 2.0.0 OK"


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """Return one body of a mail."""
    body = mail.get_body((kind,))
    assert isinstance(body, EmailMessage)
    content: str = body.get_content()
    return content


@asynccontextmanager
async def smtp_sink(
    *,
    port: int = 0,
    wrapped: SSLContext | None = None,
    **options: Any,  # noqa: ANN401 - aiosmtpd’s
) -> AsyncIterator[Sink]:
    """Run a sink, in TLS from the first byte if ``wrapped``; ``options`` are those of the server: who may log in."""
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, loop=loop, hostname="sink.test", **options), "127.0.0.1", port, ssl=wrapped
    )
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        await server.wait_closed()
