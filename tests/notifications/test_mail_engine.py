"""The mail engine: every answer a relay may give, and a sender that dies at the worst moment."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import icalendar
import pytest
from sqlmodel import col, select

from services.notifications import jobs
from services.notifications.commands import known, orders, sending, settling
from services.notifications.gateways.mail import Answer
from services.notifications.models import Delivery, OutboxMessage, RelayHealth, Suppression
from services.notifications.queries import deliveries, letters
from services.notifications.rules.delivery import DeliveryState, Heard, Lane
from services.notifications.rules.filters import Rhythm
from shared.clock import now, shifted
from shared.contracts.contacts import Channel, PersonCard
from shared.contracts.events import CalendarMethod, CalendarObject, MailLink, MailOrder
from shared.ids import uuid7
from tests.support.notifications import (
    Instance,
    Sink,
    hear_news,
    make_rule,
    record_of,
    run,
    running_instance,
    smtp_sink,
    subscribe,
    text_of,
)

TO = "maud@example.org"
ICS = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//essai//FR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1@essai\nSEQUENCE:2\n" \
    "DTSTAMP:20261122T080000Z\nDTSTART:20261210T073000Z\nSUMMARY:Petit-déjeuner\nEND:VEVENT\nEND:VCALENDAR"  # fmt: skip


def make_order(instance: Instance, **changes: object) -> MailOrder:
    values: dict[str, object] = {
        "id": uuid7(),
        "home_epci": instance.siren,
        "version": 1,
        "updated_at": now(),
        "recipient": TO,
        "subject": "Votre place au petit-déjeuner",
        "heading": "Votre place est réservée",
        "paragraphs": ("Rendez-vous le 10 décembre à 8 h 30.",),
    }
    return MailOrder.model_validate(values | changes)


async def order(instance: Instance, *, fact: str = "ordered", republished: bool = False, **changes: object) -> UUID:
    asked = make_order(instance, **changes)
    async with instance.database.transaction() as session:
        await orders.take_order(session, instance.scope, record_of(asked, fact=fact, republished=republished))
    return asked.id


async def delivery_of(instance: Instance, order_id: UUID) -> Delivery:
    async with instance.database.reading() as session:
        found = await deliveries.find_order(session, instance.scope, order_id=order_id)
    assert found is not None
    return found


async def reports(instance: Instance) -> list[tuple[int, str]]:
    """Return version and outcome of each report on an order."""
    async with instance.database.reading() as session:
        statement = select(OutboxMessage).where(col(OutboxMessage.topic).contains("delivery-report"))
        rows = (await session.exec(statement.order_by(col(OutboxMessage.seq)))).all()
    return [(row.aggregate_version, json.loads(row.payload or b"{}")["outcome"]) for row in rows]


async def test_an_order_becomes_one_mail_and_a_report(instance: Instance, sink: Sink) -> None:
    order_id = await order(instance)

    await instance.send_mails()

    [mail] = sink.mails(TO)
    assert mail["subject"] == "Votre place au petit-déjeuner"
    assert mail["from"].addresses[0].display_name == "EPCI d’essai 0"
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["list-unsubscribe"] is None
    assert (await delivery_of(instance, order_id)).state is DeliveryState.ACCEPTED
    assert await reports(instance) == [(1, "accepted")]


async def test_an_order_heard_twice_is_mailed_once(instance: Instance, sink: Sink) -> None:
    asked = make_order(instance)
    for _ in range(2):
        async with instance.database.transaction() as session:
            await orders.take_order(session, instance.scope, record_of(asked, fact="ordered"))

    await instance.send_mails()

    assert len(sink.received) == 1


async def test_links_get_their_token_when_the_mail_leaves(instance: Instance, sink: Sink) -> None:
    link = MailLink(
        label="Annuler ma venue", purpose="registration.cancel", subject="r1", path="/i/{token}", primary=True
    )
    await order(instance, links=(link,))

    await instance.send_mails()

    text = text_of(sink.mails(TO)[0])
    token = text.split("/i/")[1].split()[0]
    assert instance.house.signer.subject("registration.cancel", token) == "r1"
    assert "Annuler ma venue" in text_of(sink.mails(TO)[0], "html")


async def test_a_calendar_travels_as_a_part_and_as_a_file(instance: Instance, sink: Sink) -> None:
    await order(instance, calendars=(CalendarObject(method=CalendarMethod.REQUEST, content=ICS),))

    await instance.send_mails()

    [mail] = sink.mails(TO)
    [part] = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "REQUEST"
    read = icalendar.Calendar.from_ical(part.get_content())
    assert read.walk("VEVENT")[0]["SUMMARY"] == "Petit-déjeuner"
    [attached] = list(mail.iter_attachments())
    assert attached.get_filename() == "invitation.ics"
    assert attached.get_payload(decode=True) == (ICS + "\n").replace("\n", "\r\n").encode()


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


async def test_a_line_cut_after_the_dot_is_uncertain_and_service_mail_tried_once_more(
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


async def test_a_relay_that_is_away_costs_no_try_and_is_left_alone(
    tmp_path: Path, migrated: Path, free_port: int
) -> None:
    async with running_instance(tmp_path, migrated=migrated, smtp_port=free_port) as instance:
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


async def lease(instance: Instance, *, lane: Lane = Lane.SERVICE, owner: str = "dead") -> list[UUID]:
    async with instance.database.transaction() as session:
        leased, _ = await sending.lease_mails(
            session, instance.scope, lane=lane, owner=owner, most=10, house=instance.house
        )
    return leased


async def test_a_sender_that_dies_after_the_lease_loses_nothing(instance: Instance, sink: Sink) -> None:
    await order(instance)
    await lease(instance)

    await instance.send_mails()
    assert sink.received == []
    with shifted(timedelta(seconds=31)):
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


async def test_a_late_or_republished_order_is_accounted_for_and_not_mailed(instance: Instance, sink: Sink) -> None:
    order_id = await order(instance, republished=True)
    past = await order(instance, expires_at=now() - timedelta(minutes=1))

    await instance.send_mails()

    assert sink.received == []
    for skipped in (await delivery_of(instance, order_id), await delivery_of(instance, past)):
        assert (skipped.state, skipped.reason) == (DeliveryState.SKIPPED, "expired")


async def test_an_order_taken_back_in_time_never_leaves(instance: Instance, sink: Sink) -> None:
    order_id = await order(instance)
    await order(instance, id=order_id, version=2, fact="withdrawn")

    await instance.send_mails()

    assert sink.received == []
    assert (await delivery_of(instance, order_id)).content is None


async def test_opposition_stops_letters_and_not_the_mail_of_a_registration(instance: Instance, sink: Sink) -> None:
    await subscribe(instance, TO)
    await instance.send_mails()
    card = PersonCard(
        id=uuid7(), home_epci=instance.siren, version=1, updated_at=now(), email=TO, opposed=(Channel.EMAIL,)
    )
    async with instance.database.transaction() as session:
        await known.keep_people(session, instance.scope, [record_of(card, fact="opposed")])
    await hear_news(instance)
    rule = await make_rule(instance)
    issue = await run(instance, rule.id)
    order_id = await order(instance)

    await instance.send_mails()

    assert [mail["subject"] for mail in sink.mails(TO)][1:] == ["Votre place au petit-déjeuner"]
    assert (await delivery_of(instance, order_id)).state is DeliveryState.ACCEPTED
    async with instance.database.reading() as session:
        described = await letters.get_issue(session, instance.scope, issue.id)
        rows = (await session.exec(select(Delivery.reason).where(Delivery.issue_id == issue.id))).all()
    assert described.deliveries == {DeliveryState.SKIPPED: 1}
    assert rows == ["opposed"]


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


async def test_a_second_try_outlives_the_order_taken_back_because_it_was_settled(
    instance: Instance, sink: Sink
) -> None:
    sink.script[TO] = ["cut"]
    order_id = await order(instance)
    await instance.send_mails()
    await order(instance, id=order_id, version=2, fact="withdrawn", recipient=None)

    with shifted(timedelta(minutes=16)):
        await instance.send_mails()

    assert len(sink.received) == 2
    assert (await delivery_of(instance, order_id)).state is DeliveryState.ACCEPTED
