"""One record, its reactions: each acts once, whatever is delivered how often."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import now
from shared.contracts.base import State
from shared.db.session import Session, after_commit
from shared.db.upsert import insert_missing
from shared.figures import UNKNOWN
from shared.messaging.inbox import MessageTables
from shared.messaging.registry import Consumers, Reacting, Record

CUT_OFF = timedelta(days=7)


@dataclass(frozen=True)
class Reactions:
    """The reactions of one service."""

    epci: str
    tables: MessageTables
    consumers: Consumers

    async def act(self, session: Session, record: Record[State], *, heard_at: datetime) -> None:
        """Let every reaction act that is due and has not acted on this message.

        Args:
            session: the transaction of the effects.
            record: what was heard.
            heard_at: when it was first heard; one that waited since is not too old for that.

        Raises:
            NotYet: one of them lacks what the record refers to; none of them has acted.
        """
        if record.state is None or not self._knows_fact(session, record.state, record.fact):
            return
        for reacting in self.consumers.reactions.get(record.aggregate, ()):
            if _is_due(reacting, record, heard_at) and await self._is_first(session, reacting, record):
                await reacting.act(session, record)

    def _knows_fact(self, session: Session, state: State, fact: str) -> bool:
        """Tell whether a fact is of our contract: nobody can say what to do about one that is not."""
        if fact in state.facts:
            return True
        after_commit(session, UNKNOWN.labels(self.epci, self.consumers.service).inc)
        return False

    async def _is_first(self, session: Session, reacting: Reacting, record: Record[State]) -> bool:
        row = {
            "consumer": reacting.name,
            "source": record.source,
            "message_id": record.message_id,
            "received_at": now(),
        }
        return await insert_missing(session, self.tables.inbox, [row], key=("consumer", "source", "message_id")) == 1


def _is_due(reacting: Reacting, record: Record[State], heard_at: datetime) -> bool:
    old = record.republished or record.time < heard_at - CUT_OFF
    return reacting.however_old or not old
