"""Subscriptions: double opt-in, one mail at a time, one answer for all, one click to leave."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import col, func, select

from services.notifications.commands import subscriptions
from services.notifications.errors import LinkReplaced
from services.notifications.models import ConsentAct, ConsentRecord, Delivery, Subscription, SubscriptionState
from services.notifications.queries import feed, readers
from services.notifications.rules.filters import Filter, Rhythm, read_filter
from services.notifications.schemas import FilterIn, SubscriptionIn
from shared.clock import now, shifted
from shared.errors import Gone, NotFound
from shared.identity.access import Role, Scope
from shared.ids import TerritoryKey
from tests.support.notifications import Instance, hear_news, subscribe, unsubscribe

WHO = "alix@example.org"


async def ask(instance: Instance, *, rhythm: Rhythm = Rhythm.WEEKLY, **filters: Sequence[str]) -> None:
    async with instance.database.transaction() as session:
        asked = SubscriptionIn(email=WHO, rhythm=rhythm, filter=FilterIn.model_validate(filters))
        await subscriptions.ask_subscription(session, instance.visitor, asked, house=instance.house)


async def rows(instance: Instance) -> Sequence[Subscription]:
    async with instance.database.reading() as session:
        return (await session.exec(select(Subscription).order_by(col(Subscription.id)))).all()


async def count_mails(instance: Instance) -> int:
    async with instance.database.reading() as session:
        return (await session.exec(select(func.count()).select_from(Delivery))).one()


async def acts(instance: Instance) -> list[ConsentAct]:
    async with instance.database.reading() as session:
        found = (await session.exec(select(ConsentRecord).order_by(col(ConsentRecord.id)))).all()
    return [record.act for record in found]


async def confirm(instance: Instance, reader: Subscription) -> Subscription:
    token = instance.house.signer.token(subscriptions.CONFIRM, subscriptions.request_of(reader))
    async with instance.database.transaction() as session:
        return await subscriptions.confirm_subscription(session, instance.visitor, token=token, house=instance.house)


async def test_asking_mails_a_link_and_starts_nothing(instance: Instance) -> None:
    await ask(instance)

    [reader] = await rows(instance)
    assert reader.state is SubscriptionState.PENDING
    assert await count_mails(instance) == 1


async def test_following_the_link_starts_the_letter_and_twice_changes_nothing(instance: Instance) -> None:
    await ask(instance)
    [asked] = await rows(instance)

    first = await confirm(instance, asked)
    again = await confirm(instance, asked)

    assert (first.state, again.version) == (SubscriptionState.ACTIVE, first.version)
    assert await acts(instance) == [ConsentAct.REQUESTED, ConsentAct.CONFIRMED]


async def test_a_link_of_two_days_has_served_its_time(instance: Instance) -> None:
    await ask(instance)
    [asked] = await rows(instance)
    token = instance.house.signer.token(subscriptions.CONFIRM, subscriptions.request_of(asked))

    # The signer counts in the machine's own seconds: the link is made to look old instead of the clock new.
    with pytest.raises(Gone):
        instance.house.signer.subject(subscriptions.CONFIRM, token, max_age=timedelta(seconds=-1))


async def test_what_nobody_confirmed_is_forgotten_after_two_days(instance: Instance) -> None:
    await ask(instance)
    async with instance.database.transaction() as session:
        assert await subscriptions.forget_unconfirmed(session, instance.scope) == 0

    with shifted(timedelta(hours=49)):
        async with instance.database.transaction() as session:
            assert await subscriptions.forget_unconfirmed(session, instance.scope) == 1
    assert await rows(instance) == []


async def test_a_mail_that_waits_for_its_answer_is_the_only_one_of_its_day(instance: Instance) -> None:
    for _ in range(5):
        await ask(instance)
    assert await count_mails(instance) == 1

    with shifted(timedelta(hours=25)):
        await ask(instance)
    assert await count_mails(instance) == 2


async def test_the_first_mail_confirms_what_it_said_whatever_a_stranger_asks_for_next(instance: Instance) -> None:
    await ask(instance, rhythm=Rhythm.WEEKLY)
    [mailed] = await rows(instance)

    with shifted(timedelta(hours=23)):
        await ask(instance, rhythm=Rhythm.IMMEDIATE, epci=[instance.neighbours[0]])

    confirmed = await confirm(instance, mailed)
    assert (confirmed.rhythm, read_filter(confirmed.filter)) == (Rhythm.WEEKLY, Filter())


async def test_a_link_gives_way_to_the_mail_of_a_newer_request(instance: Instance) -> None:
    await ask(instance, rhythm=Rhythm.WEEKLY)
    [first] = await rows(instance)
    with shifted(timedelta(hours=25)):
        await ask(instance, rhythm=Rhythm.DAILY)
    [second] = await rows(instance)

    with pytest.raises(LinkReplaced):
        await confirm(instance, first)
    assert (await confirm(instance, second)).rhythm is Rhythm.DAILY
    with pytest.raises(LinkReplaced):
        await confirm(instance, first)


async def test_asking_the_same_again_leaves_one_link_that_counts(instance: Instance) -> None:
    await ask(instance)
    [first] = await rows(instance)
    with shifted(timedelta(hours=25)):
        await ask(instance)

    with pytest.raises(LinkReplaced):
        await confirm(instance, first)


async def test_no_address_is_kept_for_a_mail_that_does_not_leave(instance: Instance) -> None:
    for _ in range(3):
        await unsubscribe(instance, await subscribe(instance, WHO))

    await ask(instance)

    assert {(reader.state, reader.address) for reader in await rows(instance)} == {(SubscriptionState.UNSUBSCRIBED, "")}
    assert await count_mails(instance) == 3

    with shifted(timedelta(hours=25)):
        await ask(instance)
    assert await count_mails(instance) == 4


async def test_who_left_by_mistake_comes_back_the_same_day(instance: Instance) -> None:
    await unsubscribe(instance, await subscribe(instance, WHO))

    back = await subscribe(instance, WHO)

    assert back.state is SubscriptionState.ACTIVE
    assert await count_mails(instance) == 2


async def test_a_reader_may_choose_otherwise_the_same_day(instance: Instance) -> None:
    await subscribe(instance, WHO, rhythm=Rhythm.WEEKLY)

    changed = await subscribe(instance, WHO, rhythm=Rhythm.DAILY, epci=[instance.neighbours[0]])

    assert (changed.rhythm, read_filter(changed.filter).epci) == (Rhythm.DAILY, (instance.neighbours[0],))


async def test_nobody_is_flooded_by_requests_that_are_answered(instance: Instance) -> None:
    for rhythm in (Rhythm.WEEKLY, Rhythm.DAILY, Rhythm.MONTHLY):
        await subscribe(instance, WHO, rhythm=rhythm)

    await ask(instance, rhythm=Rhythm.IMMEDIATE)

    assert await count_mails(instance) == 3
    assert (await rows(instance))[0].asked_rhythm is None


async def test_a_stranger_changes_nothing_of_a_reader(instance: Instance) -> None:
    await subscribe(instance, WHO, rhythm=Rhythm.WEEKLY)

    with shifted(timedelta(hours=25)):
        await ask(instance, rhythm=Rhythm.DAILY)

    [reader] = await rows(instance)
    assert (reader.state, reader.rhythm) == (SubscriptionState.ACTIVE, Rhythm.WEEKLY)
    assert (await confirm(instance, reader)).rhythm is Rhythm.DAILY
    assert (await acts(instance))[-1] is ConsentAct.CHANGED


async def test_leaving_erases_the_address_and_twice_changes_nothing(instance: Instance) -> None:
    reader = await subscribe(instance, WHO)

    await unsubscribe(instance, reader)
    await unsubscribe(instance, reader)

    [left] = await rows(instance)
    assert (left.state, left.address) == (SubscriptionState.UNSUBSCRIBED, "")
    assert (await acts(instance)).count(ConsentAct.WITHDRAWN) == 1


async def test_an_old_confirmation_link_revives_nobody(instance: Instance) -> None:
    reader = await subscribe(instance, WHO)
    await unsubscribe(instance, reader)

    with pytest.raises(Gone):
        await confirm(instance, reader)


async def test_who_left_may_come_back_by_a_new_link(instance: Instance) -> None:
    await unsubscribe(instance, await subscribe(instance, WHO))

    with shifted(timedelta(hours=25)):
        back = await subscribe(instance, WHO)

    assert back.state is SubscriptionState.ACTIVE
    assert len(await rows(instance)) == 2


async def test_no_altered_token_opens_anything(instance: Instance) -> None:
    reader = await subscribe(instance, WHO)
    token = instance.house.signer.token(subscriptions.UNSUBSCRIBE, str(reader.id))
    altered = [
        token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in range(len(token) - 1)
    ]
    foreign = instance.house.signer.token(subscriptions.MANAGE, str(reader.id))

    for bad in (*altered, foreign, "", "x" * 200):
        with pytest.raises((NotFound, Gone)):
            async with instance.database.transaction() as session:
                await subscriptions.unsubscribe(
                    session, instance.visitor, token=bad, channel="one_click", house=instance.house
                )
    assert (await rows(instance))[0].state is SubscriptionState.ACTIVE


async def test_addresses_are_shown_only_to_those_who_may_read_persons(instance: Instance) -> None:
    await subscribe(instance, WHO)
    integrator = Scope(epci=instance.siren, role=Role.INTEGRATOR)

    async with instance.database.reading() as session:
        for_coordinator = await readers.describe_readers(session, instance.coordinator)
        for_integrator = await readers.describe_readers(session, integrator)

    assert for_coordinator.items[0].address == WHO
    assert for_integrator.items[0].address is None
    assert for_coordinator.counts == {"pending": 0, "active": 1, "unsubscribed": 0}


async def test_a_visitor_sees_the_public_feed_only(instance: Instance) -> None:
    await hear_news(instance, title="Pour tous")
    await hear_news(instance, title="Entre nous", visibility="territory")

    async with instance.database.reading() as session:
        public = await feed.list_feed(session, instance.visitor, limit=50, after=None)
        shared = await feed.list_feed(session, instance.coordinator, limit=50, after=None)

    assert [item["title"] for item in public] == ["Pour tous"]
    assert {item["title"] for item in shared} == {"Pour tous", "Entre nous"}
    assert "visibility" not in public[0]


async def test_the_feed_is_read_page_by_page(instance: Instance) -> None:
    for number in range(5):
        await hear_news(instance, title=f"Nouvelle {number}")
    seen, after = [], None
    async with instance.database.reading() as session:
        while True:
            page = await feed.list_feed(session, instance.visitor, limit=2, after=after)
            seen += [item["title"] for item in page]
            if not page:
                break
            after = TerritoryKey(page[-1]["home_epci"], UUID(page[-1]["id"]))

    assert seen == [f"Nouvelle {number}" for number in (4, 3, 2, 1, 0)]


async def test_a03_an_entry_of_another_with_the_same_id_moves_no_page(instance: Instance) -> None:
    thief, years = instance.house.territory.sirens[1], timedelta(days=4000)
    for number in range(4):
        [entry] = await hear_news(instance, title=f"Nouvelle {number}")
        await hear_news(
            instance, epci=thief, id=entry.id, title="Copie", published_at=(entry.published_at or now()) - years
        )
        await hear_news(instance, epci=thief, title="Au même instant", published_at=entry.published_at)
    seen, after = [], None
    async with instance.database.reading() as session:
        while True:
            page = await feed.list_feed(session, instance.visitor, limit=3, after=after)
            seen += [(item["home_epci"], item["id"]) for item in page]
            if not page:
                break
            after = TerritoryKey(page[-1]["home_epci"], UUID(page[-1]["id"]))

    assert len(seen) == len(set(seen)) == 12
