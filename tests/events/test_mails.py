"""Mail orders and calendar objects: one per cause, nothing left behind, a count that never goes back."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import vobject
from icalendar import Calendar

from services.events.commands.events import change_event
from services.events.commands.requests import cancel_by_person, confirm_registration
from services.events.commands.schedule import move_schedule
from services.events.commands.upkeep import settle_order
from services.events.rules.calendar import domain_of, uid_of
from services.events.schemas import EventChange, ScheduleMove
from shared.clock import PARIS, now, shifted
from shared.contracts.events import MailOrder
from shared.contracts.events import RegistrationState as S
from shared.contracts.notifications import DeliveryReport, OrderOutcome
from shared.ids import uuid7
from shared.messaging.registry import NotYet
from tests.support.events import Office, event_body

SECRETS = ("Alix Exemple", "alix@example.org", "visio.example.org")


def morning() -> datetime:
    """Return 9:00 in Paris, a month ahead."""
    day = (now() + timedelta(days=30)).astimezone(PARIS).date()
    return datetime(day.year, day.month, day.day, 9, tzinfo=PARIS).astimezone(UTC)


async def settle(office: Office, order_id: UUID, *, at: datetime | None = None) -> None:
    report = DeliveryReport(
        id=order_id,
        home_epci=office.siren,
        version=1,
        updated_at=now(),
        order_id=order_id,
        outcome=OrderOutcome.ACCEPTED,
        settled_at=at or now(),
    )
    async with office.transaction() as session:
        await settle_order(session, office.house, report)


async def move(office: Office, event_id: UUID, **move: Any) -> None:  # noqa: ANN401 - JSON
    asked, version = ScheduleMove.model_validate(move), (await office.event(event_id)).revision
    async with office.transaction() as session:
        await move_schedule(session, office.coordinator, event_id, asked, version=version)


async def recorded(office: Office) -> list[dict[str, Any]]:
    """Return every mail order as notifications reads it, in order."""
    messages = await office.messages("mail-order")
    return [json.loads(one.payload) for one in messages if one.payload and ".ordered." in one.type]


def objects(mails: Sequence[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Return method and VEVENT of every calendar object, read by a second library."""
    found = []
    for mail in mails:
        for one in mail["calendars"]:
            calendar = vobject.readOne(one["content"])
            assert calendar.method.value == one["method"]
            found.append((one["method"], calendar.vevent))
    return found


async def test_each_change_of_a_registration_orders_exactly_one_mail(office: Office) -> None:
    event_id = await office.publish(capacity=1)
    seated = await office.register(event_id, "alix@example.org")
    waiting = await office.register(event_id, "waiting@example.org")
    async with office.transaction() as session:
        await cancel_by_person(session, office.house, seated)
        await cancel_by_person(session, office.house, seated)

    kinds = [[order.kind for order in await office.orders(one)] for one in (seated, waiting)]
    causes = Counter(mail["cause"] for mail in await recorded(office))
    assert kinds == [["confirm", "registered", "cancelled"], ["confirm", "waitlisted", "offered"]]
    assert set(causes.values()) == {1}
    assert f"registration:{seated}:cancelled:3" in causes


async def test_a_transaction_that_fails_orders_nothing(office: Office) -> None:
    event_id = await office.publish()
    asked = await office.ask(event_id, "alix@example.org")

    try:
        async with office.transaction() as session:
            await confirm_registration(session, office.house, asked)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass

    assert [order.kind for order in await office.orders(asked)] == ["confirm"]
    assert len(await recorded(office)) == 1
    assert await office.state(asked) is S.PENDING_EMAIL


async def test_mails_carry_links_without_tokens_and_say_who_what_and_what_next(office: Office) -> None:
    event_id = await office.publish(title="Atelier : écrire sa page", start=morning())
    await office.register(event_id, "alix@example.org")

    confirm, registered = await recorded(office)

    assert confirm["subject"] == "Confirmez votre inscription\u00a0: Atelier : écrire sa page"
    assert confirm["links"][0]["path"] == "/agenda/inscription/confirmer/{token}"
    assert confirm["links"][0]["purpose"] == "registration-confirm"
    assert confirm["calendars"] == []
    assert any("de 9\u00a0h à 10\u00a0h\u00a030" in text for text in registered["paragraphs"])
    assert any("Place de la Maquette, Bolbec" in text for text in registered["paragraphs"])
    assert registered["recipient_name"] == "Alix Exemple"
    for mail in (confirm, registered):
        MailOrder.model_validate(mail)
        assert "!" not in str(mail["paragraphs"])


