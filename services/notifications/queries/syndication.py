"""The feed for the readers of anybody, public entries only: Atom (RFC 4287) and JSON Feed 1.1 (jsonfeed.org)."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from services.notifications.queries.feed import item_of, list_entries
from services.notifications.rules.house import House
from services.notifications.rules.letters import Item
from shared.db.session import Session
from shared.identity.access import Scope, visitor_scope

_ATOM = "http://www.w3.org/2005/Atom"
_JSON_FEED = "https://jsonfeed.org/version/1.1"
_MOST = 50
_BEFORE_ANY_NEWS = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Syndicated:
    """The document and its tag: equal tags, equal documents."""

    body: bytes
    etag: str
    media_type: str


async def write_atom(session: Session, scope: Scope, *, house: House) -> Syndicated:
    """Return the public news of the territory as Atom, newest first, whoever asks."""
    return await _written(session, scope, house, _as_atom, media_type="application/atom+xml; charset=utf-8")


async def write_json_feed(session: Session, scope: Scope, *, house: House) -> Syndicated:
    """Return the same as JSON Feed."""
    return await _written(session, scope, house, _as_json_feed, media_type="application/feed+json; charset=utf-8")


async def _written(
    session: Session,
    scope: Scope,
    house: House,
    write: Callable[[Sequence[Item], House], bytes],
    *,
    media_type: str,
) -> Syndicated:
    rows = await list_entries(session, visitor_scope(scope.epci), limit=_MOST)
    body = write([item_of(row, news_rev=1) for row in rows], house)
    return Syndicated(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', media_type)


def _as_json_feed(items: Sequence[Item], house: House) -> bytes:
    base_url = house.base_url.rstrip("/")
    feed: dict[str, Any] = {
        "version": _JSON_FEED,
        "title": _title(house),
        "home_page_url": f"{base_url}/",
        "feed_url": f"{base_url}/actualites.json",
        "language": "fr",
        "authors": [{"name": house.own.name}],
        "items": [_as_json(item, house) for item in items],
    }
    return json.dumps(feed, ensure_ascii=False).encode()


def _as_json(item: Item, house: House) -> dict[str, Any]:
    return {
        "id": _id(item),
        "url": house.safe_link(item.link, siren=item.home_epci),
        "title": item.title,
        "content_text": item.summary or item.title,
        "date_published": _instant(item.published_at),
        "authors": [{"name": _author(item, house)}],
        "tags": [item.kind],
    }


def _as_atom(items: Sequence[Item], house: House) -> bytes:
    feed = Element("feed", {"xmlns": _ATOM, "xml:lang": "fr"})
    address = f"{house.base_url.rstrip('/')}/actualites.atom"
    _text(feed, "id", f"urn:estuaire:{house.own.siren}:actualites")
    _text(feed, "title", _title(house))
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
    _text(entry, "id", _id(item))
    _text(entry, "title", item.title)
    _text(entry, "updated", _instant(item.published_at))
    _text(entry, "summary", item.summary)
    link = house.safe_link(item.link, siren=item.home_epci)
    SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": link})
    SubElement(entry, "category", {"term": item.kind})
    _text(SubElement(entry, "author"), "name", _author(item, house))


def _title(house: House) -> str:
    return f"Actualités du Territoire d’industrie {house.territory.name}"


def _id(item: Item) -> str:
    return f"urn:estuaire:{item.home_epci}:actualites:{item.id}"


def _author(item: Item, house: House) -> str:
    member = house.territory.find(item.home_epci)
    return member.name if member else item.home_epci


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _instant(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
