"""Rows that did their work long ago go; those that still serve stay."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from services.host import SERVICES
from shared import clock
from shared.db.engine import Database
from shared.ids import uuid7
from shared.instance.upkeep import INBOX, forget
from shared.jobs import Work
from shared.settings import InstanceSettings
from shared.signing import Signer
from shared.territory.members import Territory
from tests.support.databases import Store


async def test_only_what_is_past_its_time_is_forgotten(store: Store, tmp_path: Path, territory: Territory) -> None:
    manifest = SERVICES["projects"]
    database = Database(await store.url(manifest.package, folder=tmp_path, name="projects"))
    settings = InstanceSettings(siren=territory.sirens[0], territory_file=tmp_path, data_dir=tmp_path)
    work = Work(database, settings, territory, Signer("secret"))
    outbox, inbox = manifest.tables.outbox, manifest.tables.inbox
    ages = {"fresh": timedelta(0), "old": INBOX + timedelta(hours=1)}
    async with database.transaction() as session:
        for name, age in ages.items():
            then = clock.now() - age
            row: dict[str, Any] = {"message_id": uuid7(), "topic": "t", "aggregate_version": 1}
            row |= {"type": "x", "headers": "{}"}
            session.add(outbox(key=name, occurred_at=then, published_at=then, **row))
            row["message_id"] = uuid7()
            session.add(outbox(key=f"{name}-waiting", occurred_at=then, **row))
            session.add(inbox(consumer="c", source="s", message_id=name, received_at=then))

    await forget(work, manifest)

    async with database.reading() as session:
        kept = sorted((await session.exec(select(outbox.key))).all())
        heard = (await session.exec(select(inbox.message_id))).all()
    await database.close()
    assert kept == ["fresh", "fresh-waiting", "old-waiting"]
    assert list(heard) == ["fresh"]
