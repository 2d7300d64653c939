"""Bugs planted in the product from outside, to see that the checker finds them: none of this is in the product."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from sqlmodel import SQLModel, col, func, select, update

from services.events.commands import requests
from services.events.commands.telling import tell
from services.events.queries.meetings import get_meeting
from services.events.schemas import RegistrationForm
from services.notifications.gateways.mail import Answer, SmtpRelay
from services.notifications.gateways.mail import Outgoing as Mail
from services.projects.commands import fiche
from shared.clock import now
from shared.db import upsert
from shared.db.engine import Database
from shared.db.session import Session
from shared.messaging import known
from shared.messaging.delivery import handling
from shared.messaging.delivery.acting import Reactions
from shared.messaging.delivery.failing import Failures
from shared.messaging.envelope import RawRecord
from shared.messaging.kafka.publishing import Publisher
from shared.messaging.outbox import Due
from shared.messaging.relay import Outgoing, Relay

log = structlog.get_logger(__name__)

SLOW = 0.5
"""Makes the moment in which a crash hurts long enough for one to come in it."""


@dataclass(frozen=True)
class Bug:
    """A bug: how it gets in, and which checks must see it."""

    plant: Callable[[], None]
    seen_by: tuple[str, ...]


def drop_a_row() -> None:
    """One record in ten is never sent, and taken as sent."""
    send, count = Publisher.send, 0

    async def sabotaged(self: Publisher, record: Outgoing) -> Awaitable[object]:
        nonlocal count
        count += 1
        return _done() if count % 10 == 0 else await send(self, record)

    _replace(Publisher, "send", sabotaged)


def commit_offset_first() -> None:
    """The position moves before what it stands for is applied."""
    project = handling.Delivery.project

    async def sabotaged(self: handling.Delivery, group: str, raws: Sequence[RawRecord]) -> dict[str, int]:
        async with self.database.transaction() as session:
            await self.positions.move(session, group, raws)
        _later(project(self, group, raws))
        return {}

    _replace(handling.Delivery, "project", sabotaged)


def cursor_on_the_outbox() -> None:
    """The relay begins at the end of the outbox and goes by numbers."""
    choose = Relay._select
    cursors: dict[Relay, int] = {}

    async def sabotaged(self: Relay) -> list[Due]:
        if self not in cursors:
            async with self._database.reading() as session:
                newest = select(func.max(self._outbox.seq))
                cursors[self] = (await session.exec(newest)).one() or 0
        await asyncio.sleep(SLOW)
        return [row for row in await choose(self) if (row.seq or 0) > cursors[self]]

    _replace(Relay, "_select", sabotaged)


def skip_the_inbox() -> None:
    """Reactions forget what they have acted upon."""

    async def sabotaged(self: Reactions, *_: object) -> bool:
        return True

    _replace(Reactions, "_is_first", sabotaged)


def send_mails_twice() -> None:
    """Each mail is handed to the relay again after it was taken."""
    send = SmtpRelay.send

    async def sabotaged(self: SmtpRelay, mail: Mail) -> Answer:
        await send(self, mail)
        return await send(self, mail)

    _replace(SmtpRelay, "send", sabotaged)


def leak_a_mail() -> None:
    """Who registered is told to the territory."""
    ask = requests.request_registration

    async def sabotaged(session: Session, scope: Any, event_id: Any, form: RegistrationForm) -> None:  # noqa: ANN401
        await ask(session, scope, event_id, form)
        meeting = await get_meeting(session, scope, event_id, lock=True)
        meeting.event.conditions = f"Dernier inscrit : {form.email}"
        await tell(session, meeting, fact="updated")

    _replace(requests, "request_registration", sabotaged)


def log_a_mail() -> None:
    """Who registered is written into the log."""
    ask = requests.request_registration

    async def sabotaged(session: Session, scope: Any, event_id: Any, form: RegistrationForm) -> None:  # noqa: ANN401
        await ask(session, scope, event_id, form)
        log.info("registered", who=form.email)

    _replace(requests, "request_registration", sabotaged)


def ignore_tombstones() -> None:
    """Copies of what is deleted stay."""
    newest = known._newest

    async def sabotaged(session: Session, table: Any, records: Sequence[Any]) -> Sequence[Any]:  # noqa: ANN401
        return await newest(session, table, [record for record in records if record.state is not None])

    _replace(known, "_newest", sabotaged)


def no_version_guard() -> None:
    """What came last replaces what is newest."""

    async def sabotaged(session: Session, table: type[SQLModel], rows: Sequence[Any], *, key: Sequence[str]) -> None:
        for row in rows:
            insert = upsert.insert_at(session)(table).values([row])
            changed = {name: insert.excluded[name] for name in row if name not in key}
            await session.exec(insert.on_conflict_do_update(index_elements=list(key), set_=changed))

    _replace(known, "keep_newest", sabotaged)


def mark_before_the_answer() -> None:
    """Rows count as published before Kafka has them."""
    send = Relay._send

    async def sabotaged(self: Relay, rows: Sequence[Due]) -> Any:  # noqa: ANN401
        numbers = [row.seq for row in rows]
        async with self._database.transaction(quiet=True) as session:
            await session.exec(
                update(self._outbox).where(col(self._outbox.seq).in_(numbers)).values(published_at=now())
            )
        await asyncio.sleep(SLOW)
        return await send(self, rows)

    _replace(Relay, "_send", sabotaged)


def believe_the_first_owner() -> None:
    """Who is read first with an id is taken for its home, and what another tells of it is left out."""
    newest = known._newest

    async def sabotaged(session: Session, table: Any, records: Sequence[Any]) -> Sequence[Any]:  # noqa: ANN401
        found = await session.exec(select(table.id, table.home_epci).where(table.id.in_({one.id for one in records})))
        homes = dict(found.all())
        return await newest(session, table, [one for one in records if homes.setdefault(one.id, one.epci) == one.epci])

    _replace(known, "_newest", sabotaged)


def send_old_versions_again() -> None:
    """A relay that thought it was the only one sends the first version of a key after the third."""
    send = Publisher.send
    first: dict[tuple[str, bytes], Outgoing] = {}

    async def sabotaged(self: Publisher, record: Outgoing) -> Awaitable[object]:
        key = record.topic, record.key
        first.setdefault(key, record)
        future = await send(self, record)
        if dict(record.headers).get("ce_sequence") == b"000000000003":
            await (await send(self, first[key]))
        return future

    _replace(Publisher, "send", sabotaged)


def lose_dead_letters() -> None:
    """What is set aside is gone."""

    async def sabotaged(self: Failures, letter: object) -> None:
        log.error("record_lost")

    _replace(Failures, "set_aside", sabotaged)


def accept_old_versions() -> None:
    """A change upon a version that is not the last is taken."""
    take: Any = vars(fiche)["take"]

    async def sabotaged(session: Session, scope: Any, project_id: Any, *, version: int | None = None) -> Any:  # noqa: ANN401
        return await take(session, scope, project_id)

    _replace(fiche, "take", sabotaged)


def answer_before_the_commit() -> None:
    """One change in eight is answered and then undone."""
    transaction, count = Database.transaction, 0

    @asynccontextmanager
    async def sabotaged(self: Database, *, quiet: bool = False) -> AsyncIterator[Session]:
        nonlocal count
        count += not quiet
        async with transaction(self, quiet=quiet) as session:
            yield session
            if not quiet and count % 8 == 0:
                await session.flush()
                await session.rollback()

    _replace(Database, "transaction", sabotaged)


BUGS = {
    "drop-row": Bug(drop_a_row, ("I1 lost: versions in topics",)),
    "offset-first": Bug(commit_offset_first, ("I4 equal hashes",)),
    "cursor": Bug(cursor_on_the_outbox, ("I1 lost: versions in topics", "I4 in time")),
    "skip-inbox": Bug(skip_the_inbox, ("I8 reactions remembered",)),
    "double-mail": Bug(send_mails_twice, ("I3 twice: mails",)),
    "leak-mail": Bug(leak_a_mail, ("I6 persons: records",)),
    "log-mail": Bug(log_a_mail, ("I6 persons: databases and logs",)),
    "ignore-tombstone": Bug(ignore_tombstones, ("I4 equal hashes",)),
    "no-version-guard": Bug(no_version_guard, ("I4 equal hashes", "I5 versions never go back")),
    "mark-first": Bug(mark_before_the_answer, ("I1 lost: versions in topics",)),
    "foreign-owner": Bug(believe_the_first_owner, ("I4 equal hashes",)),
    "stale-relay": Bug(send_old_versions_again, ("I5 versions never go back",)),
    "lose-letter": Bug(lose_dead_letters, ("I8 dead letters",)),
    "stale-write": Bug(accept_old_versions, ("I2 phantom: refused, yet done",)),
    "no-commit": Bug(answer_before_the_commit, ("I1 lost: rows at home",)),
}


def plant(name: str) -> None:
    """Put one bug into this process; nothing for the empty name.

    Raises:
        KeyError: no such bug.
    """
    if name:
        BUGS[name].plant()


def _replace(owner: object, name: str, instead: object) -> None:
    setattr(owner, name, instead)


def _done() -> Awaitable[object]:
    future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


_under_way: set[asyncio.Task[object]] = set()


def _later(work: Any) -> None:  # noqa: ANN401 - any coroutine
    async def wait_then_work() -> object:
        await asyncio.sleep(2 * SLOW)
        return await work

    task = asyncio.create_task(wait_then_work())
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
