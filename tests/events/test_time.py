"""What the agenda does by itself, and what it tells of its seats."""

import json
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from sqlmodel import update

from services.events.commands.attendance import note_attendance
from services.events.commands.events import change_event
from services.events.commands.requests import cancel_by_person
from services.events.commands.telling import confirm_withdrawals
from services.events.commands.upkeep import close_forgotten_sheets
from services.events.errors import MoveRefused, NarrowingRefused
from services.events.jobs import keep_time
from services.events.models import OutboxMessage
from services.events.rules.publication import Publication
from services.events.schemas import AttendanceMark, EventChange
from shared.clock import now, shifted
from shared.contracts.base import Visibility
from shared.contracts.events import RegistrationState as S
from shared.jobs import Work
from shared.settings import InstanceSettings
from shared.signing import Signer
from shared.territory.members import Territory
from tests.support.events import Office, assert_counted


async def tick(office: Office, territory: Territory) -> int:
    """Run the job once, as the runner does."""
    settings = cast(InstanceSettings, SimpleNamespace(siren=office.siren))
    return await keep_time(Work(office.database, settings, territory, Signer("x")))


async def seats_told(office: Office, event_id: UUID) -> Sequence[dict[str, Any]]:
    messages = await office.messages("agenda-event", event_id)
    mine = [one for one in messages if one.topic.startswith("ti.territory") and ".seats_changed." in one.type]
    return [json.loads(one.payload or b"")["capacity"] for one in mine]


async def test_seats_are_told_at_most_every_ten_seconds_and_the_last_count_is_true(
    office: Office, territory: Territory
) -> None:
    event_id = await office.publish(capacity=10)
    for number in range(4):
        await office.register(event_id, f"n{number}@example.org")
    assert await seats_told(office, event_id) == []
    assert await tick(office, territory) == 0

    with shifted(timedelta(seconds=11)):
        assert await tick(office, territory) == 1
        assert await tick(office, territory) == 0

    assert await seats_told(office, event_id) == [{"total": 10, "left": 6, "waiting": 0}]


async def test_full_and_free_again_are_told_at_once(office: Office) -> None:
    event_id = await office.publish(capacity=1, offer_mode="direct")

    seated = await office.register(event_id, "seated@example.org")
    async with office.transaction() as session:
        await cancel_by_person(session, office.house, seated)

    assert [told["left"] for told in await seats_told(office, event_id)] == [0, 1]


async def test_versions_of_an_event_grow_by_one_with_each_message(office: Office) -> None:
    event_id = await office.publish(capacity=1)
    await office.register(event_id, "seated@example.org")
    with shifted(timedelta(seconds=11)):
        await office.register(event_id, "waiting@example.org")

    messages = [one for one in await office.messages("agenda-event", event_id) if one.topic.startswith("ti.public")]
    versions = [one.aggregate_version for one in messages]
    assert versions == list(range(versions[0], versions[0] + len(versions)))


async def test_an_event_ends_once_and_its_forgotten_sheet_closes_after_three_days(
    office: Office, territory: Territory
) -> None:
    event_id = await office.publish(start=now() + timedelta(minutes=5))
    seated = await office.register(event_id, "seated@example.org")

    with shifted(timedelta(hours=2)):
        assert await tick(office, territory) > 0
        assert await tick(office, territory) == 0
        assert (await office.facts("agenda-event", event_id)).count("ended") == 1
        async with office.transaction() as session:
            assert await close_forgotten_sheets(session, office.house) == 0
    with shifted(timedelta(days=3, hours=3)):
        await tick(office, territory)

    assert await office.state(seated) is S.NO_SHOW


async def test_a_presence_is_corrected_both_ways_for_thirty_days(office: Office) -> None:
    event_id = await office.publish(start=now() + timedelta(minutes=5))
    person = await office.register(event_id, "seated@example.org")

    async def mark(*, present: bool) -> None:
        async with office.transaction() as session:
            asked = AttendanceMark(registration_id=person, present=present)
            await note_attendance(session, office.agent, event_id, asked)

    await mark(present=False)
    assert await office.state(person) is S.REGISTERED
    for present in (True, False, True, True):
        await mark(present=present)
    with shifted(timedelta(days=40)), pytest.raises(MoveRefused, match="30 jours"):
        await mark(present=False)

    facts = await office.facts("registration", person)
    assert facts == ["requested", "registered", "attended", "no_show", "attended"]
    await assert_counted(office, event_id)


async def test_an_unpublished_event_leaves_a_tombstone_and_no_text(office: Office) -> None:
    event_id = await office.publish()
    await office.take(event_id, to=Publication.UNPUBLISHED)

    public = [one for one in await office.messages("agenda-event", event_id) if one.topic.startswith("ti.public")]
    first, last, tombstone = public
    assert json.loads(last.payload or b"")["title"] == ""
    assert tombstone.payload is None
    assert tombstone.aggregate_version == last.aggregate_version + 1 == first.aggregate_version + 2
    assert (await office.event(event_id)).version == tombstone.aggregate_version


async def test_an_event_with_people_is_not_unpublished(office: Office) -> None:
    event_id = await office.publish()
    await office.register(event_id, "seated@example.org")

    with pytest.raises(MoveRefused, match="annulez d’abord"):
        await office.take(event_id, to=Publication.UNPUBLISHED)


async def test_invariant_12_an_event_shown_less_far_ends_in_the_wider_topic_before_it_says_so(office: Office) -> None:
    event_id = await office.publish()
    version = (await office.event(event_id)).revision
    async with office.transaction() as session:
        change = EventChange(visibility=Visibility.TERRITORY)
        await change_event(session, office.coordinator, event_id, change, version=version)

    async def confirmed() -> bool:
        async with office.transaction() as session:
            await confirm_withdrawals(session, office.house)
        return not (await office.event(event_id)).withdrawing

    assert not await confirmed()
    messages = await office.messages("agenda-event", event_id)
    last = {one.topic.split(".")[1]: (one.aggregate_version, one.payload is None) for one in messages}
    told = last["territory"][0]
    assert last == {"territory": (told, False), "public": (told + 1, True)}
    async with office.transaction() as session:
        await session.exec(update(OutboxMessage).values(published_at=now()))
    assert await confirmed()


async def test_a_published_event_is_withdrawn_rather_than_hidden(office: Office) -> None:
    event_id = await office.publish()
    version = (await office.event(event_id)).revision

    change = EventChange(visibility=Visibility.PRIVATE)
    with pytest.raises(NarrowingRefused):
        async with office.transaction() as session:
            await change_event(session, office.coordinator, event_id, change, version=version)


@pytest.mark.parametrize(
    ("visibility", "topics"),
    [("public", {"territory", "public"}), ("territory", {"territory"}), ("private", set())],
)
async def test_an_event_goes_as_far_as_its_visibility(office: Office, visibility: str, topics: set[str]) -> None:
    event_id = await office.publish(visibility=visibility)

    messages = await office.messages("agenda-event", event_id)
    assert {one.topic.split(".")[1] for one in messages} == topics
