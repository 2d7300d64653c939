"""Who is let in, and what the others are told: a wrong password is no broker that is away."""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.messaging.kafka import Publisher, Welcome, acknowledges, answers, knock
from shared.messaging.relay import Outgoing
from shared.messaging.topology import Topology
from shared.settings import KafkaAccess
from tests.support.broker import free_port
from tests.support.secured import ADMIN, Secured, authority_in, client_certificate
from tests.support.waiting import eventually


async def test_the_administrator_of_the_node_is_let_in_by_both_clients(secured: Secured, siren: str) -> None:
    topology = Topology(secured.admin)
    await asyncio.to_thread(topology.apply, topology.plan([siren]))

    assert await answers(secured.admin)
    assert await acknowledges(secured.admin.bootstrap, access=secured.admin)
    assert topology.plan([siren]).missing == []


async def test_a_client_may_be_known_by_its_certificate(secured: Secured, tmp_path: Path) -> None:
    certificate, key = client_certificate(tmp_path, secured.authority, name="epci")
    nobody = KafkaAccess(secured.by_certificate, "ssl", ca_file=secured.admin.ca_file)

    assert await knock(nobody) is not Welcome.ANSWERS
    assert await answers(replace(nobody, certificate_file=certificate, key_file=key))


async def test_each_reason_is_told_apart(secured: Secured, tmp_path: Path) -> None:
    _, strangers = authority_in(tmp_path)
    right = secured.admin
    port = right.bootstrap.rpartition(":")[2]
    cases = {
        Welcome.ANSWERS: right,
        Welcome.CREDENTIALS: secured.access(ADMIN, "faux"),
        Welcome.CERTIFICATE: replace(right, ca_file=strangers),
        Welcome.SILENT: KafkaAccess(right.bootstrap),
        Welcome.UNREACHABLE: replace(right, bootstrap=f"127.0.0.1:{free_port()}"),
        Welcome.UNKNOWN_NAME: replace(right, bootstrap="nulle.part.invalid:9092"),
    }

    assert {wanted: await knock(access) for wanted, access in cases.items()} == {one: one for one in cases}
    assert await knock(secured.access("inconnu", "x")) is Welcome.CREDENTIALS
    assert await knock(replace(right, bootstrap=f"127.0.0.2:{port},{right.bootstrap}")) is Welcome.ANSWERS


async def test_the_name_of_the_broker_is_verified(secured: Secured) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secured.authority.issue_cert("ailleurs.example.org").configure_cert(context)
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context) as other:
        port = other.sockets[0].getsockname()[1]

        assert await knock(replace(secured.admin, bootstrap=f"127.0.0.1:{port}")) is Welcome.CERTIFICATE


@pytest.mark.parametrize(("fault", "level"), [("password", "error"), ("absence", "info")])
async def test_the_log_says_why_nothing_is_published(secured: Secured, fault: str, level: str) -> None:
    wrong = {
        "password": secured.access(ADMIN, "faux"),
        "absence": replace(secured.admin, bootstrap=f"127.0.0.1:{free_port()}"),
    }[fault]
    publisher = Publisher(wrong, client_id="essai")

    async def told() -> int:
        return len(lines)

    with capture_logs() as lines:
        sending = asyncio.create_task(publisher.send(Outgoing("ti.x", b"k", b"v", ())))
        await eventually(told)
        sending.cancel()

    assert {"password": "credentials", "absence": "unreachable"}[fault] == lines[0]["reason"]
    assert (lines[0]["event"], lines[0]["log_level"]) == ("kafka_away", level)
    assert "faux" not in str(lines)
