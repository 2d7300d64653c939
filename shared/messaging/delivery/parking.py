"""Records that wait for what they refer to, each key in its order, and what is forgotten of them with a person."""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, exists
from sqlalchemy.orm import aliased
from sqlmodel import col, select, update

from shared.clock import now
from shared.contracts.base import State, Visibility
from shared.db.due import has_come
from shared.db.engine import Database
from shared.db.session import Session
from shared.db.upsert import insert_missing
from shared.messaging.envelope import RawRecord
from shared.messaging.inbox import MessageTables, ParkedColumns
from shared.messaging.registry import Record

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
PARKED_AT_MOST = timedelta(days=30)
AT_ONCE = 100
BEHIND = "behind"

Key = tuple[str, str]
"""A topic, and the key of a record in it."""


@dataclass(frozen=True)
class Parking:
    """The parked records of one service."""

    database: Database
    tables: MessageTables

    async def waiting(self, session: Session, group: str, raws: Sequence[RawRecord]) -> set[Key]:
        """Return the keys of these records of which earlier ones wait: then these wait behind them."""
        parked = self.tables.parked
        mine = (parked.group == group, col(parked.key).in_({_key(raw) for raw in raws}))
        return {(topic, key) for topic, key in await session.exec(select(parked.topic, parked.key).where(*mine))}

    async def park(self, session: Session, group: str, raw: RawRecord, *, reason: str) -> None:
        """Let a record wait; the same one, delivered again, waits once."""
        row = {
            "group": group,
            "topic": raw.topic,
            "partition": raw.partition,
            "offset": raw.offset,
            "timestamp_ms": raw.timestamp_ms,
            "key": _key(raw),
            "headers": json.dumps([[name, _text(value)] for name, value in raw.headers]),
            "payload": raw.value,
            "reason": reason,
            "tries": 0,
            "parked_at": now(),
            "due_at": now() if reason == BEHIND else now() + FIRST_PAUSE,
        }
        await insert_missing(session, self.tables.parked, [row], key=("group", "topic", "offset"))

    async def due(self) -> Sequence[ParkedColumns]:
        """Return records to be tried now: of each key only the first, the others follow it."""
        parked = self.tables.parked
        earlier = aliased(parked)
        behind = exists().where(
            col(earlier.group) == col(parked.group),
            col(earlier.topic) == col(parked.topic),
            col(earlier.key) == col(parked.key),
            col(earlier.seq) < col(parked.seq),
        )
        heads = (
            select(parked)
            .where(has_come(parked.due_at, most=LONGEST_PAUSE), ~behind)
            .order_by(col(parked.seq))
            .limit(AT_ONCE)
        )
        async with self.database.reading() as session:
            return (await session.exec(heads)).all()

    async def take(self, session: Session, seq: int) -> ParkedColumns | None:
        """Return a parked record, locked until the end of the transaction; ``None`` when it waits no more."""
        parked = self.tables.parked
        return (await session.exec(select(parked).where(parked.seq == seq).with_for_update())).first()

    async def postpone(self, seq: int, *, reason: str) -> None:
        """Let a record wait on, each time twice as long, an hour at most."""
        async with self.database.transaction(quiet=True) as session:
            row = await self.take(session, seq)
            if row is not None:
                row.tries += 1
                row.reason = reason
                row.due_at = now() + min(FIRST_PAUSE * 2 ** min(row.tries, 12), LONGEST_PAUSE)
                session.add(row)

    async def remove(self, seq: int) -> None:
        """Let a record wait no more; the next of its key is due."""
        async with self.database.transaction(quiet=True) as session:
            await session.exec(delete(self.tables.parked).where(col(self.tables.parked.seq) == seq))

    async def forget(self, session: Session, record: Record[State]) -> bool:
        """Forget at a private tombstone what still waits of its key, and what our own outbox has said of it before.

        Private topics hold persons: their tombstone is the order to erase them. What waited has nothing left to act
        upon; an outbox row without a payload is itself a tombstone. Return whether this was such a tombstone.
        """
        if record.state is not None or record.visibility is not Visibility.PRIVATE:
            return False
        parked, outbox, key = self.tables.parked, self.tables.outbox, str(record.id)
        private = col(parked.topic).startswith(f"ti.{Visibility.PRIVATE.value}.")
        await session.exec(delete(parked).where(col(parked.key) == key, private))
        said = (col(outbox.key) == key, col(outbox.aggregate_version) < record.version)
        await session.exec(update(outbox).where(*said, col(outbox.payload).is_not(None)).values(payload=None))
        return True


def raw_of_parked(row: ParkedColumns) -> RawRecord:
    """Return a parked record as Kafka gave it."""
    headers = tuple((name, None if text is None else b64decode(text)) for name, text in json.loads(row.headers))
    return RawRecord(
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        timestamp_ms=row.timestamp_ms,
        key=row.key.encode(),
        value=row.payload,
        headers=headers,
    )


def key_of(raw: RawRecord) -> Key:
    """Return under which key a record waits."""
    return raw.topic, _key(raw)


def _key(raw: RawRecord) -> str:
    """Return the key of a record that passed the checks of the envelope: a UUID, written in one way."""
    return (raw.key or b"").decode()


def _text(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value).decode()
