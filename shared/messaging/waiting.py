"""What waits in an outbox, for operators: listed, and passed over where a newer row says it all."""

from collections.abc import Collection, Sequence
from uuid import UUID

import structlog
from sqlmodel import col, select

from shared.clock import now
from shared.db.engine import Database
from shared.db.session import Session
from shared.errors import Conflict, NotFound
from shared.messaging.outbox import OutboxColumns

log = structlog.get_logger(__name__)


async def list_waiting(
    database: Database, outbox: type[OutboxColumns], *, limit: int, blocked: bool
) -> Sequence[OutboxColumns]:
    """Return the oldest rows that are not published, or of these only the blocked ones."""
    waiting = select(outbox).where(col(outbox.published_at).is_(None))
    if blocked:
        waiting = waiting.where(col(outbox.blocked_at).is_not(None))
    async with database.reading() as session:
        return (await session.exec(waiting.order_by(col(outbox.seq)).limit(limit))).all()


async def find_unconfirmed(session: Session, outbox: type[OutboxColumns], ids: Collection[UUID]) -> set[UUID]:
    """Return those of these aggregates whose end in some topic Kafka has not yet confirmed."""
    keys = {str(one): one for one in ids}
    waiting = select(outbox.key).where(
        col(outbox.key).in_(keys), col(outbox.payload).is_(None), col(outbox.published_at).is_(None)
    )
    return {keys[key] for key in (await session.exec(waiting)).all()}


async def skip_row(database: Database, outbox: type[OutboxColumns], seq: int, *, by: str) -> None:
    """Let a blocked row pass as if published: later rows of its key leave, the newest of them carries the full state.

    Raises:
        NotFound: no such row waits.
        Conflict: it is not blocked, or nothing newer of its key would tell what it tells.
    """
    async with database.transaction(quiet=True) as session:
        mine = select(outbox).where(outbox.seq == seq, col(outbox.published_at).is_(None))
        row = (await session.exec(mine.with_for_update())).first()
        if row is None:
            raise NotFound(f"Aucun message {seq} n’attend.")
        if row.blocked_at is None:
            raise Conflict("Ce message n’est pas bloqué\u00a0: il partira de lui-même.", seq=seq)
        newer = select(outbox.seq).where(
            outbox.topic == row.topic, outbox.key == row.key, col(outbox.seq) > seq, col(outbox.blocked_at).is_(None)
        )
        if (await session.exec(newer.limit(1))).first() is None:
            raise Conflict(
                "Ce message est le plus récent de sa clé\u00a0: le passer ferait disparaître son contenu. "
                "Modifiez d’abord ce dont il parle.",
                seq=seq,
            )
        row.published_at = now()
        row.last_error = f"skipped by {by}, after {row.last_error}"[:200]
        session.add(row)