async def test_a_settled_order_leaves_no_address_behind(office: Office) -> None:
    event_id = await office.publish()
    asked = await office.ask(event_id, "alix@example.org")
    order = (await office.orders(asked))[0]

    await settle(office, order.id)
    await settle(office, order.id)

    first, last, tombstone = await office.messages("mail-order", order.id)
    assert [first.aggregate_version, last.aggregate_version, tombstone.aggregate_version] == [1, 2, 3]
    assert tombstone.payload is None
    assert not any(secret in (last.payload or b"").decode() for secret in SECRETS)
    after = (await office.orders(asked))[0]
    assert (after.content, after.outcome, after.version) == ("", "accepted", 3)


async def test_the_hold_and_the_offer_run_from_the_moment_their_mail_left(office: Office) -> None:
    event_id = await office.publish(capacity=1, start=morning())
    seated = await office.register(event_id, "seated@example.org")
    waiting = await office.register(event_id, "waiting@example.org")
    asked = await office.ask(event_id, "slow@example.org")
    async with office.transaction() as session:
        await cancel_by_person(session, office.house, seated)
    confirm, offer = (await office.orders(asked))[0], (await office.orders(waiting, "offered"))[0]
    provisional = (await office.registration(waiting)).offer_expires_at

    left = now() + timedelta(minutes=5)
    await settle(office, confirm.id, at=left)
    await settle(office, offer.id, at=left)

    hold = (await office.registration(asked)).hold_expires_at
    ends = (await office.registration(waiting)).offer_expires_at
    assert hold == left + timedelta(minutes=30)
    assert provisional is not None
    assert ends is not None
    assert left < ends < provisional


async def test_a_report_of_a_mail_that_nobody_knows_here_changes_nothing_and_waits(office: Office) -> None:
    with pytest.raises(NotYet):
        await settle(office, uuid7())

    assert await office.messages("mail-order") == []


async def test_the_count_of_a_calendar_never_goes_back(office: Office) -> None:
    event_id = await office.publish(start=morning())
    body = event_body(start=morning() + timedelta(days=1))["sessions"][0]
    session_id = None
    first = await office.register(event_id, "alix@example.org")
    async with office.transaction() as session:
        await cancel_by_person(session, office.house, first)
    with shifted(timedelta(minutes=11)):
        await office.register(event_id, "alix@example.org")
        async with office.database.reading() as session:
            session_id = str((await _sessions(office, event_id))[0])
        await move(office, event_id, to="rescheduled", sessions=[{**body, "id": session_id}], reason="Salle prise")
        await move(office, event_id, to="postponed", reason="Grève")
        await move(office, event_id, to="rescheduled", sessions=[{**body, "id": session_id}])
        await move(office, event_id, to="cancelled", reason="Trop peu d’inscrits")

    heard = defaultdict(list)
    for method, event in objects(await recorded(office)):
        heard[event.uid.value].append((method, int(event.sequence.value)))
    uid = f"{session_id}@agenda.example.org"
    assert list(heard) == [uid]
    assert [method for method, _ in heard[uid]] == [
        "REQUEST",
        "CANCEL",
        "REQUEST",
        "REQUEST",
        "REQUEST",
        "REQUEST",
        "CANCEL",
    ]
    sequences = [sequence for _, sequence in heard[uid]]
    assert all(before < after for before, after in pairwise(sequences))


async def _sessions(office: Office, event_id: UUID) -> list[UUID]:
    messages = await office.messages("agenda-event", event_id)
    return [UUID(slot["id"]) for slot in json.loads(messages[-1].payload or b"")["slots"]]


