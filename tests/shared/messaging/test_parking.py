"""What lacks its reference waits in order, whatever is delivered how often; too long, and it is set aside."""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from shared.clock import shifted
from shared.contracts.base import Visibility
from shared.contracts.contacts import PersonCard
from shared.ids import uuid7
from shared.messaging.delivery import Delivery, group_of
from shared.messaging.envelope import RawRecord
from shared.messaging.kafka import raw_of
from shared.messaging.registry import topic_of
from shared.territory.members import Territory
from tests.support import forks
from tests.support.backbone import SERVICE, Attempt, Bench, Effect, Outbox, Parked, make_project
from tests.support.instances import crashing
from tests.support.parking_child import main
from tests.support.peer import Written, send, written
from tests.support.reading import letters, reasons, topic_at
from tests.support.topics import dump

LATER = timedelta(minutes=2)


async def heard(bench: Bench, peer: str, *records: Written) -> list[RawRecord]:
    """Return records of a peer’s topic, once written there, as a consumer gets them."""
    await send(bench.bootstrap, topic_at(peer), records)
    return [raw_of(one) for one in await dump(bench.bootstrap, topic_at(peer))][-len(records) :]


def reactor(bench: Bench) -> str:
    return group_of(bench.epci, SERVICE, "reactor")


async def effects(bench: Bench) -> list[UUID]:
    return [row.subject for row in await bench.rows(Effect)]


async def waiting(bench: Bench) -> list[int]:
    return sorted(row.offset for row in await bench.rows(Parked))


async def hear_reference(bench: Bench, delivery: Delivery, peer: str, wanted: UUID) -> None:
    raws = await heard(bench, peer, written(make_project(peer, id=wanted)))
    await delivery.project(group_of(bench.epci, SERVICE, "projector"), raws)


def following(peer: str, wanted: UUID, *, versions: int) -> Sequence[Written]:
    """Return versions of one project of which the first alone lacks its reference."""
    first = make_project(peer, summary=f"after {wanted}")
    later = [first.model_copy(update={"version": number, "summary": ""}) for number in range(2, versions + 1)]
    return [written(one) for one in (first, *later)]


