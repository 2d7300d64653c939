"""Reads of the feed: entries of the whole territory, what is new in a window, who was heard when."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import and_, col, func, select

from services.notifications.models import Entry, FeedLog, KnownEntry, KnownHeartbeat, LogCounter, SourceMemory
from services.notifications.rules.letters import Item
from services.notifications.rules.schedule import Window
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.notifications import FeedEntry
from shared.db.keyset import before
from shared.db.session import Session
from shared.errors import NotFound
from shared.identity.access import Right, Scope
from shared.ids import TerritoryKey

LOG = "feed"
_ORDER = (col(KnownEntry.published_at), col(KnownEntry.id), col(KnownEntry.home_epci))


async def list_entries(
    session: Session, scope: Scope, *, limit: int, after: TerritoryKey | None = None, epci: str | None = None
) -> Sequence[KnownEntry]:
    """Return entries, newest first: all of the territory for those who may read it, public ones for others.

    Raises:
        NotFound: ``after`` is no entry that ``scope`` may see.
    """
    statement = select(KnownEntry).where(*_visible(scope))
    if epci is not None:
        statement = statement.where(KnownEntry.home_epci == epci)
    if after is not None:
        last = await get_entry(session, scope, after.id, epci=after.epci)
        statement = statement.where(before(_ORDER, (last.published_at, last.id, last.home_epci)))
    return (await session.exec(statement.order_by(*(one.desc() for one in _ORDER)).limit(limit))).all()


async def get_entry(session: Session, scope: Scope, entry_id: UUID, *, epci: str | None = None) -> KnownEntry:
    """Return one entry of an EPCI; of our own, if it is not said whose.

    Raises:
        NotFound: none that ``scope`` may see.
    """
    mine = (KnownEntry.id == entry_id, KnownEntry.home_epci == (epci or scope.epci))
    row = (await session.exec(select(KnownEntry).where(*mine, *_visible(scope)))).first()
    if row is None:
        raise NotFound("Cette actualité n’est plus publiée, ou ne l’a jamais été.")
    return row


async def list_feed(
    session: Session, scope: Scope, *, limit: int, after: TerritoryKey | None, epci: str | None = None
) -> list[dict[str, Any]]:
    """Return one page of the feed as contracts publish it, each entry as far as ``scope`` may read it.

    Raises:
        NotFound: the cursor is no entry that ``scope`` may see.
    """
    return [_shown(row, scope) for row in await list_entries(session, scope, limit=limit, after=after, epci=epci)]


def _shown(row: KnownEntry, scope: Scope) -> dict[str, Any]:
    visibility = Visibility.TERRITORY if scope.may(Right.READ_TERRITORY) else Visibility.PUBLIC
    return FeedEntry.model_validate_json(row.state).at(visibility)


async def list_own_entries(session: Session, scope: Scope, *, source_id: UUID) -> Sequence[Entry]:
    """Return what we told of one source."""
    statement = select(Entry).where(Entry.source_id == source_id, Entry.home_epci == scope.epci)
    return (await session.exec(statement)).all()


async def find_memory(session: Session, scope: Scope, *, source_type: str, source_id: UUID) -> SourceMemory | None:
    """Return what was last told of one source, if anything."""
    return await session.get(SourceMemory, (source_type, source_id))


async def list_logged_revs(
    session: Session, scope: Scope, *, entries: Sequence[tuple[str, UUID]]
) -> Mapping[tuple[str, UUID], int]:
    """Return the newest news of each entry that the log holds."""
    ids = [entry_id for _, entry_id in entries]
    statement = (
        select(FeedLog.home_epci, FeedLog.entry_id, func.max(FeedLog.news_rev))
        .where(col(FeedLog.entry_id).in_(ids))
        .group_by(col(FeedLog.home_epci), col(FeedLog.entry_id))
    )
    return {(home, entry_id): rev for home, entry_id, rev in (await session.exec(statement)).all()}


async def get_head(session: Session, scope: Scope) -> int:
    """Return the highest number of the log; 0 when it is empty."""
    counter = await session.get(LogCounter, LOG)
    return counter.value if counter else 0


async def find_seq_since(session: Session, scope: Scope, *, age: timedelta) -> int:
    """Return the number of the first news logged within ``age``, or the next one to come."""
    statement = select(func.min(FeedLog.seq)).where(FeedLog.logged_at >= now() - age)
    first = (await session.exec(statement)).one()
    return first if first is not None else await get_head(session, scope) + 1


async def list_news(session: Session, scope: Scope, window: Window, *, reach: Visibility) -> list[Item]:
    """Return the news of a window, once per entry, as it reads now; withdrawn entries are no news any more."""
    statement = (
        select(FeedLog, KnownEntry)
        .join(KnownEntry, and_(col(KnownEntry.home_epci) == FeedLog.home_epci, col(KnownEntry.id) == FeedLog.entry_id))
        .where(
            FeedLog.seq >= window.start,
            FeedLog.seq < window.end,
            col(FeedLog.mailable).is_(True),
            col(KnownEntry.deleted).is_(False),
            *([] if reach is Visibility.TERRITORY else [col(KnownEntry.is_public).is_(True)]),
        )
        .order_by(col(FeedLog.seq))
    )
    rows = (await session.exec(statement)).all()
    newest = {(log.home_epci, log.entry_id): item_of(row, news_rev=log.news_rev) for log, row in rows}
    return list(newest.values())


def item_of(row: KnownEntry, *, news_rev: int) -> Item:
    """Return an entry as letters read it."""
    state = FeedEntry.model_validate_json(row.state)
    return Item(
        home_epci=row.home_epci,
        id=row.id,
        news_rev=news_rev,
        kind=state.kind,
        title=state.title,
        summary=state.summary,
        link=state.link,
        importance=state.importance,
        published_at=state.published_at or row.occurred_at,
        axis=state.axis,
        epcis=state.epcis,
        starts_at=state.starts_at,
        expires_at=state.expires_at,
    )


async def list_last_heard(session: Session, scope: Scope) -> Mapping[str, datetime]:
    """Return when each EPCI gave its last sign of life; one that never did is absent."""
    statement = select(KnownHeartbeat.home_epci, func.max(KnownHeartbeat.occurred_at)).group_by(
        KnownHeartbeat.home_epci
    )
    return {home: heard for home, heard in (await session.exec(statement)).all()}


async def load_home_feed(session: Session, scope: Scope) -> dict[str, Any]:
    """Return what the feed shows on the public page."""
    rows = await list_entries(session, scope, limit=12)
    return {"entries": [item_of(row, news_rev=1) for row in rows]}


async def load_home_heard(session: Session, scope: Scope) -> dict[str, Any]:
    """Return who was last heard when, for the public page."""
    return {"heard": await list_last_heard(session, scope), "own": scope.epci, "now": now()}


def marks_of(memory: SourceMemory | None) -> Mapping[str, str] | None:
    """Return what was told of a source, or ``None`` when nothing was."""
    if memory is None or memory.marks is None:
        return None
    marks: dict[str, str] = json.loads(memory.marks)
    return marks


def _visible(scope: Scope) -> list[ColumnElement[bool]]:
    """Return what an entry must be for ``scope`` to see it."""
    present = col(KnownEntry.deleted).is_(False)
    return [present] if scope.may(Right.READ_TERRITORY) else [present, col(KnownEntry.is_public).is_(True)]
