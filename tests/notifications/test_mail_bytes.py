"""The bytes of a mail: nothing written by others becomes a header, nothing is fetched from outside."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from html.parser import HTMLParser

import pytest

from services.notifications.commands.bodies import Marks, address_letter, write_letter, write_service_mail
from services.notifications.errors import HeaderRefused
from services.notifications.gateways.envelopes import Bodies, Envelope, check_headers, message_id_of, write_mail
from services.notifications.rules.house import House
from services.notifications.rules.keys import Keys
from services.notifications.rules.letters import Chapter, Item, compose
from shared.contracts.events import MailOrder
from shared.contracts.notifications import EntryKind
from shared.ids import uuid7
from shared.signing import Signer
from tests.support.territory import make_territory, random_siren

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TO = "alix@example.org"
HOSTILE = [
    "Bonjour\r\nBcc: evil@example.com",
    "Bonjour\nX-Evil: 1",
    "Bonjour\rReply-To: evil@example.com",
    "=?utf-8?q?Hi=0AReply-To:_evil@x.fr?=",
    "=?utf-8?b?SGkKQmNjOiBldmlsQHguZnI=?=",
    "=?utf-8?q?a?=\r\n =?utf-8?q?=0ABcc:_x?=",
    "Titre\u2028Bcc: x",
    "Titre\x00\x0b\x0c\ufffe\uffff",
    "\u202eesrever",
    "x" * 300,
    "é" * 140,
    "<script>alert(1)</script>",
    "{{ 7*7 }} {% include 'x' %} ${x}",
    "</mj-text><mj-include path='/etc/passwd'/><mj-raw><script>",
]
MARKUP = {"html", "head", "title", "meta", "style", "body", "div", "table", "tbody", "tr", "td", "h1", "h2"} | {
    "p", "a", "b", "br", "span", "sup",
}  # fmt: skip
LETTER_HEADERS = [
    "auto-submitted", "content-type", "date", "from", "list-id", "list-unsubscribe", "list-unsubscribe-post",
    "message-id", "mime-version", "subject", "to",
]  # fmt: skip


@pytest.fixture
def house() -> House:
    territory = make_territory([random_siren() for _ in range(3)])
    own = territory.members[0]
    signer = Signer("essai")
    return House(
        own=own,
        territory=territory,
        base_url=own.base_url,
        mail_from="lettre@caux.example.org",
        demo=True,
        signer=signer,
        keys=Keys("essai"),
    )


def make_item(house: House, **changes: object) -> Item:
    values: dict[str, object] = {
        "home_epci": house.own.siren,
        "id": uuid7(),
        "news_rev": 1,
        "kind": EntryKind.PROJECT,
        "title": "École de production fictive\u00a0: 350\u202f000\u00a0€ accordés",
        "summary": "Au total 350\u202f000\u00a0€ accordés.",
        "link": f"{house.own.base_url}/#actualite-1",
        "importance": 1,
        "published_at": NOW,
    }
    return Item(**values | changes)  # type: ignore[arg-type]


def make_letter(house: House, *items: Item) -> tuple[Bodies, Marks]:
    parts = compose(items, own=house.own.siren, chapters=list(Chapter), now=NOW)
    letter = write_letter(parts, line="La lettre du territoire · lundi 23 novembre 2026", house=house, nonce="n0")
    reader = Marks(
        since="3 mars 2026",
        address=TO,
        unsubscribe=house.link("letter.unsubscribe", "1", "/lettres/desabonnement/{token}"),
        manage=house.link("letter.manage", "1", "/lettres/preferences/{token}"),
    )
    return address_letter(letter, reader, nonce="n0"), reader


def make_order(house: House, **changes: object) -> MailOrder:
    values = {
        "id": uuid7(), "home_epci": house.own.siren, "version": 1, "updated_at": NOW,
        "recipient": TO, "subject": "Objet", "paragraphs": ("Un paragraphe.",),
    }  # fmt: skip
    return MailOrder.model_validate(values).model_copy(update=changes)


def read(payload: bytes) -> EmailMessage:
    return message_from_bytes(payload, policy=policy.default)


class Addresses(HTMLParser):
    """Collects what a mail program would fetch by itself, and the links that a reader may follow."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "href" and tag == "a":
                self.links.append(value or "")
            elif name in {"src", "srcset", "background", "poster", "data", "href"}:
                self.fetched.append(value or "")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_title_of_the_feed_writes_a_header(house: House, text: str) -> None:
    letter, reader = make_letter(
        house, make_item(house, title=text, summary=text, home_epci=house.territory.members[1].siren)
    )

    payload = write_mail(letter, Envelope(TO, "<1@x>", one_click=reader.unsubscribe, list_name=text), house=house)

    head = BytesHeaderParser(policy=policy.compat32).parsebytes(payload)
    assert sorted(name.lower() for name in head.keys()) == LETTER_HEADERS  # noqa: SIM118 - doubles count
    assert head["To"] == TO
    assert "evil" not in str(head.get_all("Bcc", [])) + str(head.get_all("Reply-To", []))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_others_becomes_markup(house: House, text: str) -> None:
    letter, _ = make_letter(house, make_item(house, title=text, summary=text))
    order = make_order(house, subject="Objet", heading=text, paragraphs=(text,))

    for html in (letter.html, write_service_mail(order, house=house).html):
        page = Addresses()
        page.feed(html)
        assert "script" not in page.tags
        assert "root:" not in html
        assert page.tags <= MARKUP


