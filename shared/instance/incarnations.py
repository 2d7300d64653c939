"""The lives of a database: a restored copy begins a new one, and publishes nothing before it was compared."""

from sqlmodel import select

from shared.clock import now
from shared.db.engine import Database
from shared.identity.access import instance_scope
from shared.ids import uuid7
from shared.service import Service


async def begin_again(database: Database, manifest: Service) -> None:
    """Give a restored database a new id, note the old one, and set aside what must not be done a second time."""
    tables = manifest.tables
    async with database.alone() as session:
        found = (await session.exec(select(tables.incarnation))).first()
        if found is not None:
            session.add(tables.former(id=found.id, ended_at=now()))
            await session.delete(found)
            await session.flush()
            fresh = tables.incarnation(id=uuid7(), heartbeat_id=found.heartbeat_id, made_at=now(), restored_at=now())
            fresh.heartbeat_version = found.heartbeat_version
            session.add(fresh)
            await session.flush()
        if manifest.after_restore is not None and database.origin is not None:
            await manifest.after_restore(session, instance_scope(database.origin.epci))
