"""What the agenda hears, through the functions that delivery calls."""

from uuid import UUID

from sqlmodel import select

from services.events.consumers import consumers, keep_agenda, settle_order
from services.events.models import KnownEvent
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.events import AgendaEvent
from shared.contracts.notifications import DeliveryReport, OrderOutcome
from shared.ids import uuid7
from shared.messaging.registry import Record
from shared.territory.members import Territory
from tests.support.events import Office, known


def report(office: Office, order_id: UUID) -> Record[DeliveryReport]:
    """Return the report of a mail that was accepted."""
    state = DeliveryReport(
        id=order_id,
        home_epci=office.siren,
        version=1,
        updated_at=now(),
        order_id=order_id,
        outcome=OrderOutcome.ACCEPTED,
        settled_at=now(),
    )
    return Record(
        state=state,
        aggregate="delivery-report",
        id=order_id,
        epci=office.siren,
        version=1,
        fact="order_settled",
        time=now(),
        source=f"/epci/{office.siren}/notifications",
        message_id=str(uuid7()),
        visibility=Visibility.PRIVATE,
    )


def test_the_agenda_keeps_events_and_reacts_to_reports_however_old() -> None:
    assert set(consumers.kept) == {"agenda-event"}
    assert [(one.name, one.however_old) for one in consumers.reactions["delivery-report"]] == [
        ("events.settle_order", True)
    ]


async def test_only_the_newest_state_of_a_neighbour_is_kept_and_a_deleted_one_is_not_shown(
    office: Office, territory: Territory
) -> None:
    heard = known(territory.members[1].siren)
    older = Record(**{**vars(heard), "version": 2})
    gone = Record(**{**vars(heard), "version": 4, "state": None})

    async def keep(*records: Record[AgendaEvent]) -> tuple[int, bool]:
        async with office.transaction() as session:
            await keep_agenda(session, list(records))
        async with office.database.reading() as session:
            row = (await session.exec(select(KnownEvent))).one()
            return row.version, row.deleted

    assert await keep(heard, older) == (3, False)
    assert await keep(older) == (3, False)
    assert await keep(gone) == (4, True)
    assert await keep(heard) == (4, True)


async def test_a_report_settles_its_order_once(office: Office) -> None:
    event_id = await office.publish()
    asked = await office.ask(event_id, "alix@example.org")
    order = (await office.orders(asked))[0]

    for _ in range(2):
        async with office.transaction() as session:
            await settle_order(session, report(office, order.id))

    assert await office.facts("mail-order", order.id) == ["ordered", "withdrawn", "withdrawn"]
    assert (await office.orders(asked))[0].content == ""
