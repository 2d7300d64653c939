"""F23 for mails: a copy that is put back repeats none of those that left after it was made."""

from datetime import timedelta

from sqlmodel import select

from services.host import SERVICES
from services.notifications.commands import orders
from services.notifications.models import TABLES, IssueState
from services.notifications.rules.delivery import DeliveryState
from shared.clock import now, shifted
from shared.instance.incarnations import begin_again
from shared.messaging.heartbeat import incarnate
from tests.support.mail_orders import delivery_of, make_order, order, reports
from tests.support.notifications import (
    Instance,
    Sink,
    hear_entries,
    hear_news,
    make_entry,
    make_rule,
    record_of,
    run,
    subscribe,
)


async def _restore(instance: Instance) -> None:
    """Let the database be one that was put back from a copy."""
    async with instance.database.transaction() as session:
        await incarnate(session, TABLES)
    await begin_again(instance.database, SERVICES["notifications"])


async def _checked(instance: Instance) -> None:
    """Say what ``restore-check`` says at its end."""
    async with instance.database.transaction() as session:
        me = (await session.exec(select(TABLES.incarnation))).one()
        me.restored_at = None
        session.add(me)


async def test_f23_mails_under_way_in_the_copy_become_uncertain_and_never_leave(instance: Instance, sink: Sink) -> None:
    order_id = await order(instance)

    await _restore(instance)
    await _checked(instance)
    with shifted(timedelta(hours=1)):
        await instance.send_mails()

    assert sink.received == []
    found = await delivery_of(instance, order_id)
    assert (found.state, found.reason, found.retry_at) == (DeliveryState.UNCERTAIN, "restored", None)
    assert await reports(instance) == [(1, "uncertain")]


async def test_f23_an_order_told_before_the_restore_is_not_mailed_and_one_told_after_waits_for_the_check(
    instance: Instance, sink: Sink
) -> None:
    before = make_order(instance)
    told = record_of(before, fact="ordered", time=now() - timedelta(minutes=1))
    await _restore(instance)
    async with instance.database.transaction() as session:
        await orders.take_order(session, instance.scope, told)
    after = await order(instance)

    await instance.send_mails()
    assert sink.received == [], "mailed before the check"
    await _checked(instance)
    await instance.send_mails()

    assert len(sink.received) == 1
    assert (await delivery_of(instance, before.id)).reason == "restored"
    assert (await delivery_of(instance, after)).state is DeliveryState.ACCEPTED


async def test_f23_no_letter_tells_again_what_may_have_been_told_since_the_copy(instance: Instance, sink: Sink) -> None:
    await subscribe(instance, "alix@example.org")
    await instance.send_mails()
    sink.received.clear()
    sink.recipients.clear()
    rule = await make_rule(instance)
    await hear_news(instance)  # in the copy; a letter with it may have left since
    missed = make_entry(instance.siren, published_at=now() - timedelta(minutes=1))

    await _restore(instance)
    await _checked(instance)
    await hear_entries(instance, [missed])  # read again from Kafka
    nothing = await run(instance, rule.id)
    await hear_news(instance, title="Friche fictive\u00a0: du nouveau")
    letter = await run(instance, rule.id)
    await instance.send_mails()

    assert (nothing.state, letter.state) == (IssueState.EMPTY, IssueState.SENDING)
    [mail] = sink.mails()
    assert mail["subject"] == "Friche fictive\u00a0: du nouveau"