async def test_p4_a_record_without_its_reference_waits_and_holds_up_only_its_key(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, wanted, other = territory.sirens[1], uuid7(), make_project(territory.sirens[1])
    raws = await heard(bench, peer, *following(peer, wanted, versions=3), written(other))

    for _ in range(2):  # whatever is delivered twice waits once
        await delivery.react(reactor(bench), raws)

    assert await waiting(bench) == [0, 1, 2]
    assert await effects(bench) == [other.id]
    assert await letters(bench, kind="reactor") == {}


async def test_what_waited_acts_once_and_in_its_order(bench: Bench, territory: Territory, delivery: Delivery) -> None:
    peer, wanted = territory.sirens[1], uuid7()
    raws = await heard(bench, peer, *following(peer, wanted, versions=3))
    await delivery.react(reactor(bench), raws)
    assert await delivery.replay_parked() == 0, "not yet due"
    with shifted(LATER):
        assert await delivery.replay_parked() == 0, "its reference is still not here"
    assert await waiting(bench) == [0, 1, 2]

    await hear_reference(bench, delivery, peer, wanted)
    replayed = []
    with shifted(LATER * 5):
        while await delivery.replay_parked():
            replayed.append(await waiting(bench))
    await delivery.react(reactor(bench), raws)

    ids = [(dict(raw.headers)["ce_id"] or b"").decode() for raw in raws]
    assert replayed == [[1, 2], [2], []]
    assert [row.message_id for row in await bench.rows(Effect)] == ids


async def test_f25_what_was_parked_while_the_clock_was_ahead_does_not_wait_for_that_time(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, wanted = territory.sirens[1], uuid7()
    raws = await heard(bench, peer, *following(peer, wanted, versions=1))
    with shifted(timedelta(days=1)):
        await delivery.react(reactor(bench), raws)
    await hear_reference(bench, delivery, peer, wanted)

    await delivery.replay_parked()

    assert (await waiting(bench), len(await effects(bench))) == ([], 1)


async def test_what_waited_long_is_not_too_old_for_its_reaction(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, wanted = territory.sirens[1], uuid7()
    await delivery.react(reactor(bench), await heard(bench, peer, *following(peer, wanted, versions=1)))
    await hear_reference(bench, delivery, peer, wanted)

    with shifted(timedelta(days=20)):
        await delivery.replay_parked()

    assert len(await effects(bench)) == 1


async def test_what_waits_longer_than_thirty_days_is_set_aside_and_lets_the_others_pass(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, wanted = territory.sirens[1], uuid7()
    raws = await heard(bench, peer, *following(peer, wanted, versions=2))
    await delivery.react(reactor(bench), raws)

    with shifted(timedelta(days=31)):
        while await delivery.replay_parked():
            pass

    found = await letters(bench, kind="reactor")
    assert reasons(found) == {0: "parked:project"}
    assert dict(found[0].headers)["dlq_class"] == b"overdue"
    assert (found[0].key, found[0].value) == (raws[0].key, raws[0].value)
    assert len(await effects(bench)) == 1
    assert await waiting(bench) == []


async def test_a_bug_met_while_waiting_is_tried_five_times_too(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, wanted = territory.sirens[1], uuid7()
    first, second = following(peer, wanted, versions=2)
    await delivery.react(reactor(bench), await heard(bench, peer, first, second.body(title="poison")))
    await hear_reference(bench, delivery, peer, wanted)

    for hours in range(1, 8):
        with shifted(timedelta(hours=2 * hours)):
            while await delivery.replay_parked():
                pass

    assert reasons(await letters(bench, kind="reactor")) == {1: "bug:ZeroDivisionError"}
    assert [row.tries for row in await bench.rows(Attempt)] == [5]
    assert len(await effects(bench)) == 1


async def test_two_that_replay_at_once_act_once(bench: Bench, territory: Territory, delivery: Delivery) -> None:
    peer, wanted = territory.sirens[1], uuid7()
    await delivery.react(reactor(bench), await heard(bench, peer, *following(peer, wanted, versions=1)))
    await hear_reference(bench, delivery, peer, wanted)

    with shifted(LATER):
        await asyncio.gather(*(delivery.replay_parked() for _ in range(4)))

    assert len(await effects(bench)) == 1


async def test_a_private_tombstone_forgets_what_waits_and_what_was_said_under_its_key(
    bench: Bench, delivery: Delivery
) -> None:
    person = PersonCard(id=uuid7(), home_epci=bench.epci, version=7, updated_at=make_project(bench.epci).updated_at)
    topic = str(topic_of(PersonCard, visibility=Visibility.PRIVATE, epci=bench.epci))
    card = written(person, fact="erased")
    private = tuple((name, b"private" if name == "ce_visibility" else value) for name, value in card.headers)
    raw = RawRecord(topic, 0, 9, 0, card.key, None, private)
    told = make_project(bench.epci, id=person.id)
    await bench.tell(told)
    async with bench.database.transaction() as session:
        await delivery.parking.park(session, reactor(bench), RawRecord(topic, 0, 3, 0, card.key, b"{}", ()), reason="x")

    await delivery.project(group_of(bench.epci, SERVICE, "projector"), [raw])

    assert await waiting(bench) == []
    assert [row.payload for row in await bench.rows(Outbox)] == [None, None]


@pytest.mark.parametrize("point", ["parked.after_insert", "parked.after_replay"])
async def test_f07_a_process_that_ends_while_it_parks_or_replays_acts_once(bench: Bench, point: str) -> None:
    last = make_project(bench.epci)
    first = make_project(bench.epci, summary=f"after {last.id}")
    await send(bench.bootstrap, topic_at(bench.epci), [written(first), written(last)])

    codes = [await _child(bench, crash_at) for crash_at in (f"{point}:1", "")]

    assert codes == [137, 0]
    assert sorted(await effects(bench)) == sorted([first.id, last.id])
    assert await waiting(bench) == []


async def _child(bench: Bench, crash_at: str) -> int:
    url = bench.database.url.render_as_string(hide_password=False)
    said = (url, bench.epci, bench.bootstrap, topic_at(bench.epci))
    child = await asyncio.to_thread(forks.run, main, *said, env=os.environ | crashing(crash_at))
    return child.returncode
