"""A sign of life of each service, so that silence can be told from calm."""

from sqlmodel import col, func, select

from shared.clock import now
from shared.contracts.common import Heartbeat
from shared.db.session import Session, origin_of
from shared.ids import uuid7
from shared.messaging.inbox import MessageTables
from shared.messaging.recorder import record


async def beat(session: Session, tables: MessageTables, *, software: str) -> bool:
    """Record one heartbeat, unless the last one still waits to be published; tell whether it did."""
    outbox, incarnation = tables.outbox, tables.incarnation
    waiting = select(func.count(), func.min(outbox.occurred_at)).where(col(outbox.published_at).is_(None))
    backlog, oldest = (await session.exec(waiting)).one()
    unsent = select(outbox.seq).where(
        col(outbox.published_at).is_(None), col(outbox.type).startswith(f"fr.ti.{Heartbeat.aggregate}.")
    )
    if (await session.exec(unsent.limit(1))).first() is not None:
        return False
    me = (await session.exec(select(incarnation))).one()
    me.heartbeat_version += 1
    session.add(me)
    await session.flush()
    origin = origin_of(session)
    state = Heartbeat(
        id=me.heartbeat_id,
        home_epci=origin.epci,
        version=me.heartbeat_version,
        updated_at=now(),
        sender=origin.service,
        software=software,
        backlog=backlog,
        oldest_age_seconds=int((now() - oldest).total_seconds()) if oldest else 0,
    )
    record(session, outbox, state, fact="beat")
    return True


async def incarnate(session: Session, tables: MessageTables) -> str:
    """Return the id of this database’s incarnation, drawn at first use."""
    found = (await session.exec(select(tables.incarnation))).first()
    if found is None:
        found = tables.incarnation(id=uuid7(), heartbeat_id=uuid7(), made_at=now())
        session.add(found)
        await session.flush()
    return str(found.id)
