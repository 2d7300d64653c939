"""The feed as Atom (RFC 4287), for the readers of anybody: public entries only."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from services.notifications.queries.feed import item_of, list_entries
from services.notifications.rules.house import House
from services.notifications.rules.letters import Item
from shared.db.session import Session
from shared.identity.access import Scope, visitor_scope

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
_MOST = 50
_BEFORE_ANY_NEWS = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class AtomFeed:
    """The document and its tag: equal tags, equal documents."""

    body: bytes
    etag: str


async def write_atom(session: Session, scope: Scope, *, house: House) -> AtomFeed:
    """Return the public news of the territory, newest first, whoever asks."""
    rows = await list_entries(session, visitor_scope(scope.epci), limit=_MOST)
    body = _document([item_of(row, news_rev=1) for row in rows], house)
    return AtomFeed(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _document(items: Sequence[Item], house: House) -> bytes:
    feed = Element("feed", {"xmlns": _ATOM, "xml:lang": "fr"})
    address = f"{house.base_url.rstrip('/')}/actualites.atom"
    _text(feed, "id", f"urn:estuaire:{house.own.siren}:actualites")
    _text(feed, "title", f"Actualités du Territoire d’industrie {house.territory.name}")
    _text(feed, "updated", _instant(max((item.published_at for item in items), default=_BEFORE_ANY_NEWS)))
    SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": address})
    SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": house.base_url})
    _text(SubElement(feed, "author"), "name", house.own.name)
    for item in items:
        _entry(feed, item, house)
    document: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _entry(feed: Element, item: Item, house: House) -> None:
    entry = SubElement(feed, "entry")
    _text(entry, "id", f"urn:estuaire:{item.home_epci}:actualites:{item.id}")
    _text(entry, "title", item.title)
    _text(entry, "updated", _instant(item.published_at))
    _text(entry, "summary", item.summary)
    link = house.safe_link(item.link, siren=item.home_epci)
    SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": link})
    SubElement(entry, "category", {"term": item.kind})
    member = house.territory.find(item.home_epci)
    _text(SubElement(entry, "author"), "name", member.name if member else item.home_epci)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _instant(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
