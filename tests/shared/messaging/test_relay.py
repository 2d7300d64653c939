"""What one row suffers, others do not."""

from sqlmodel import col, select

from shared.clock import now
from shared.ids import uuid7
from shared.messaging.outbox import OutboxColumns
from shared.messaging.relay import WINDOW
from tests.support.backbone import Bench, Outbox, make_project
from tests.support.waiting import doing, eventually


def to_nowhere(epci: str) -> OutboxColumns:
    """Return a row for a topic that does not exist."""
    return Outbox(
        message_id=uuid7(),
        topic=f"ti.territory.{epci}.nowhere.v1",
        key=str(uuid7()),
        aggregate_version=1,
        type="fr.ti.nowhere.told.v1",
        headers="{}",
        payload=b"{}",
        occurred_at=now(),
    )


async def test_a_topic_that_is_not_there_holds_up_no_other(bench: Bench) -> None:
    async with bench.database.transaction() as session:
        session.add_all(to_nowhere(bench.epci) for _ in range(WINDOW + 1))
    await bench.tell(make_project(bench.epci))

    async def only_nowhere_waits() -> bool:
        async with bench.database.reading() as session:
            waiting = await session.exec(select(Outbox.topic).where(col(Outbox.published_at).is_(None)))
            return set(waiting.all()) == {f"ti.territory.{bench.epci}.nowhere.v1"}

    async with doing(bench.relaying()):
        await eventually(only_nowhere_waits, within=5)
