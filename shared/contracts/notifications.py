"""What the service notifications tells: feed entries to the territory, and what became of mail orders at home."""

from enum import StrEnum
from typing import Annotated, ClassVar

from shared.contracts.base import Open, Part, State, Visibility
from shared.contracts.projects import Axis
from shared.fields import Code, Count, Id, Insee, Instant, Line, Paragraph, ShortLine, Siren, Url, Version

L, T, P = Visibility.PRIVATE, Visibility.TERRITORY, Visibility.PUBLIC


class EntryKind(StrEnum):
    """What a feed entry tells about."""

    PROJECT = "project"
    FUNDING = "funding"
    AGENDA = "agenda"
    ANNOUNCEMENT = "announcement"
    CRISIS = "crisis"
    OTHER = "other"


class EntrySource(Part):
    """The aggregate that an entry tells about."""

    type: Annotated[Code, P]
    id: Annotated[Id, P]
    version: Annotated[Version, P]


class FeedEntry(State):
    """One piece of news of one EPCI, written by the instance whose aggregate it tells about."""

    aggregate: ClassVar[str] = "feed-entry"
    service: ClassVar[str] = "notifications"
    scopes: ClassVar[tuple[Visibility, ...]] = (T, P)
    facts: ClassVar[frozenset[str]] = frozenset({"published", "updated", "withdrawn"})
    last_facts: ClassVar[frozenset[str]] = frozenset({"withdrawn"})

    kind: Annotated[Open[EntryKind], P] = EntryKind.OTHER
    title: Annotated[ShortLine, P] = ""
    summary: Annotated[Paragraph, P] = ""
    link: Annotated[Url | None, P] = None
    axis: Annotated[Open[Axis] | None, P] = None
    communes: Annotated[tuple[Insee, ...], P] = ()
    epcis: Annotated[tuple[Siren, ...], P] = ()
    source: Annotated[EntrySource | None, P] = None
    importance: Annotated[Count, P] = 1
    published_at: Annotated[Instant | None, P] = None
    expires_at: Annotated[Instant | None, P] = None
    starts_at: Annotated[Instant | None, P] = None
    visibility: Annotated[Open[Visibility], T] = Visibility.TERRITORY
    news_rev: Annotated[Count, P] = 1


class OrderOutcome(StrEnum):
    """What became of a mail order."""

    ACCEPTED = "accepted"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNCERTAIN = "uncertain"


class DeliveryReport(State):
    """The end of one mail order, keyed by it; no address."""

    aggregate: ClassVar[str] = "delivery-report"
    service: ClassVar[str] = "notifications"
    scopes: ClassVar[tuple[Visibility, ...]] = (L,)
    facts: ClassVar[frozenset[str]] = frozenset({"issue_finished", "address_suppressed", "order_settled"})

    order_id: Annotated[Id | None, L] = None
    outcome: Annotated[Open[OrderOutcome] | None, L] = None
    settled_at: Annotated[Instant | None, L] = None
    reason: Annotated[Line, L] = ""


STATES: tuple[type[State], ...] = (FeedEntry, DeliveryReport)
