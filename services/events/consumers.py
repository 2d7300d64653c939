"""What the agenda hears: the events of the territory, and what became of the mails it ordered."""

from collections.abc import Sequence

from services.events.commands import upkeep
from shared.contracts.events import AgendaEvent
from shared.contracts.notifications import DeliveryReport
from shared.db.session import Session, origin_of
from shared.identity.access import instance_scope
from shared.messaging.registry import Consumers, Record

consumers = Consumers("events")


@consumers.keeps(AgendaEvent)
async def keep_agenda(session: Session, records: Sequence[Record[AgendaEvent]]) -> None:
    """Hold the newest state of each agenda event of the territory."""
    await upkeep.keep_events(session, records)


# However old: an order is settled once, and one that is not keeps an address on the topic.
@consumers.reacts_to(DeliveryReport, however_old=True)
async def settle_order(session: Session, record: Record[DeliveryReport]) -> None:
    """Take a settled mail order off the topic, and start the clock of what its mail told of."""
    if record.state is not None:
        await upkeep.settle_order(session, instance_scope(origin_of(session).epci), record.state)
