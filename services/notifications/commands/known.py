"""Upkeep of what others tell: entries of every EPCI and the log of what is new, persons, signs of life."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select, update

from services.notifications.models import FeedLog, KnownEntry, KnownHeartbeat, KnownPerson, LogCounter
from services.notifications.queries import deliveries, feed
from services.notifications.rules.schedule import NEWS_LASTS
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.common import Heartbeat
from shared.contracts.contacts import Channel, PersonCard
from shared.contracts.notifications import FeedEntry
from shared.db.session import Session, leave_work
from shared.db.upsert import insert_missing
from shared.identity.access import Scope
from shared.messaging.known import keep_known
from shared.messaging.registry import Record


async def keep_entries(session: Session, scope: Scope, records: Sequence[Record[FeedEntry]]) -> None:
    """Hold the newest state of each entry, and number what is new in it."""
    await keep_known(session, KnownEntry, records, more=_entry_columns)
    await _log_news(session, scope, [record for record in records if record.state is not None])


async def keep_people(session: Session, scope: Scope, records: Sequence[Record[PersonCard]]) -> None:
    """Hold the address and the oppositions of each person of our own EPCI."""
    await keep_known(session, KnownPerson, records, more=_person_columns)


async def keep_heartbeats(session: Session, scope: Scope, records: Sequence[Record[Heartbeat]]) -> None:
    """Hold the last sign of life of each service of each EPCI."""
    await keep_known(session, KnownHeartbeat, records)


async def _log_news(session: Session, scope: Scope, records: Sequence[Record[FeedEntry]]) -> None:
    """Number each news that is newer than what the log holds of its entry, whatever the batches were cut like."""
    newest = {(record.epci, record.id): record for record in sorted(records, key=lambda one: one.version)}
    logged = await feed.list_logged_revs(session, scope, entries=list(newest))
    fresh = [
        record
        for key, record in newest.items()
        if record.state is not None and record.fact != "withdrawn" and record.state.news_rev > logged.get(key, 0)
    ]
    if not fresh:
        return
    last = await _take_numbers(session, len(fresh))
    restored = await deliveries.find_last_restore(session, scope)
    for number, record in enumerate(fresh, start=last - len(fresh) + 1):
        session.add(_log_row(record, number, restored=restored))
    leave_work(session)  # letters that go out as soon as there is news
    await session.flush()


async def _take_numbers(session: Session, count: int) -> int:
    """Take the next numbers and return the last; the row stays locked until commit, so none appears late."""
    await insert_missing(session, LogCounter, [{"name": feed.LOG, "value": 0}], key=("name",))
    raised = update(LogCounter).where(col(LogCounter.name) == feed.LOG).values(value=LogCounter.value + count)
    await session.exec(raised)
    return (await session.exec(select(LogCounter.value).where(LogCounter.name == feed.LOG))).one()


def _log_row(record: Record[FeedEntry], number: int, *, restored: datetime | None) -> FeedLog:
    state = record.state
    assert state is not None  # noqa: S101 - chosen so by the caller
    happened = min(record.time, state.published_at or record.time)
    fresh = now() - happened <= NEWS_LASTS and (restored is None or happened > restored)
    return FeedLog(
        seq=number,
        home_epci=record.epci,
        entry_id=record.id,
        news_rev=state.news_rev,
        mailable=not record.republished and fresh,
        logged_at=now(),
    )


def _entry_columns(record: Record[Any]) -> dict[str, Any]:
    state = record.state
    return {
        "is_public": state is not None and state.visibility == Visibility.PUBLIC,
        "kind": "" if state is None else state.kind,
        "published_at": None if state is None else state.published_at or record.time,
    }


def _person_columns(record: Record[Any]) -> dict[str, Any]:
    state = record.state
    opposed = () if state is None else state.opposed
    return {
        "email": (state.email or "") if state is not None else "",
        "opposes_mail": bool({Channel.EMAIL, Channel.ALL}.intersection(opposed)),
    }
