"""How far each group has applied each topic: stored with what it applied, and asked when a topic is assigned."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete
from sqlmodel import col, select, update

from shared.clock import now
from shared.db.engine import Database
from shared.db.session import Session
from shared.db.upsert import keep_newest
from shared.messaging.envelope import RawRecord
from shared.messaging.inbox import MessageTables, PositionColumns

# Once reading has begun so often at one offset without getting further, the fault is taken to be there.
UNCLEAN_STARTS = 3


@dataclass(frozen=True)
class Place:
    """What the database knows of one topic in one group."""

    next_offset: int
    start_offset: int | None
    starts: int
    paused: bool

    def starts_at(self, offset: int) -> int:
        """Return how often in a row reading began at ``offset`` without getting further."""
        return self.starts if self.start_offset == offset else 0


@dataclass(frozen=True)
class Bounds:
    """What Kafka says of one topic: its first offset, the one after its last, and what our group has committed."""

    first: int
    end: int
    committed: int | None


@dataclass(frozen=True)
class Start:
    """Where to begin reading a topic."""

    offset: int
    starts: int = 0
    """How often in a row a process began there and ended without getting further."""
    held: bool = False
    """The breaker holds it."""


def start_of(place: Place | None, bounds: Bounds) -> int:
    """Return where to begin: what is applied twice is absorbed, what is passed over is lost.

    Kafka ahead of the database: a backup was restored, so from the stored position; the database ahead: as Kafka says.
    A position beyond the end of the log, ours or the group’s, belongs to a log that is gone: from the beginning.
    """
    stored = place.next_offset if place else bounds.first
    committed = bounds.first if bounds.committed is None else bounds.committed
    if max(stored, committed) > bounds.end:
        return bounds.first
    return max(min(stored, committed), bounds.first)


@dataclass(frozen=True)
class Positions:
    """The positions of the groups of one service."""

    database: Database
    tables: MessageTables

    async def move(self, session: Session, group: str, raws: Sequence[RawRecord]) -> None:
        """Store with their effects that these records are handled; a position never goes back by this."""
        ends: dict[str, int] = {}
        for raw in raws:
            ends[raw.topic] = max(ends.get(raw.topic, 0), raw.offset + 1)
        rows = [_row(group, topic, end) for topic, end in ends.items()]
        await keep_newest(session, self.tables.positions, rows, key=("group", "topic"), version="next_offset")

    async def places(self, group: str, topics: Collection[str]) -> Mapping[str, Place]:
        """Return what is stored of these topics; a topic of which nothing was ever applied is not in it."""
        table = self.tables.positions
        mine = select(table).where(table.group == group, col(table.topic).in_(topics))
        async with self.database.reading() as session:
            rows = (await session.exec(mine)).all()
        return {row.topic: _place(row) for row in rows}

    async def begin_anew(self, group: str, topic: str, offset: int) -> None:
        """Put a position down: the log that it belonged to is gone.

        Tries counted there are of other records; what waits from there keeps its place under an offset that no log has.
        """
        attempts, parked = self.tables.attempts, self.tables.parked
        tried = (col(attempts.group) == group, col(attempts.topic) == topic)
        waiting = (col(parked.group) == group, col(parked.topic) == topic)
        anew = {"next_offset": offset, "moved_at": now(), "start_offset": None, "starts": 0}
        async with self.database.transaction(quiet=True) as session:
            await session.exec(update(self.tables.positions).where(*self._at(group, topic)).values(anew))
            await session.exec(delete(attempts).where(*tried))
            await session.exec(update(parked).where(*waiting).values(offset=-col(parked.seq)))

    async def note_starts(self, group: str, starts: Mapping[str, tuple[int, int]]) -> None:
        """Note before reading where it begins in these topics, and how often in a row it has now done so there.

        Args:
            group: who reads.
            starts: by topic, offset and number of starts.
        """
        if not starts:
            return
        async with self.database.transaction(quiet=True) as session:
            for topic, (offset, number) in starts.items():
                mark = {"start_offset": offset, "starts": number}
                row = _row(group, topic, 0) | mark
                table = self.tables.positions
                await keep_newest(session, table, [row], key=("group", "topic"), version="next_offset")
                await session.exec(update(table).where(*self._at(group, topic)).values(mark))

    async def end_cleanly(self, group: str, topics: Collection[str]) -> None:
        """Note that reading of these topics has ended of itself, wherever it stood."""
        table = self.tables.positions
        mine = (col(table.group) == group, col(table.topic).in_(topics), col(table.starts) > 0)
        async with self.database.transaction(quiet=True) as session:
            await session.exec(update(table).where(*mine).values(starts=0, start_offset=None))

    async def pause(self, group: str, topic: str) -> None:
        """Note that the breaker holds a topic, for operators and for their word to resume."""
        async with self.database.transaction(quiet=True) as session:
            table = self.tables.positions
            await keep_newest(session, table, [_row(group, topic, 0)], key=("group", "topic"), version="next_offset")
            await session.exec(update(table).where(*self._at(group, topic)).values(paused_at=now()))

    async def resume(self, topics: Collection[str], *, group: str = "") -> int:
        """Lift the breaker from topics, in one group or in all of them; return from how many.

        The process that reads them notices within seconds.
        """
        table = self.tables.positions
        paused = (col(table.paused_at).is_not(None), col(table.topic).in_(topics))
        mine = (*paused, col(table.group) == group) if group else paused
        async with self.database.transaction(quiet=True) as session:
            result = await session.exec(update(table).where(*mine).values(paused_at=None))
        return int(result.rowcount)

    def _at(self, group: str, topic: str) -> tuple[ColumnElement[bool], ...]:
        table = self.tables.positions
        return (col(table.group) == group, col(table.topic) == topic)


def _row(group: str, topic: str, next_offset: int) -> dict[str, object]:
    """Return a position as moved: whatever stood in its way at the start is passed."""
    return {
        "group": group,
        "topic": topic,
        "next_offset": next_offset,
        "moved_at": now(),
        "start_offset": None,
        "starts": 0,
    }


def _place(row: PositionColumns) -> Place:
    return Place(row.next_offset, row.start_offset, row.starts, row.paused_at is not None)
