"""Seats under concurrency, the queue, offers."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.events.commands.events import change_event
from services.events.commands.requests import (
    accept_offer,
    cancel_by_organiser,
    cancel_by_person,
    confirm_registration,
    decline_offer,
    request_registration,
)
from services.events.commands.upkeep import expire_due
from services.events.errors import LinkSpent, MoveRefused, RegistrationClosed, SeatsTaken
from services.events.schemas import EventChange
from shared.clock import now, shifted
from shared.contracts.events import RegistrationState as S
from tests.support.events import Office, assert_counted, form


async def test_f31_200_people_confirm_at_once_for_10_seats(office: Office) -> None:
    event_id = await office.publish(capacity=10)
    asked = [await office.ask(event_id, f"n{number}@example.org") for number in range(200)]
    order: list[UUID] = []

    async def confirm(registration_id: UUID) -> None:
        async with office.transaction() as session:
            await confirm_registration(session, office.house, registration_id)
            order.append(registration_id)

    await asyncio.gather(*(confirm(registration_id) for registration_id in asked))

    people = {one.id: one for one in await office.registrations(event_id)}
    waiting = [people[one] for one in order if people[one].state is S.WAITLISTED]
    assert sum(one.state is S.REGISTERED for one in people.values()) == 10
    assert len(waiting) == 190
    assert [one.queue_no for one in waiting] == list(range(1, 191))
    assert (await office.pool(event_id)).held == 10
    await assert_counted(office, event_id)


async def test_forms_at_once_never_hold_more_seats_than_strangers_may(office: Office) -> None:
    event_id = await office.publish(capacity=30)

    async def ask(number: int) -> None:
        async with office.transaction() as session:
            await request_registration(session, office.visitor, event_id, form(f"n{number}@example.org"))

    await asyncio.gather(*(ask(number) for number in range(40)))

    assert (await office.pool(event_id)).held == 6
    await assert_counted(office, event_id)


async def test_a_freed_place_is_offered_to_the_first_in_the_queue(office: Office) -> None:
    event_id = await office.publish(capacity=1)
    seated = await office.register(event_id, "seated@example.org")
    first = await office.register(event_id, "first@example.org")
    second = await office.register(event_id, "second@example.org")

    async with office.transaction() as session:
        await cancel_by_person(session, office.house, seated)

    assert [await office.state(one) for one in (seated, first, second)] == [
        S.CANCELLED_BY_PERSON,
        S.OFFERED,
        S.WAITLISTED,
    ]
    assert [order.kind for order in await office.orders(first)] == ["confirm", "waitlisted", "offered"]
    await assert_counted(office, event_id)


async def test_a_declined_place_goes_on_and_is_accepted_by_the_next(office: Office) -> None:
    event_id = await office.publish(capacity=1)
    seated = await office.register(event_id, "seated@example.org")
    first = await office.register(event_id, "first@example.org")
    second = await office.register(event_id, "second@example.org")

    async with office.transaction() as session:
        await cancel_by_person(session, office.house, seated)
    async with office.transaction() as session:
        await decline_offer(session, office.house, first)
    async with office.transaction() as session:
        await accept_offer(session, office.house, second)
        await accept_offer(session, office.house, second)

    assert await office.state(first) is S.DECLINED
    assert await office.state(second) is S.REGISTERED
    assert len(await office.orders(second, "registered")) == 1
    assert await office.facts("registration", second) == ["requested", "waitlisted", "offered", "registered"]
    await assert_counted(office, event_id)


async def test_a_newcomer_never_passes_somebody_who_waits(office: Office) -> None:
    event_id = await office.publish(capacity=1)
    seated = await office.register(event_id, "seated@example.org")
    first = await office.register(event_id, "first@example.org")
    async with office.transaction() as session:
        await cancel_by_person(session, office.house, seated)

    newcomer = await office.register(event_id, "newcomer@example.org")

    assert await office.state(newcomer) is S.WAITLISTED
    assert await office.state(first) is S.OFFERED


async def test_a_late_acceptance_is_told_so_even_before_the_job_has_run(office: Office) -> None:
    event_id = await office.publish(capacity=1)
    seated = await office.register(event_id, "seated@example.org")
    first = await office.register(event_id, "first@example.org")
    second = await office.register(event_id, "second@example.org")
    async with office.transaction() as session:
        await cancel_by_person(session, office.house, seated)

    with shifted(timedelta(days=6)):
        with pytest.raises(LinkSpent):
            async with office.transaction() as session:
                await accept_offer(session, office.house, first)
        async with office.transaction() as session:
            assert await expire_due(session, office.house) == 1

        assert await office.state(first) is S.EXPIRED
        assert await office.state(second) is S.OFFERED
        assert [order.kind for order in await office.orders(first)][-1] == "offer_expired"
        await assert_counted(office, event_id)


async def test_an_unconfirmed_request_expires_without_a_mail_and_frees_its_seat(office: Office) -> None:
    event_id = await office.publish(capacity=1)
    asked = await office.ask(event_id, "quiet@example.org")

    with shifted(timedelta(hours=25)):
        with pytest.raises(LinkSpent):
            async with office.transaction() as session:
                await confirm_registration(session, office.house, asked)
        async with office.transaction() as session:
            await expire_due(session, office.house)

    assert await office.state(asked) is S.EXPIRED
    assert [order.kind for order in await office.orders(asked)] == ["confirm"]
    assert (await office.pool(event_id)).held == 0


async def test_who_waits_when_the_event_starts_is_told_that_the_queue_is_closed(office: Office) -> None:
    event_id = await office.publish(capacity=1)
    await office.register(event_id, "seated@example.org")
    waiting = await office.register(event_id, "waiting@example.org")

    with shifted(timedelta(days=12, seconds=5)):
        async with office.transaction() as session:
            assert await expire_due(session, office.house) == 1

    assert await office.state(waiting) is S.EXPIRED
    assert [order.kind for order in await office.orders(waiting)][-1] == "queue_closed"
    await assert_counted(office, event_id)


async def test_an_event_may_give_freed_seats_without_an_offer(office: Office) -> None:
    event_id = await office.publish(capacity=1, offer_mode="direct")
    seated = await office.register(event_id, "seated@example.org")
    first = await office.register(event_id, "first@example.org")
    version = (await office.registration(seated)).version

    async with office.transaction() as session:
        await cancel_by_organiser(session, office.agent, event_id, seated, reason="Doublon", version=version)

    assert await office.state(first) is S.REGISTERED
    assert "Doublon" in (await office.mails(seated))[-1]["paragraphs"][1]


async def test_too_late_for_offers_the_seat_stays_free_beside_the_queue(office: Office) -> None:
    event_id = await office.publish(capacity=1, start=now() + timedelta(hours=2))
    seated = await office.register(event_id, "seated@example.org")
    first = await office.register(event_id, "first@example.org")

    async with office.transaction() as session:
        await cancel_by_person(session, office.house, seated)

    assert await office.state(first) is S.WAITLISTED
    assert (await office.pool(event_id)).held == 0


async def test_more_seats_are_offered_in_order_and_fewer_than_given_are_refused(office: Office) -> None:
    event_id = await office.publish(capacity=2)
    people = [await office.register(event_id, f"n{number}@example.org") for number in range(5)]
    version = (await office.event(event_id)).revision

    async with office.transaction() as session:
        await change_event(session, office.agent, event_id, EventChange(capacity=4), version=version)
    with pytest.raises(SeatsTaken, match=r"^4 places déjà attribuées"):
        async with office.transaction() as session:
            await change_event(session, office.agent, event_id, EventChange(capacity=3), version=version + 1)

    states = [await office.state(one) for one in people]
    assert states == [S.REGISTERED, S.REGISTERED, S.OFFERED, S.OFFERED, S.WAITLISTED]
    await assert_counted(office, event_id)


async def test_registration_is_possible_until_the_first_session_starts(office: Office) -> None:
    event_id = await office.publish(start=now() + timedelta(minutes=2))
    await office.register(event_id, "in-time@example.org")

    with shifted(timedelta(minutes=2)), pytest.raises(RegistrationClosed, match="closes"):
        await office.ask(event_id, "late@example.org")


async def test_a_refused_move_changes_nothing_and_tells_nobody(office: Office) -> None:
    event_id = await office.publish(capacity=1)
    gone = await office.register(event_id, "gone@example.org")
    async with office.transaction() as session:
        await cancel_by_person(session, office.house, gone)
    before, version = await office.facts("registration", gone), (await office.registration(gone)).version

    with pytest.raises(MoveRefused):
        async with office.transaction() as session:
            await cancel_by_organiser(session, office.agent, event_id, gone, reason="", version=version)

    assert await office.facts("registration", gone) == before
    assert await office.state(gone) is S.CANCELLED_BY_PERSON
