"""Our own feed entries: born of what our other services tell, one per source and topic."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from services.notifications.models import Entry, OutboxMessage, SourceMemory
from services.notifications.queries import feed
from services.notifications.rules import event_news, project_news
from services.notifications.rules.news import Marks, News, Source
from shared.clock import now
from shared.contracts.events import AgendaEvent
from shared.contracts.notifications import EntrySource, FeedEntry
from shared.contracts.projects import Project
from shared.db.session import Session, origin_of
from shared.identity.access import Scope
from shared.ids import uuid7
from shared.messaging.recorder import record, record_deletion
from shared.messaging.registry import Record

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Told:
    """One message about one of our own sources."""

    source: Source
    source_id: UUID
    version: int
    time: datetime


async def tell_project(session: Session, scope: Scope, heard: Record[Project]) -> None:
    """Bring the entries of one of our projects up to date: news, corrections, or none of it any more."""
    project = heard.state
    if project is None or heard.epci != scope.epci:
        return
    told = _Told(project_news.project_source(project), heard.id, heard.version, heard.time)
    memory = await _newer(session, scope, told)
    if memory is None:
        return
    if heard.fact == "withdrawn" or not project_news.may_tell_project(project):
        await _withdraw(session, scope, told, memory)
        return
    before = feed.marks_of(memory)
    entries = await feed.list_own_entries(session, scope, source_id=heard.id)
    for entry in entries:
        summary = project_news.project_summary(project, entry.topic)
        await _correct(session, entry, told, News(entry.topic, entry.kind, entry.tail, summary, entry.importance))
    await _publish(session, entries, told, project_news.project_news(project, before))
    _remember(session, memory, told, project_news.project_marks(project))


async def tell_event(session: Session, scope: Scope, heard: Record[AgendaEvent]) -> None:
    """Bring the entry of one of our agenda events up to date; its seats are no news."""
    event = heard.state
    if event is None or heard.epci != scope.epci:
        return
    told = _Told(event_news.event_source(event), heard.id, heard.version, heard.time)
    memory = await _newer(session, scope, told)
    if memory is None:
        return
    if heard.fact in event_news.UNTOLD_FACTS or not event_news.may_tell_event(event):
        await _withdraw(session, scope, told, memory)
        return
    before = feed.marks_of(memory)
    if before is None and heard.fact in event_news.NO_BIRTH:
        return
    entries = await feed.list_own_entries(session, scope, source_id=heard.id)
    news = event_news.event_news(event, before)
    if not news:
        for entry in entries:
            await _correct(session, entry, told, event_news.event_entry(event))
    await _publish(session, entries, told, news)
    _remember(session, memory, told, event_news.event_marks(event))


def published(entry: Entry) -> FeedEntry:
    """Return an entry as the territory reads it."""
    return FeedEntry(
        id=entry.id,
        home_epci=entry.home_epci,
        version=entry.version,
        updated_at=entry.updated_at,
        kind=entry.kind,
        title=entry.title,
        summary=entry.summary,
        axis=entry.axis,
        communes=tuple(entry.communes.split()),
        epcis=tuple(entry.epcis.split()),
        source=EntrySource(type=entry.source_type, id=entry.source_id, version=entry.source_version),
        importance=entry.importance,
        published_at=entry.published_at,
        expires_at=entry.expires_at,
        starts_at=entry.starts_at,
        visibility=entry.visibility,
        news_rev=entry.news_rev,
    )


async def _newer(session: Session, scope: Scope, told: _Told) -> SourceMemory | None:
    """Return what is remembered of the source, new at first sight; ``None`` when this message is not newer."""
    kept = await feed.find_memory(session, scope, source_type=told.source.type, source_id=told.source_id)
    if kept is None:
        return SourceMemory(source_type=told.source.type, source_id=told.source_id, version=0)
    return kept if kept.version < told.version else None


def _remember(session: Session, memory: SourceMemory, told: _Told, marks: Marks | None) -> None:
    memory.version = told.version
    memory.marks = None if marks is None else json.dumps(dict(marks))
    session.add(memory)


async def _publish(session: Session, entries: Sequence[Entry], told: _Told, news: Sequence[News]) -> None:
    existing = {entry.topic: entry for entry in entries}
    for one in news:
        entry = existing.get(one.topic)
        if entry is None:
            await _bear(session, told, one)
        else:
            await _renew(session, entry, told, one)


async def _bear(session: Session, told: _Told, news: News) -> None:
    entry = Entry(
        id=uuid7(),
        home_epci=origin_of(session).epci,
        source_type=told.source.type,
        source_id=told.source_id,
        source_version=told.version,
        topic=news.topic,
        kind=news.kind,
        tail=news.tail,
        title=news.title(told.source),
        summary=news.summary,
        visibility=told.source.visibility,
        published_at=told.time,
        created_at=now(),
        updated_at=now(),
    )
    _fill(entry, told, news)
    session.add(entry)
    await session.flush()
    record(session, OutboxMessage, _linked(session, entry), fact="published", visibility=entry.visibility)
    log.info("entry_published", entry_id=str(entry.id), kind=entry.kind.value)


async def _renew(session: Session, entry: Entry, told: _Told, news: News) -> None:
    """Put news into an entry that exists: readers may be told again."""
    await _narrow(session, entry, told)
    fact = "published" if entry.withdrawn else "updated"
    entry.news_rev += 1
    entry.published_at = told.time
    entry.withdrawn = False
    _fill(entry, told, news)
    await _record_update(session, entry, fact=fact)


async def _correct(session: Session, entry: Entry, told: _Told, news: News) -> None:
    """Change the text of an entry without making news; nothing is sent when it already reads so."""
    await _narrow(session, entry, told)
    before = _readable(entry)
    fact = "published" if entry.withdrawn else "updated"
    _fill(entry, told, news)
    if entry.withdrawn or _readable(entry) != before:
        entry.withdrawn = False
        await _record_update(session, entry, fact=fact)


async def _withdraw(session: Session, scope: Scope, told: _Told, memory: SourceMemory) -> None:
    """Take every entry of a source back, and forget what was told of it."""
    for entry in await feed.list_own_entries(session, scope, source_id=told.source_id):
        await _bury(session, entry)
    _remember(session, memory, told, None)


async def _narrow(session: Session, entry: Entry, told: _Told) -> None:
    """Take an entry back where its source may not be read any more; what remains is published again."""
    if not entry.withdrawn and not told.source.visibility.reaches(entry.visibility):
        await _bury(session, entry)


async def _bury(session: Session, entry: Entry) -> None:
    if entry.withdrawn:
        return
    entry.version += 1
    entry.withdrawn = True
    entry.title, entry.summary, entry.communes, entry.epcis = "", "", "", ""
    entry.updated_at = now()
    session.add(entry)
    await session.flush()
    record_deletion(session, OutboxMessage, published(entry), fact="withdrawn", visibility=entry.visibility)
    entry.version += 1
    await session.flush()
    log.info("entry_withdrawn", entry_id=str(entry.id))


async def _record_update(session: Session, entry: Entry, *, fact: str) -> None:
    entry.version += 1
    entry.updated_at = now()
    session.add(entry)
    await session.flush()
    record(session, OutboxMessage, _linked(session, entry), fact=fact, visibility=entry.visibility)
    log.info("entry_updated", entry_id=str(entry.id), news_rev=entry.news_rev)


def _fill(entry: Entry, told: _Told, news: News) -> None:
    entry.source_version = told.version
    entry.tail, entry.title, entry.summary = news.tail, news.title(told.source), news.summary
    entry.axis, entry.importance, entry.visibility = told.source.axis, news.importance, told.source.visibility
    entry.communes, entry.epcis = " ".join(told.source.communes), " ".join(told.source.epcis)
    entry.starts_at, entry.expires_at = news.starts_at, news.expires_at


def _readable(entry: Entry) -> tuple[object, ...]:
    """Return what a reader sees of an entry."""
    placed = (entry.axis, entry.communes, entry.epcis, entry.visibility, entry.starts_at, entry.expires_at)
    return (entry.title, entry.summary, *placed)


def _linked(session: Session, entry: Entry) -> FeedEntry:
    link = f"{origin_of(session).base_url.rstrip('/')}/actualites/{entry.id}"
    return published(entry).model_copy(update={"link": link})
