"""The mail engine: every answer a relay may give, and a sender that dies at the worst moment."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.notifications import jobs
from services.notifications.commands import sending, settling
from services.notifications.gateways.mail import Answer
from services.notifications.models import RelayHealth, Suppression
from services.notifications.queries import deliveries, letters
from services.notifications.rules.delivery import DeliveryState, Heard, Lane
from services.notifications.rules.filters import Rhythm
from shared.clock import now, shifted
from tests.support.databases import Store
from tests.support.mail_orders import TO, delivery_of, lease, order, reports
from tests.support.notifications import (
    Instance,
    Sink,
    hear_news,
    make_rule,
    run,
    running_instance,
    smtp_sink,
    subscribe,
)


async def test_a_deferred_mail_is_tried_again_with_the_same_message_id(instance: Instance, sink: Sink) -> None:
    sink.script[TO] = ["451 4.7.1 greylisted"]
    order_id = await order(instance)
    await instance.send_mails()
    deferred = await delivery_of(instance, order_id)
    assert (deferred.state, deferred.answer[:3]) == (DeliveryState.DEFERRED, "451")

    await instance.send_mails()
    assert sink.received == []
    with shifted(timedelta(minutes=2)):
        await instance.send_mails()

    assert len(sink.received) == 1
    assert (await delivery_of(instance, order_id)).attempts == 2


async def test_a_mail_deferred_until_its_deadline_fails(instance: Instance, sink: Sink) -> None:
    sink.script[TO] = ["451 4.3.0 later"] * 20
    order_id = await order(instance, expires_at=now() + timedelta(hours=1))

    for minutes in (0, 2, 8, 25, 56):
        with shifted(timedelta(minutes=minutes)):
            await instance.send_mails()

    failed = await delivery_of(instance, order_id)
    assert (failed.state, failed.reason) == (DeliveryState.FAILED, "deadline")
    assert await reports(instance) == [(1, "failed")]


REFUSALS = [
    ("550 5.1.1 no such user", "unknown_address", True),
    ("550 5.7.1 blocked by policy", "policy", False),
    ("550 refused", "refused", False),
]


@pytest.mark.parametrize(("answer", "reason", "suppressed"), REFUSALS)
async def test_a_refusal_is_classed_and_only_a_dead_address_rests(
    instance: Instance,
    sink: Sink,
    answer: str,
    reason: str,
    suppressed: bool,  # noqa: FBT001 - a case of a table
) -> None:
    sink.script[TO] = [answer]
    order_id = await order(instance)

    await instance.send_mails()

    failed = await delivery_of(instance, order_id)
    assert (failed.state, failed.reason) == (DeliveryState.FAILED, reason)
    async with instance.database.reading() as session:
        rests = await session.get(Suppression, instance.house.keys.address(TO)) is not None
    assert rests is suppressed


async def test_a_dead_address_gets_nothing_more(instance: Instance, sink: Sink) -> None:
    sink.script[TO] = ["550 5.1.1 no such user"]
    await order(instance)
    await instance.send_mails()

    order_id = await order(instance)
    await instance.send_mails()

    skipped = await delivery_of(instance, order_id)
    assert (skipped.state, skipped.reason) == (DeliveryState.SKIPPED, "suppressed")
    assert sink.received == []


async def test_f14_a_line_cut_after_the_dot_is_uncertain_and_service_mail_tried_once_more(
    instance: Instance, sink: Sink
) -> None:
    sink.script[TO] = ["cut", "cut"]
    order_id = await order(instance)
    await instance.send_mails()
    assert (await delivery_of(instance, order_id)).state is DeliveryState.UNCERTAIN

    await instance.send_mails()
    assert len(sink.received) == 1
    for minutes in (16, 60):
        with shifted(timedelta(minutes=minutes)):
            await instance.send_mails()

    first, second = sink.mails(TO)
    assert first["message-id"] == second["message-id"]
    assert (await delivery_of(instance, order_id)).state is DeliveryState.UNCERTAIN
    assert await reports(instance) == [(1, "uncertain"), (2, "uncertain")]


async def test_an_uncertain_letter_is_held_and_counted(instance: Instance, sink: Sink) -> None:
    await subscribe(instance, TO)
    await instance.send_mails()
    await hear_news(instance)
    rule = await make_rule(instance)
    issue = await run(instance, rule.id)
    sink.script[TO] = ["cut"]
    await instance.send_mails()
    taken = len(sink.received)

    with shifted(timedelta(hours=12)):
        await instance.send_mails()

    assert len(sink.received) == taken
    async with instance.database.reading() as session:
        described = await letters.get_issue(session, instance.scope, issue.id)
        summary = await deliveries.summarise(session, instance.scope)
    assert described.deliveries == {DeliveryState.UNCERTAIN: 1}
    assert described.state == "sent"
    assert (summary.expected, summary.total) == (taken, 2)


async def test_a_refused_content_fails_and_the_connection_serves_the_next(instance: Instance, sink: Sink) -> None:
    sink.script["a@example.org"] = ["refuse"]
    refused = await order(instance, recipient="a@example.org")
    taken = await order(instance, recipient="b@example.org")

    await instance.send_mails()

    assert (await delivery_of(instance, refused)).state is DeliveryState.FAILED
    assert (await delivery_of(instance, taken)).state is DeliveryState.ACCEPTED


async def test_f13_a_relay_that_is_away_costs_no_try_and_is_left_alone(
    tmp_path: Path, store: Store, free_port: int
) -> None:
    async with running_instance(tmp_path, store=store, smtp_port=free_port) as instance:
        order_id = await order(instance)

        for _ in range(3):
            await jobs.send_service_mails(instance.work)

        waiting = await delivery_of(instance, order_id)
        assert (waiting.state, waiting.attempts) == (DeliveryState.PENDING, 0)
        async with instance.database.reading() as session:
            health = await session.get(RelayHealth, Lane.SERVICE)
            summary = await deliveries.summarise(session, instance.scope)
        assert health is not None
        assert health.failures == 1
        assert summary.relay_away_since is not None

        async with smtp_sink(port=free_port) as sink:
            with shifted(timedelta(seconds=2)):
                await instance.send_mails()
        assert len(sink.received) == 1
        async with instance.database.reading() as session:
            assert (await deliveries.summarise(session, instance.scope)).relay_away_since is None


async def test_a_sender_that_dies_after_the_lease_loses_nothing(instance: Instance, sink: Sink) -> None:
    await order(instance)
    await lease(instance)

    await instance.send_mails()
    assert sink.received == []
    with shifted(timedelta(seconds=31)):
        await instance.send_mails()

    assert len(sink.received) == 1


async def test_f25_a_mail_that_a_clock_ahead_put_off_does_not_wait_for_that_time(
    instance: Instance, sink: Sink
) -> None:
    """A sender that died and a new try, both of tomorrow."""
    sink.script["deferred@example.org"] = ["451 4.7.1 greylisted"]
    with shifted(timedelta(days=1)):
        await order(instance, recipient="deferred@example.org")
        await instance.send_mails()
        await order(instance, recipient="leased@example.org")
        await lease(instance)

    await instance.send_mails()

    assert len(sink.received) == 2


async def test_f25_a_relay_that_a_clock_ahead_put_off_is_tried_at_once(
    tmp_path: Path, store: Store, free_port: int
) -> None:
    async with running_instance(tmp_path, store=store, smtp_port=free_port) as instance:
        with shifted(timedelta(days=1)):
            await order(instance)
            await jobs.send_service_mails(instance.work)

        async with smtp_sink(port=free_port) as sink:
            await instance.send_mails()

    assert len(sink.received) == 1


async def test_a_sender_that_dies_while_sending_leaves_an_uncertain_mail(instance: Instance, sink: Sink) -> None:
    order_id = await order(instance)
    [delivery_id] = await lease(instance)
    async with instance.database.transaction() as session:
        await sending.start_sending(session, instance.scope, delivery_id, owner="dead", house=instance.house)

    with shifted(timedelta(seconds=31)):
        await instance.send_mails()
        uncertain = await delivery_of(instance, order_id)
        assert (uncertain.state, uncertain.reason) == (DeliveryState.UNCERTAIN, "sender_died")
        assert sink.received == []

        with shifted(timedelta(minutes=16)):
            await instance.send_mails()
    assert len(sink.received) == 1
    assert await reports(instance) == [(1, "uncertain"), (2, "accepted")]


async def test_a_sender_that_slept_past_its_lease_sends_and_settles_nothing(instance: Instance, sink: Sink) -> None:
    order_id = await order(instance)
    [delivery_id] = await lease(instance, owner="sleeper")
    with shifted(timedelta(seconds=31)):
        await instance.send_mails()

    async with instance.database.transaction() as session:
        mail = await sending.start_sending(session, instance.scope, delivery_id, owner="sleeper", house=instance.house)
        late = Answer(Heard.REFUSED, "550 late")
        await settling.finish_sending(session, instance.scope, delivery_id, late, owner="sleeper", house=instance.house)

    assert mail is None
    assert (await delivery_of(instance, order_id)).state is DeliveryState.ACCEPTED


async def test_deliveries_of_an_issue_add_up_to_its_audience(instance: Instance, sink: Sink) -> None:
    answers = {"a": [], "b": ["cut"], "c": ["451 later"], "d": ["550 5.1.1 gone"], "e": ["refuse"]}
    for name in answers:
        await subscribe(instance, f"{name}@example.org", rhythm=Rhythm.DAILY)
    await instance.send_mails()
    sink.script.update({f"{name}@example.org": script for name, script in answers.items()})
    await hear_news(instance)
    rule = await make_rule(instance)
    issue = await run(instance, rule.id, rhythm=Rhythm.DAILY)

    await instance.send_mails()

    async with instance.database.reading() as session:
        described = await letters.get_issue(session, instance.scope, issue.id)
    assert sum(described.deliveries.values()) == issue.audience == 5
    assert described.deliveries == {
        DeliveryState.ACCEPTED: 1,
        DeliveryState.UNCERTAIN: 1,
        DeliveryState.DEFERRED: 1,
        DeliveryState.FAILED: 2,
    }
    assert described.state == "sending"


async def test_a_mail_settled_long_ago_tells_no_more_to_whom_it_went(instance: Instance, sink: Sink) -> None:
    order_id = await order(instance)
    await instance.send_mails()
    sent = await delivery_of(instance, order_id)

    early = await jobs.forget_old_mails(instance.work)
    with shifted(timedelta(days=61)):
        late = await jobs.forget_old_mails(instance.work)
    emptied = await delivery_of(instance, order_id)

    assert (sent.address, sent.content) == (TO, None)
    assert (early, late) == (0, 1)
    assert (emptied.state, "@" in emptied.address, emptied.answer) == (DeliveryState.ACCEPTED, False, "")
