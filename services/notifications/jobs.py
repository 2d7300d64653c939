"""Things done on a tick: letters at their hour, mails one after the other, forgetting what nobody confirmed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from services.notifications.commands import forgetting, issues, sending, settling, subscriptions
from services.notifications.gateways.mail import Answer, Outgoing, RelayAddress, SmtpRelay
from services.notifications.queries import deliveries, readers
from services.notifications.rules.delivery import LEASE, Heard, Lane
from services.notifications.rules.house import house_of
from shared import crash
from shared.clock import now
from shared.findings import Finding
from shared.identity.access import Scope, instance_scope
from shared.ids import uuid7
from shared.jobs import Jobs, Work
from shared.settings import InstanceSettings

jobs = Jobs()
BATCH = 50


@jobs.every(seconds=5)
async def send_service_mails(work: Work) -> int:
    """Send what somebody waits for, over a connection of its own."""
    return await _send_lane(work, Lane.SERVICE)


@jobs.every(seconds=5)
async def send_letters(work: Work) -> int:
    """Send the mails of frozen issues."""
    return await _send_lane(work, Lane.LETTER)


@jobs.every(seconds=15)
async def run_due_rules(work: Work) -> int:
    """Compose the letters whose hour has come; returns 0, so that a rule runs once per look."""
    scope = instance_scope(work.settings.siren)
    async with work.reading() as session:
        if not await issues.has_due_rule(session, scope):
            return 0
    async with work.transaction() as session:
        await issues.run_due_rules(session, scope, house=house_of(work))
    return 0


@jobs.every(seconds=3600)
async def forget_unconfirmed(work: Work) -> int:
    """Forget the addresses that nobody confirmed within 48 hours."""
    scope = instance_scope(work.settings.siren)
    async with work.reading() as session:
        if not await readers.list_forgettable(session, scope, before=now() - subscriptions.LINK_LASTS):
            return 0
    async with work.transaction() as session:
        return await subscriptions.forget_unconfirmed(session, scope)


@jobs.every(seconds=3600, woken=False)
async def forget_old_mails(work: Work) -> int:
    """Forget to whom mails went that were settled long ago."""
    async with work.transaction() as session:
        return await forgetting.forget_old_mails(session, instance_scope(work.settings.siren))


async def _send_lane(work: Work, lane: Lane) -> int:
    scope, house, owner = instance_scope(work.settings.siren), house_of(work), uuid7().hex
    async with work.reading() as session:
        if not await deliveries.has_mail_to_send(session, scope, lane=lane):
            return 0
    async with work.transaction() as session:
        leased, moved = await sending.lease_mails(session, scope, lane=lane, owner=owner, most=BATCH, house=house)
    crash.point("mail.after_lease")
    relay = SmtpRelay(_relay_address(work.settings), name=house.domain)
    async with _leases_kept(work, scope, owner), relay:
        for delivery_id in leased:
            if work.stopping.is_set():
                await _give_back(work, scope, owner=owner)
                return 0
            heard = await _send_one(work, relay, delivery_id, owner=owner, lane=lane)
            if heard is Heard.UNREACHABLE:
                return 0
    return moved


async def _send_one(work: Work, relay: SmtpRelay, delivery_id: UUID, *, owner: str, lane: Lane) -> Heard | None:
    scope, house = instance_scope(work.settings.siren), house_of(work)
    async with work.transaction() as session:
        mail = await sending.start_sending(session, scope, delivery_id, owner=owner, house=house)
    if mail is None:
        return None
    answer = await _hand_over(relay, mail)
    async with work.transaction() as session:
        await settling.finish_sending(session, scope, delivery_id, answer, owner=owner, house=house)
        await sending.note_relay(session, scope, answer, lane=lane)
        if answer.heard is Heard.UNREACHABLE:
            await sending.release_mails(session, scope, owner=owner)
    return answer.heard


async def _give_back(work: Work, scope: Scope, *, owner: str) -> None:
    async with work.transaction() as session:
        await sending.release_mails(session, scope, owner=owner)


async def _hand_over(relay: SmtpRelay, mail: Outgoing) -> Answer:
    crash.point("mail.before_data")
    answer = await relay.send(mail)
    if answer.heard is Heard.ACCEPTED:
        crash.point("mail.after_250")
    return answer


@asynccontextmanager
async def _leases_kept(work: Work, scope: Scope, owner: str) -> AsyncIterator[None]:
    """Extend the leases of ``owner`` while the block runs, however slow the relay is."""

    async def extend() -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            async with work.transaction() as session:
                await sending.extend_leases(session, scope, owner=owner)

    task = asyncio.create_task(extend(), name="leases")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _relay_address(settings: InstanceSettings) -> RelayAddress:
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
    return RelayAddress(
        settings.smtp_host, settings.smtp_port, settings.smtp_security, settings.smtp_user, password=password
    )


async def check_relay(settings: InstanceSettings) -> Finding:
    """Say whether the mail relay lets us in, without sending anything."""
    at = f"{settings.smtp_host}:{settings.smtp_port}"
    cause = await SmtpRelay(_relay_address(settings), name="localhost").greet()
    if not cause:
        return Finding("Relais de messagerie", f"{at} répond et nous laisse entrer.")
    return Finding(
        "Relais de messagerie",
        f"{at}\u00a0: {_seen(cause)}. Les courriels attendent, aucun n’est perdu.",
        "Relais arrêté, port ou pare-feu, sécurité de la ligne (ESTUAIRE_SMTP_SECURITY), nom ou mot de passe refusé.",
        "Vérifier ESTUAIRE_SMTP_HOST, _PORT et _SECURITY, puis _USER et _PASSWORD auprès de qui tient le relais.",
    )


def _seen(cause: str) -> str:
    """Return in French what a failure to enter looks like from here; a rare one keeps its own name."""
    return next((words for sign, words in _SIGNS if sign in cause), f"il ne nous laisse pas entrer ({cause})")


_SIGNS = (
    ("ConnectionRefused", "personne n’écoute"),
    ("gaierror", "ce nom n’a pas d’adresse"),
    ("Timeout", "pas de réponse à temps"),
    ("Authentication", "notre nom ou notre mot de passe est refusé"),
    ("CertVerification", "son certificat n’est pas reconnu"),
    ("STARTTLS", "il ne sait pas chiffrer la ligne (STARTTLS)"),
    ("SSL", "la ligne chiffrée ne s’établit pas"),
)
