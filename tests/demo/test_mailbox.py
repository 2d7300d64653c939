"""The post office of the demo: by SMTP in, on a page and as JSON out, kept for the next demo."""

import asyncio
import json
import smtplib
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

import pytest

from services.demo.mailbox import Mailbox

INVITATION = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Petit-déjeuner\r\nEND:VCALENDAR\r\n"
HTML = (
    '<!doctype html><html><head><title>x</title></head><body style="margin: 0"><script>alert(1)</script>'
    '<a href="http://127.0.0.1:8701/confirmer?jeton=a.b-c&amp;de=1">Confirmer</a></body></html>'
)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(folder)
    await mailbox.start()
    try:
        yield mailbox
    finally:
        await mailbox.stop()


def make_mail(subject: str = "Confirmez votre inscription : été & réseaux") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = Address("Caux Seine Agglo", "ne-pas-repondre", "csa.example.org")
    mail["To"] = "camille@example.org"
    mail["Subject"] = subject
    mail["Message-ID"] = "<m1@csa.example.org>"
    mail["List-Unsubscribe"] = "<http://127.0.0.1:8701/desinscription/jeton>"
    mail.set_content("Bonjour <Camille>,\nConfirmez ici : http://127.0.0.1:8701/confirmer?jeton=a.b-c&de=1.\n")
    mail.add_alternative(HTML, subtype="html")
    mail.add_alternative(INVITATION, subtype="calendar", params={"method": "REQUEST"})
    return mail


async def post(mailbox: Mailbox, mail: EmailMessage, *recipients: str) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as client:
            client.send_message(mail, to_addrs=recipients or ["camille@example.org"])

    await asyncio.to_thread(send)


async def get(mailbox: Mailbox, path: str) -> tuple[str, dict[str, str]]:
    def ask() -> tuple[str, dict[str, str]]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(mailbox.url + path, timeout=10) as answer:
            return answer.read().decode(), {name.lower(): value for name, value in answer.headers.items()}

    return await asyncio.to_thread(ask)


async def test_a_mail_is_read_with_all_its_parts(tmp_path: Path) -> None:
    async with opened(tmp_path) as mailbox:
        await post(mailbox, make_mail())
        (mail,) = mailbox.fetch("Camille@example.org")

    assert mail.subject == "Confirmez votre inscription : été & réseaux"
    assert mail.sender == "Caux Seine Agglo <ne-pas-repondre@csa.example.org>"
    assert mail.message_id == "<m1@csa.example.org>"
    assert mail.headers["list-unsubscribe"] == "<http://127.0.0.1:8701/desinscription/jeton>"
    assert mail.text.startswith("Bonjour <Camille>")
    assert mail.html.strip() == HTML
    assert "Petit-déjeuner" in mail.calendars[0]
    assert mail.links == ("http://127.0.0.1:8701/confirmer?jeton=a.b-c&de=1",)


async def test_each_recipient_has_her_own_copy_and_nobody_elses(tmp_path: Path) -> None:
    async with opened(tmp_path) as mailbox:
        await post(mailbox, make_mail(), "a@example.org", "b@example.org")

        assert [mail.recipient for mail in mailbox.messages] == ["a@example.org", "b@example.org"]
        assert len(mailbox.fetch("b@example.org")) == 1
        assert mailbox.fetch("c@example.org") == []


async def test_the_list_shows_the_newest_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as mailbox:
        await post(mailbox, make_mail("Premier"))
        await post(mailbox, make_mail("Second"))
        page, headers = await get(mailbox, "/")

    assert page.index("Second") < page.index("Premier")
    assert "camille@example.org" in page
    assert "2 courriels" in page
    assert "default-src 'none'" in headers["content-security-policy"]


async def test_the_page_of_a_mail_shows_text_links_and_calendar_and_escapes_them(tmp_path: Path) -> None:
    async with opened(tmp_path) as mailbox:
        await post(mailbox, make_mail())
        page, _ = await get(mailbox, "/courriels/1")

    assert "été &amp; réseaux" in page
    assert "Bonjour &lt;Camille&gt;" in page
    assert 'href="http://127.0.0.1:8701/confirmer?jeton=a.b-c&amp;de=1"' in page
    assert "BEGIN:VCALENDAR" in page
    assert "alert(1)" not in page


async def test_what_came_by_mail_runs_nothing_and_fetches_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as mailbox:
        await post(mailbox, make_mail())
        body, headers = await get(mailbox, "/courriels/1/corps")
        page, _ = await get(mailbox, "/courriels/1")

    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "script-src" not in policy
    assert "allow-scripts" not in policy + page
    assert '<head><base target="_blank">' in body


async def test_the_stylesheets_are_our_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as mailbox:
        page, _ = await get(mailbox, "/")
        sheet, headers = await get(mailbox, page.split('rel="stylesheet" href="')[1].split('"')[0])

    assert headers["content-type"].startswith("text/css")
    assert sheet


async def test_json_tells_what_a_checker_asks(tmp_path: Path) -> None:
    async with opened(tmp_path) as mailbox:
        await post(mailbox, make_mail())
        (told,) = json.loads((await get(mailbox, "/messages.json"))[0])

    assert told["recipient"] == "camille@example.org"
    assert told["from"] == "Caux Seine Agglo <ne-pas-repondre@csa.example.org>"
    assert told["message_id"] == "<m1@csa.example.org>"
    assert told["links"] == ["http://127.0.0.1:8701/confirmer?jeton=a.b-c&de=1"]
    assert told["received_at"].endswith("+00:00")


async def test_a_second_demo_shows_the_mails_of_the_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as mailbox:
        await post(mailbox, make_mail("Premier"))
        (before,) = mailbox.messages

    async with opened(tmp_path) as mailbox:
        assert mailbox.messages == [before]
        await post(mailbox, make_mail("Second"))

        assert [(mail.number, mail.subject) for mail in mailbox.messages] == [(1, "Premier"), (2, "Second")]


async def test_an_unknown_mail_is_not_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as mailbox:
        with pytest.raises(urllib.error.HTTPError) as refused:
            await get(mailbox, "/courriels/7")

    assert refused.value.code == 404
    refused.value.close()


async def test_stopping_ends_an_open_connection_and_frees_the_ports(tmp_path: Path) -> None:
    async with opened(tmp_path) as mailbox:
        ports = mailbox.smtp_port, int(mailbox.url.rpartition(":")[2])
        client = await asyncio.to_thread(smtplib.SMTP, "127.0.0.1", mailbox.smtp_port, timeout=10)

    with pytest.raises(smtplib.SMTPServerDisconnected):
        await asyncio.to_thread(client.noop)
    again = Mailbox(tmp_path, smtp_port=ports[0], page_port=ports[1])
    await again.start()
    await again.stop()
