"""What becomes of a record that could not be handled: waited out, tried again, or set aside with its reason."""

from dataclasses import dataclass, field

import structlog
from sqlmodel import col, select, update

from shared import crash
from shared.clock import now
from shared.db.engine import Database
from shared.db.trouble import is_transient
from shared.db.upsert import insert_missing
from shared.figures import DEAD, FORGED, RETRIES
from shared.messaging.delivery.letters import Bury, DeadLetter, Failure
from shared.messaging.delivery.patience import Patience
from shared.messaging.envelope import RawRecord, Refused
from shared.messaging.inbox import MessageTables

log = structlog.get_logger(__name__)


@dataclass
class Failures:
    """The failures of one service, by their class."""

    epci: str
    service: str
    database: Database
    tables: MessageTables
    bury: Bury
    tells: bool = True
    patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        self.patience = Patience(self.epci, self.service)

    async def wait_if_transient(self, group: str, error: Exception) -> None:
        """Wait and raise when the failure is the infrastructure’s; it never counts against a record."""
        if is_transient(error) or isinstance(error, OSError):
            await self.patience.wait_out(group, error)

    async def count(self, group: str, raw: RawRecord, error: Exception) -> int:
        """Count a failed try and return how many there were; another process may count the same record."""
        table = self.tables.attempts
        first = {"group": group, "topic": raw.topic, "offset": raw.offset, "tries": 0, "first_at": now(), "error": ""}
        mine = (col(table.group) == group, col(table.topic) == raw.topic, col(table.offset) == raw.offset)
        try:
            async with self.database.transaction() as session:
                await insert_missing(session, table, [first], key=("group", "topic", "offset"))
                more = {"tries": table.tries + 1, "error": type(error).__name__}
                await session.exec(update(table).where(*mine).values(more))
                tries = (await session.exec(select(table.tries).where(*mine))).one()
        except Exception as trouble:
            await self.wait_if_transient(group, trouble)
            raise
        RETRIES.labels(self.epci, self.service).inc()
        log.warning("record_failed", topic=raw.topic, offset=raw.offset, tries=tries, error=type(error).__name__)
        return tries

    async def refuse(self, group: str, raw: RawRecord, refused: Refused) -> None:
        """Set aside at once what no handler may see; count what speaks for another."""
        if refused.security and self.tells:
            FORGED.labels(self.epci, self.service).inc()
        failure = Failure.UNCLEAN if refused.reason.startswith("unclean") else Failure.POISON
        await self.set_aside(DeadLetter(raw, group, refused.reason, tries=1, failure=failure))

    async def bury_bug(self, group: str, raw: RawRecord, error: Exception, tries: int) -> None:
        """Set aside what our own code failed on, as often as it is tried."""
        table = self.tables.attempts
        async with self.database.reading() as session:
            row = await session.get(table, (group, raw.topic, raw.offset))
        first_at = row.first_at if row else now()
        await self.set_aside(DeadLetter(raw, group, f"bug:{type(error).__name__}", tries, Failure.BUG, first_at))

    async def set_aside(self, letter: DeadLetter) -> None:
        """Put a record into the DLQ, and wait as long as Kafka does not take it.

        Raises:
            Transient: it did not; the caller keeps the position.
        """
        crash.point("dlq.before_publish")
        try:
            await self.bury(letter)
        except Exception as error:
            await self.patience.wait_out(letter.group, error)  # Kafka is away, whatever it says
        crash.point("dlq.after_publish")
        if not self.tells:
            return
        DEAD.labels(self.epci, self.service, letter.reason.partition(":")[0]).inc()
        log.error("record_set_aside", topic=letter.raw.topic, offset=letter.raw.offset, reason=letter.reason)
