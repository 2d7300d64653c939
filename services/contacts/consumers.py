"""What contacts hears: registrations of its own EPCI."""

from collections.abc import Sequence

from services.contacts.commands import exchanges
from shared.contracts.events import Registration
from shared.db.session import Session
from shared.messaging.registry import Consumers, Record

consumers = Consumers("contacts")


@consumers.keeps(Registration)
async def keep_registrations(session: Session, records: Sequence[Record[Registration]]) -> None:
    """Hold the newest state of each registration: attendance shows as an exchange of the company."""
    await exchanges.keep_registrations(session, records)
