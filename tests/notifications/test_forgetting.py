"""« Votre adresse est effacée »: of who left, no settled mail of any kind still says the address."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import col, select

from services.notifications.commands import sending, settling, subscriptions
from services.notifications.gateways.mail import Answer
from services.notifications.models import Delivery
from services.notifications.rules.delivery import DeliveryState, Heard, Lane
from services.notifications.schemas import SubscriptionIn
from shared.clock import shifted
from tests.support.mail_orders import lease
from tests.support.notifications import Instance, Sink, hear_news, make_rule, run, subscribe, unsubscribe

WHO = "alix@example.org"
ANSWERS = [
    Answer(Heard.ACCEPTED, f"250 2.1.5 {WHO} ok"),
    Answer(Heard.REFUSED, f"550 5.1.1 <{WHO}> unknown"),
    Answer(Heard.UNCERTAIN, "SMTPServerDisconnected"),
]


async def mails(instance: Instance) -> Sequence[Delivery]:
    async with instance.database.reading() as session:
        return (await session.exec(select(Delivery).order_by(col(Delivery.id)))).all()


async def traces(instance: Instance) -> list[Delivery]:
    """Return the mails that still say who left, in whatever column."""
    return [mail for mail in await mails(instance) if WHO in str(mail.model_dump())]


async def freeze_letter(instance: Instance) -> None:
    """Confirm what waits, then compose a letter that has not left."""
    await instance.send_mails()
    await hear_news(instance)
    await run(instance, (await make_rule(instance)).id)


async def test_leaving_erases_the_address_from_every_mail_sent(instance: Instance, sink: Sink) -> None:
    reader = await subscribe(instance, WHO)
    await freeze_letter(instance)
    await instance.send_mails()

    await unsubscribe(instance, reader)

    assert sink.recipients == [WHO, WHO]
    assert [mail.state for mail in await mails(instance)] == [DeliveryState.ACCEPTED] * 2
    assert await traces(instance) == []


async def test_mails_that_had_not_left_are_skipped_and_emptied(instance: Instance, sink: Sink) -> None:
    reader = await subscribe(instance, WHO)
    await hear_news(instance)
    await run(instance, (await make_rule(instance)).id)

    await unsubscribe(instance, reader)
    await instance.send_mails()

    assert sink.recipients == []
    assert {(mail.state, mail.reason) for mail in await mails(instance)} == {(DeliveryState.SKIPPED, "unsubscribed")}
    assert await traces(instance) == []


async def test_a_letter_that_expires_after_its_reader_left_is_emptied(instance: Instance, sink: Sink) -> None:
    reader = await subscribe(instance, WHO)
    await freeze_letter(instance)

    await unsubscribe(instance, reader)
    with shifted(timedelta(hours=25)):
        await instance.send_mails()

    assert (await mails(instance))[-1].reason == "expired"
    assert await traces(instance) == []


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.heard)
@pytest.mark.parametrize("lane", Lane)
async def test_a_mail_on_its_way_while_its_reader_leaves_is_emptied_at_its_end(
    instance: Instance, sink: Sink, lane: Lane, answer: Answer
) -> None:
    reader = await subscribe(instance, WHO)
    if lane is Lane.LETTER:
        await freeze_letter(instance)
    [delivery_id] = await lease(instance, lane=lane, owner="sender")
    async with instance.database.transaction() as session:
        await sending.start_sending(session, instance.scope, delivery_id, owner="sender", house=instance.house)

    await unsubscribe(instance, reader)
    async with instance.database.transaction() as session:
        await settling.finish_sending(
            session, instance.scope, delivery_id, answer, owner="sender", house=instance.house
        )

    last = (await mails(instance))[-1]
    assert (last.settled_at is not None, last.retry_at) == (True, None)
    assert await traces(instance) == []


async def test_a_mail_whose_sender_died_while_its_reader_left_is_emptied(instance: Instance, sink: Sink) -> None:
    reader = await subscribe(instance, WHO)
    [delivery_id] = await lease(instance)
    async with instance.database.transaction() as session:
        await sending.start_sending(session, instance.scope, delivery_id, owner="dead", house=instance.house)

    await unsubscribe(instance, reader)
    for minutes in (1, 20):
        with shifted(timedelta(minutes=minutes)):
            await instance.send_mails()

    assert [mail.reason for mail in await mails(instance)] == ["sender_died"]
    assert (sink.recipients, await traces(instance)) == ([], [])


async def test_no_second_try_is_made_for_who_left(instance: Instance, sink: Sink) -> None:
    sink.script[WHO] = ["cut"]
    reader = await subscribe(instance, WHO)
    await instance.send_mails()

    await unsubscribe(instance, reader)
    with shifted(timedelta(minutes=16)):
        await instance.send_mails()

    assert [mail.state for mail in await mails(instance)] == [DeliveryState.UNCERTAIN]
    assert (len(sink.received), await traces(instance)) == (1, [])


async def test_who_never_confirmed_is_forgotten_in_the_mail_that_asked(instance: Instance, sink: Sink) -> None:
    async with instance.database.transaction() as session:
        asked = SubscriptionIn(email=WHO)
        await subscriptions.ask_subscription(session, instance.visitor, asked, house=instance.house)
    await instance.send_mails()
    assert len(await traces(instance)) == 1

    with shifted(timedelta(hours=49)):
        async with instance.database.transaction() as session:
            await subscriptions.forget_unconfirmed(session, instance.scope)

    assert await traces(instance) == []
