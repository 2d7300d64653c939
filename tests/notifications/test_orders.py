"""Mail orders: one mail each, with its links and calendars, and an end that is reported."""

from datetime import timedelta

import icalendar
from sqlmodel import select

from services.notifications.commands import known, orders
from services.notifications.models import Delivery
from services.notifications.queries import letters
from services.notifications.rules.delivery import DeliveryState
from shared.clock import now, shifted
from shared.contracts.contacts import Channel, PersonCard
from shared.contracts.events import CalendarMethod, CalendarObject, MailLink
from shared.ids import uuid7
from tests.support.mail_orders import TO, delivery_of, make_order, order, reports
from tests.support.notifications import (
    Instance,
    Sink,
    hear_news,
    make_rule,
    record_of,
    run,
    subscribe,
    text_of,
)

ICS = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//essai//FR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1@essai\nSEQUENCE:2\n" \
    "DTSTAMP:20261122T080000Z\nDTSTART:20261210T073000Z\nSUMMARY:Petit-déjeuner\nEND:VEVENT\nEND:VCALENDAR"  # fmt: skip


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