@pytest.mark.parametrize("text", HOSTILE)
def test_the_subject_of_an_order_stays_one_header(house: House, text: str) -> None:
    order = make_order(house, subject=text)

    payload = write_mail(write_service_mail(order, house=house), Envelope(TO, "<1@x>"), house=house)

    assert len(read(payload).get_all("subject", [])) == 1
    assert read(payload)["bcc"] is None
    assert read(payload)["reply-to"] is None


@pytest.mark.parametrize("address", ["x@y.fr\r\nRCPT TO:<e@e.fr>", "x@y.fr, e@e.fr", "x@y.fr>\r\nBcc: e@e.fr"])
def test_no_address_makes_two_recipients(house: House, address: str) -> None:
    with pytest.raises((HeaderRefused, ValueError)):
        write_mail(Bodies("Objet", "<p>a</p>", "a"), Envelope(address, "<1@x>"), house=house)


GUARDED: list[tuple[bytes, Mapping[str, str]]] = [
    (b"From: a@x\r\nTo: b@x\r\nBcc: c@x\r\n\r\n", {"From": "a@x", "To": "b@x"}),
    (b"From: a@x\r\nTo: b@x, c@x\r\n\r\n", {"From": "a@x", "To": "b@x"}),
    (b"From: e@x\r\nTo: b@x\r\n\r\n", {"From": "a@x", "To": "b@x"}),
    (b"From: a@x\r\nFrom: e@x\r\nTo: b@x\r\n\r\n", {"From": "a@x", "To": "b@x"}),
]


@pytest.mark.parametrize(("payload", "meant"), GUARDED)
def test_the_guard_stops_bytes_that_say_something_else(payload: bytes, meant: Mapping[str, str]) -> None:
    with pytest.raises(HeaderRefused):
        check_headers(payload, names=["From", "To"], addresses=meant)


def test_a_letter_carries_what_rfc_8058_asks_for_letter_by_letter(house: House) -> None:
    letter, reader = make_letter(house, make_item(house))

    payload = write_mail(letter, Envelope(TO, "<1@x>", one_click=reader.unsubscribe, list_name="Lettre"), house=house)

    assert f"\r\nList-Unsubscribe: <{reader.unsubscribe}>\r\n".encode() in payload
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in payload
    assert b"\r\nAuto-Submitted: auto-generated\r\n" in payload


def test_a_mail_fetches_nothing_and_links_only_to_members(house: House) -> None:
    neighbour = house.territory.members[1]
    foreign = make_item(house, home_epci=neighbour.siren, link="https://evil.example/suivi.gif")
    agenda = make_item(house, kind=EntryKind.AGENDA, starts_at=NOW + timedelta(days=8))
    letter, _ = make_letter(house, make_item(house), foreign, agenda)

    page = Addresses()
    page.feed(letter.html)

    assert page.fetched == []
    assert not {"img", "script", "link", "iframe", "style"} & page.tags - {"style"}
    assert "@import" not in letter.html
    assert "url(" not in letter.html
    bases = tuple(member.base_url for member in house.territory)
    assert all(link.startswith(bases) for link in page.links)
    written = re.findall(r"https?://[^\s\"'<>)]+", letter.html)
    assert all(one.startswith((*bases, "http://www.w3.org/1999/xhtml")) for one in written)


def test_a_mail_is_french_readable_and_small(house: House) -> None:
    items = [
        make_item(house, title=f"Nouvelle {number}", home_epci=member.siren)
        for number in range(15)
        for member in house.territory
    ]
    letter, _ = make_letter(house, *items)

    assert '<html lang="fr"' in letter.html
    assert letter.html.count("<h1") == 1
    assert re.findall(r"<table(?![^>]*role=\"presentation\")", letter.html) == []
    assert len(letter.html.encode()) < 90_000
    assert "15 autres nouvelles" in letter.text


def test_both_bodies_say_the_same(house: House) -> None:
    letter, reader = make_letter(house, make_item(house), make_item(house, title="Autre & <nouvelle>"))

    for words in ("Chez vous", "350\u202f000\u00a0€", reader.unsubscribe, reader.manage, "3 mars 2026", TO):
        assert words in letter.html
        assert words.casefold() in letter.text.casefold()
    assert "Autre &amp; &lt;nouvelle&gt;" in letter.html
    assert "Autre & <nouvelle>" in letter.text


def test_no_text_of_others_gets_a_readers_own_links(house: House) -> None:
    letter, reader = make_letter(house, make_item(house, title="@n1:unsubscribe@ {{unsubscribe}}"))

    assert letter.html.count(reader.unsubscribe) == 1


def test_a_message_id_is_stable_and_tells_nothing(house: House) -> None:
    one = message_id_of("issue 1", TO, house=house)

    assert one == message_id_of("issue 1", TO, house=house)
    assert one != message_id_of("issue 2", TO, house=house)
    assert one != message_id_of("issue 1", "autre@example.org", house=house)
    assert "alix" not in one
