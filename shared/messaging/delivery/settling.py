"""What an operator decides of a dead letter: it goes through our own handling once more, or it is dropped."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
from sqlmodel import select

from shared.clock import now
from shared.contracts.base import State
from shared.db.session import Session
from shared.db.trouble import is_transient
from shared.db.upsert import insert_missing
from shared.errors import Conflict, Refusal, Unavailable
from shared.messaging.delivery.handling import Delivery
from shared.messaging.delivery.letters import is_reactor
from shared.messaging.delivery.parking import BEHIND, key_of
from shared.messaging.envelope import RawRecord, Refused, read
from shared.messaging.inbox import SettledLetterColumns
from shared.messaging.registry import NotYet, Record

log = structlog.get_logger(__name__)


class Verdict(StrEnum):
    """How a letter was settled."""

    REPLAYED = "replayed"
    PARKED = "parked"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Place:
    """Where a letter lies."""

    topic: str
    offset: int


@dataclass(frozen=True)
class Settling:
    """Settles the letters of one service, beside a running instance or without one."""

    delivery: Delivery

    async def settled(self, topic: str) -> Mapping[int, SettledLetterColumns]:
        """Return what was decided, by offset."""
        letters = self.delivery.tables.letters
        async with self.delivery.database.reading() as session:
            rows = (await session.exec(select(letters).where(letters.topic == topic))).all()
        return {row.offset: row for row in rows}

    async def drop(self, place: Place, *, by: str) -> None:
        """Settle a letter without doing anything about it.

        Raises:
            Conflict: it is settled already.
        """
        async with self.delivery.database.transaction() as session:
            await self._settle(session, place, Verdict.DROPPED, by=by)

    async def replay(self, place: Place, raw: RawRecord, *, group: str, heard_at: datetime, by: str) -> Verdict:
        """Handle a letter’s record as its group would, once, and settle it in the same transaction.

        Guard and inbox make it harmless that it was handled before, wholly or in part; no position moves.

        Args:
            place: the letter.
            raw: the record in it.
            group: the group that set it aside.
            heard_at: when it was first heard: a reaction is not too old for having lain here.
            by: who decides.

        Raises:
            Conflict: it is settled already, is still refused, or our code still fails on it: then it stays.
            Unavailable: the database is away.
        """
        verdict = Verdict.REPLAYED
        try:
            async with self.delivery.database.transaction() as session:
                await self._settle(session, place, verdict, by=by)
                record = read(raw, members=self.delivery.members, now=now())
                await self._handle(session, raw, record, group=group, heard_at=heard_at)
        except NotYet as lacking:
            verdict = Verdict.PARKED
            async with self.delivery.database.transaction() as session:
                await self._settle(session, place, verdict, by=by)
                await self.delivery.parking.park(session, group, raw, reason=lacking.reason)
        except Conflict:
            raise
        except Refused as refused:
            raise Conflict(f"L’enregistrement reste refusé\u00a0: {refused.reason}.") from refused
        except Exception as error:
            raise _still_failing(error) from error
        return verdict

    async def _handle(
        self, session: Session, raw: RawRecord, record: Record[State], *, group: str, heard_at: datetime
    ) -> None:
        parking = self.delivery.parking
        await parking.forget(session, record)
        if not is_reactor(group):
            for keeper in self.delivery.consumers.kept.get(record.aggregate, ()):
                await keeper(session, [record])
        elif key_of(raw) in await parking.waiting(session, group, [raw]):
            await parking.park(session, group, raw, reason=BEHIND)
        else:
            await self.delivery.reactions.act(session, record, heard_at=heard_at)

    async def _settle(self, session: Session, place: Place, verdict: Verdict, *, by: str) -> None:
        row = {
            "topic": place.topic,
            "offset": place.offset,
            "verdict": verdict.value,
            "settled_at": now(),
            "settled_by": by,
        }
        if await insert_missing(session, self.delivery.tables.letters, [row], key=("topic", "offset")) == 0:
            raise Conflict("Cet enregistrement est déjà réglé.", offset=place.offset)


def _still_failing(error: Exception) -> Refusal:
    name = type(error).__name__
    if is_transient(error):
        return Unavailable(f"La base de données n’a pas répondu ({name})\u202f; réessayez.", retry_after=5)
    return Conflict(f"Le logiciel échoue encore sur cet enregistrement ({name})\u00a0: il reste de côté.")
