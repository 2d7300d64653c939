"""What this service hears: all entries and signs of life; of our own EPCI projects, events, orders and persons."""

from collections.abc import Sequence

from services.notifications.commands import entries, known, orders
from shared.contracts.common import Heartbeat
from shared.contracts.contacts import PersonCard
from shared.contracts.events import AgendaEvent, MailOrder
from shared.contracts.notifications import FeedEntry
from shared.contracts.projects import Project
from shared.db.session import Session, origin_of
from shared.identity.access import Scope, instance_scope
from shared.messaging.registry import Consumers, Record

consumers = Consumers("notifications")


@consumers.keeps(FeedEntry)
async def keep_entries(session: Session, records: Sequence[Record[FeedEntry]]) -> None:
    """Hold the feed of the whole territory and number what is new in it."""
    await known.keep_entries(session, _own(session), records)


@consumers.keeps(PersonCard)
async def keep_people(session: Session, records: Sequence[Record[PersonCard]]) -> None:
    """Hold who opposes mail."""
    await known.keep_people(session, _own(session), records)


@consumers.keeps(Heartbeat)
async def keep_heartbeats(session: Session, records: Sequence[Record[Heartbeat]]) -> None:
    """Hold who was last heard when."""
    await known.keep_heartbeats(session, _own(session), records)


# Births carry their own guard, the version last told; an old record makes an entry, and no mail.
@consumers.reacts_to(Project, however_old=True, ours=True)
async def tell_project(session: Session, record: Record[Project]) -> None:
    """Tell the territory what is new in one of our projects."""
    await entries.tell_project(session, _own(session), record)


@consumers.reacts_to(AgendaEvent, however_old=True, ours=True)
async def tell_event(session: Session, record: Record[AgendaEvent]) -> None:
    """Tell the territory what is new in one of our agenda events."""
    await entries.tell_event(session, _own(session), record)


# An order too old to be mailed is accounted for all the same.
@consumers.reacts_to(MailOrder, however_old=True)
async def take_order(session: Session, record: Record[MailOrder]) -> None:
    """Turn a mail order into a mail to be sent."""
    await orders.take_order(session, _own(session), record)


def _own(session: Session) -> Scope:
    return instance_scope(origin_of(session).epci)