async def test_a_session_that_is_replaced_is_taken_out_of_calendars(office: Office) -> None:
    event_id = await office.publish(start=morning())
    await office.register(event_id, "alix@example.org")
    before = (await _sessions(office, event_id))[0]

    new = event_body(start=morning() + timedelta(days=7))["sessions"][0]
    await move(office, event_id, to="rescheduled", sessions=[new])

    last = (await recorded(office))[-1]
    found = {event.uid.value.split("@")[0]: method for method, event in objects([last])}
    after = (await _sessions(office, event_id))[0]
    assert found == {str(after): "REQUEST", str(before): "CANCEL"}
    assert any(text.startswith("C’était") for text in last["paragraphs"])


async def test_a_calendar_object_says_what_a_reader_needs(office: Office) -> None:
    event_id = await office.publish(start=morning(), title="Atelier, à deux ; et plus", online_link=None)
    await office.register(event_id, "alix@example.org")

    content = (await recorded(office))[-1]["calendars"][0]["content"]
    event: Any = Calendar.from_ical(content).walk("VEVENT")[0]

    assert "method" not in content.split("BEGIN:VEVENT")[1].lower()
    assert str(event["SUMMARY"]) == "Atelier, à deux ; et plus"
    assert event["DTSTART"].dt == morning()
    assert str(event["ATTENDEE"]) == "mailto:alix@example.org"
    assert event["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert str(event["ORGANIZER"]).startswith("mailto:inscription+")
    assert str(event["LOCATION"]) == "Place de la Maquette, Bolbec"
    assert all(len(line) <= 75 for line in content.encode().split(b"\n"))


async def test_a_postponed_event_frees_the_slot_and_a_cancelled_one_tells_everybody_once(office: Office) -> None:
    event_id = await office.publish(capacity=1, start=morning())
    seated = await office.register(event_id, "alix@example.org")
    waiting = await office.register(event_id, "waiting@example.org")
    unproven = await office.ask(event_id, "quiet@example.org")

    await move(office, event_id, to="postponed", reason="Grève")
    postponed = objects((await office.mails(seated))[-1:])[0][1]
    await move(office, event_id, to="cancelled", reason="Trop peu d’inscrits")

    assert postponed.status.value == "TENTATIVE"
    assert postponed.transp.value == "TRANSPARENT"
    assert postponed.summary.value.startswith("Reporté")
    last = [(await office.mails(one))[-1] for one in (seated, waiting, unproven)]
    assert [mail["heading"] for mail in last] == [
        "Ce rendez-vous est annulé",
        "Ce rendez-vous est annulé",
        "Confirmez votre adresse",
    ]
    assert [len(mail["calendars"]) for mail in last] == [1, 0, 0]
    states = [await office.state(one) for one in (seated, waiting, unproven)]
    assert states == [S.CANCELLED_BY_ORGANISER] * 3
    assert (await office.pool(event_id)).held == 0
    assert (await office.facts("agenda-event", event_id))[-1] == "cancelled"


async def test_no_person_and_no_link_on_the_topics_that_others_read(office: Office) -> None:
    event_id = await office.publish(online_link="https://visio.example.org/salle", attendance_mode="mixed", capacity=2)
    await office.register(event_id, "alix@example.org")
    version = (await office.event(event_id)).revision
    async with office.transaction() as session:
        await change_event(session, office.agent, event_id, EventChange(summary="Court."), version=version)

    everything = await office.messages("agenda-event", event_id)
    others = [one for one in await office.messages("registration") if not one.topic.startswith("ti.private.")]
    registered = (await recorded(office))[-1]

    assert len(everything) == 4
    assert not any(secret in (one.payload or b"").decode() for one in everything for secret in SECRETS)
    assert others == []
    assert "https://visio.example.org/salle" in str(registered["paragraphs"])
    assert "visio.example.org" in registered["calendars"][0]["content"].replace("\n ", "")


def test_an_identifier_is_stable_and_an_ip_host_is_a_literal() -> None:
    session_id = UUID("01890000-0000-7000-8000-000000000000")

    assert domain_of("https://estuaire.example.org:8443/x") == "estuaire.example.org"
    assert domain_of("http://127.0.0.1:8000") == "[127.0.0.1]"
    assert uid_of(session_id, domain="[127.0.0.1]") == f"{session_id}@127.0.0.1"
