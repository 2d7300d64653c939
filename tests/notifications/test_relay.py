"""The line to the SMTP relay: secured as the operator asked, or no mail at all; a stop in the middle ends cleanly."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import SecretStr
from structlog.testing import capture_logs

from services.notifications.jobs import check_relay, jobs
from services.notifications.rules.delivery import DeliveryState
from shared.db.leading import Leadership
from shared.jobs import Runner
from tests.support.databases import Store
from tests.support.mail_orders import TO, delivery_of, order
from tests.support.notifications import Instance, Sink, running_instance, smtp_sink

USER, PASSWORD = "estuaire", "essai-essai"
SECURED: dict[str, Any] = {"smtp_host": "localhost", "smtp_security": "starttls"}


def log_in(_server: object, _session: object, _envelope: object, _mechanism: str, given: LoginPassword) -> AuthResult:
    return AuthResult(success=(given.login, given.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def guarded(authority: trustme.CA) -> AsyncIterator[Sink]:
    """Run a relay that takes nothing in the clear, and from nobody it does not know."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    options: dict[str, Any] = {"require_starttls": True, "auth_required": True, "authenticator": log_in}
    async with smtp_sink(tls_context=context, **options) as running:
        yield running


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this machine trust the relay’s authority."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@asynccontextmanager
async def sending(folder: Path, store: Store, sink: Sink, settings: Mapping[str, Any]) -> AsyncIterator[Instance]:
    async with running_instance(folder, store=store, smtp_port=sink.port, **settings) as running:
        yield running


@pytest.mark.usefixtures("trusted")
async def test_a_mail_leaves_encrypted_and_logged_in(tmp_path: Path, store: Store, guarded: Sink) -> None:
    settings = SECURED | {"smtp_user": USER, "smtp_password": SecretStr(PASSWORD)}
    async with sending(tmp_path, store, guarded, settings) as instance:
        order_id = await order(instance)
        await instance.send_mails()

        assert (await delivery_of(instance, order_id)).state is DeliveryState.ACCEPTED
    assert guarded.recipients == [TO]


async def test_a_relay_with_a_certificate_nobody_vouches_for_is_left_alone(
    tmp_path: Path, store: Store, guarded: Sink
) -> None:
    async with sending(tmp_path, store, guarded, SECURED) as instance:
        order_id = await order(instance)
        await instance.send_mails()

        kept = await delivery_of(instance, order_id)
    assert (kept.state, kept.attempts) == (DeliveryState.PENDING, 0)
    assert guarded.received == []


async def causes(folder: Path, store: Store, sink: Sink, **settings: object) -> list[str]:
    """Return why the relay is away, as the log of one sending tells it."""
    with capture_logs() as logged:
        async with sending(folder, store, sink, SECURED | settings) as instance:
            await order(instance)
            await instance.send_mails()
    away = [line for line in logged if line["event"] == "relay_away"]
    assert "@" not in str(away)
    return [line["cause"] for line in away]


async def test_the_log_tells_a_certificate_nobody_vouches_for(tmp_path: Path, store: Store, guarded: Sink) -> None:
    assert await causes(tmp_path, store, guarded) == ["SSLCertVerificationError"]


async def test_the_log_tells_a_certificate_nobody_vouches_for_at_first_contact(
    tmp_path: Path, store: Store, authority: trustme.CA
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    async with smtp_sink(wrapped=context) as sink:
        told = await causes(tmp_path, store, sink, smtp_security="tls")

    assert told == ["SMTPConnectError SSLCertVerificationError"]


@pytest.mark.usefixtures("trusted")
async def test_the_log_tells_a_wrong_password_without_the_words_of_the_relay(
    tmp_path: Path, store: Store, guarded: Sink
) -> None:
    told = await causes(tmp_path, store, guarded, smtp_user=USER, smtp_password=SecretStr("autre"))

    assert told == ["535 SMTPAuthenticationError"]


async def test_the_log_tells_a_relay_without_starttls(tmp_path: Path, store: Store, sink: Sink) -> None:
    assert await causes(tmp_path, store, sink) == ["SMTP STARTTLS extension not supported by server."]


async def test_the_log_tells_a_relay_that_is_not_there(tmp_path: Path, store: Store, free_port: int) -> None:
    [told] = await causes(tmp_path, store, Sink(port=free_port))

    assert told.startswith("SMTPConnectError ")


async def seen(instance: Instance) -> str:
    """Return what `estuaire doctor` says of the relay."""
    return (await check_relay(instance.work.settings)).seen


@pytest.mark.usefixtures("trusted")
async def test_the_doctor_says_in_french_what_keeps_the_relay_from_us(
    tmp_path: Path, store: Store, guarded: Sink, sink: Sink, free_port: int
) -> None:
    wrong = SECURED | {"smtp_user": USER, "smtp_password": SecretStr("autre")}
    cases: list[tuple[Sink, Mapping[str, Any], str]] = [
        (guarded, wrong, "notre nom ou notre mot de passe est refusé"),
        (sink, SECURED, "il ne sait pas chiffrer la ligne"),
        (Sink(port=free_port), {}, "personne n’écoute"),
        (sink, {"smtp_host": "nulle.part.invalid"}, "ce nom n’a pas d’adresse"),
    ]
    for number, (relay, settings, words) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with sending(folder, store, relay, settings) as instance:
            assert words in await seen(instance)


async def test_the_doctor_tells_a_certificate_nobody_vouches_for(tmp_path: Path, store: Store, guarded: Sink) -> None:
    async with sending(tmp_path, store, guarded, SECURED) as instance:
        assert "son certificat n’est pas reconnu" in await seen(instance)


@pytest.mark.usefixtures("trusted")
async def test_a_wrong_password_holds_the_mails_and_counts_against_none(
    tmp_path: Path, store: Store, guarded: Sink
) -> None:
    settings = SECURED | {"smtp_user": USER, "smtp_password": SecretStr("autre")}
    async with sending(tmp_path, store, guarded, settings) as instance:
        order_id = await order(instance)
        await instance.send_mails()

        kept = await delivery_of(instance, order_id)
    assert (kept.state, kept.attempts) == (DeliveryState.PENDING, 0)
    assert guarded.received == []


async def test_a_stop_lets_the_mail_under_way_end_and_keeps_the_next(instance: Instance, sink: Sink) -> None:
    sink.script[TO] = ["slow", "slow"]
    orders = [await order(instance), await order(instance)]

    async with Leadership(instance.work.database) as leader:
        runner = Runner(jobs, instance.work, leader=leader)
        runner.start()
        await asyncio.wait_for(sink.reached.wait(), 10)
        await runner.stop()

    states = sorted([(await delivery_of(instance, one)).state for one in orders])
    assert states == [DeliveryState.ACCEPTED, DeliveryState.PENDING]
    assert sink.recipients == [TO]
