"""Whatever a peer writes: what is right is applied, what is not is in the DLQ as it came, the consumers live on."""

import json

from shared.contracts.base import Visibility
from shared.contracts.contacts import PersonCard
from shared.contracts.projects import Project
from shared.messaging.delivery import Delivery, group_of
from shared.messaging.kafka import FACTS, Subscribers, Subscription, raw_of
from shared.messaging.registry import Topic, dead_letter_topic
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.support.backbone import SERVICE, Bench, Effect, KnownProject, make_project
from tests.support.hostile import ACCEPTED, FORGERIES, REFUSED
from tests.support.peer import Written, make_topics, send, send_with_unreadable_name, written
from tests.support.reading import caught_up, consuming, forged, letters, reasons, topic_at
from tests.support.territory import random_siren
from tests.support.topics import dump
from tests.support.waiting import eventually


async def hear(delivery: Delivery, bench: Bench, peer: str, *records: Written) -> None:
    """Let a bench handle records that a peer has written in its own topic, all of them as one batch."""
    await send(bench.bootstrap, topic_at(peer), records)
    raws = [raw_of(one) for one in await dump(bench.bootstrap, topic_at(peer))][-len(records) :]
    await delivery.project(group_of(bench.epci, SERVICE, "projector"), raws)
    await delivery.react(group_of(bench.epci, SERVICE, "reactor"), raws)


async def test_invariant_6_every_offset_is_applied_or_in_the_dlq_as_it_came(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    sent: list[Written] = []
    expected: dict[int, str] = {}
    for reason, spoil in REFUSED.values():
        sent.append(written(make_project(peer)))
        expected[len(sent)] = reason
        sent.append(spoil(written(make_project(peer))))
    sent += [accept(written(make_project(peer))) for accept in ACCEPTED.values()]
    sent.append(written(make_project(peer, title="la dernière")))
    await send(bench.bootstrap, topic_at(peer), sent)
    before = forged(bench)

    async with consuming(bench.subscribers(delivery)) as subscribers:
        await eventually(lambda: caught_up(bench, topic_at(peer), to=len(sent)), within=30)
        aside = await letters(bench), await letters(bench, kind="reactor")
        assert subscribers.dead() == []

    applied = {str(row.id).encode() for row in await bench.rows(KnownProject)}
    acted = {str(row.subject).encode() for row in await bench.rows(Effect)}
    unknown_fact = sent[2 * len(REFUSED) + list(ACCEPTED).index("an unknown fact")].key
    for found in aside:
        assert reasons(found) == expected
        for offset, one in found.items():
            assert one.key == (sent[offset].key or b"-")
            assert one.value == sent[offset].value
            assert one.headers[FACTS:] == sent[offset].headers
    assert applied == {one.key for offset, one in enumerate(sent) if offset not in expected}
    assert acted == applied - {unknown_fact}
    assert forged(bench) - before == 2 * sum(reason in FORGERIES for reason in expected.values())


async def test_an_unknown_word_of_a_list_is_read_as_other(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]

    await hear(delivery, bench, peer, ACCEPTED["an unknown word of a list"](written(make_project(peer))))

    (row,) = await bench.rows(KnownProject)
    assert json.loads(row.state)["stage"] == "other"


async def test_topics_that_are_not_of_the_contract_end_in_the_dlq(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, stranger = territory.sirens[1], random_siren()
    expected = {
        f"ti.territory.{peer}.mystery.v1": "unknown_topic",
        f"ti.territory.{peer}.project.v2": "unknown_topic",
        f"ti.territory.{peer}.person-card.v1": "unknown_topic",
        f"ti.territory.{peer}.Project.v1": "foreign_topic",
        topic_at(stranger): "not_a_member",
    }
    await make_topics(bench.bootstrap, *expected)
    for topic in expected:
        await send(bench.bootstrap, topic, [written(make_project(peer))])
    wide = Subscription("wide", rf"^ti\.territory\.({peer}|{stranger})\..*", delivery.project)

    async with consuming(Subscribers(KafkaAccess(bench.bootstrap), bench.epci, [wide])):
        dlq = str(dead_letter_topic(SERVICE, epci=bench.epci))

        async def all_there() -> bool:
            return len(await dump(bench.bootstrap, dlq)) == len(expected)

        await eventually(all_there)

    found = [dict(one.headers) for one in await dump(bench.bootstrap, dlq)]
    assert {one["dlq_topic"].decode(): one["dlq_reason"].decode() for one in found} == expected


async def test_a02_a_record_with_the_source_of_another_is_set_aside(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, before = territory.sirens[1], forged(bench)

    await hear(delivery, bench, peer, written(make_project(peer), epci=bench.epci))

    assert reasons(await letters(bench)) == {0: "foreign_epci"}
    assert forged(bench) == before + 2
    assert await bench.rows(KnownProject) == []


async def test_invariant_11_a03_the_id_of_another_changes_nothing_of_it(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, own = territory.sirens[1], make_project(bench.epci, title="À nous")
    await hear(delivery, bench, bench.epci, written(own))
    before = forged(bench)

    stolen = make_project(peer, id=own.id, version=5, title="À eux")
    await hear(delivery, bench, peer, written(make_project(peer, title="Juste")), written(stolen))

    rows = {(row.home_epci, json.loads(row.state)["title"]) for row in await bench.rows(KnownProject)}
    assert rows == {(bench.epci, "À nous"), (peer, "Juste"), (peer, "À eux")}
    assert await letters(bench) == {}
    assert forged(bench) == before + 1


async def test_invariant_11_a03_who_is_read_first_with_the_id_of_another_hides_nothing_of_it(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, own = territory.sirens[1], make_project(bench.epci, title="À nous")
    before = forged(bench)
    await hear(delivery, bench, peer, written(make_project(peer, id=own.id, version=5, title="À eux")))

    await hear(delivery, bench, bench.epci, written(own), written(own.model_copy(update={"version": 2})))

    rows = {row.home_epci: (row.version, json.loads(row.state)["title"]) for row in await bench.rows(KnownProject)}
    assert rows == {bench.epci: (2, "À nous"), peer: (5, "À eux")}
    assert await letters(bench) == {}
    assert forged(bench) == before + 1, "told once, not with each version"


async def test_a06_an_old_record_is_ignored(bench: Bench, territory: Territory, delivery: Delivery) -> None:
    peer, project = territory.sirens[1], make_project(territory.sirens[1], version=3, title="Neuve")

    await hear(delivery, bench, peer, written(project))
    await hear(delivery, bench, peer, written(project.model_copy(update={"version": 2, "title": "Vieille"})))

    (row,) = await bench.rows(KnownProject)
    assert (row.version, json.loads(row.state)["title"]) == (3, "Neuve")
    assert await letters(bench) == {}


async def test_a07_a_jump_that_would_freeze_an_aggregate_is_set_aside(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, first = territory.sirens[1], make_project(territory.sirens[1])
    far = first.model_copy(update={"version": Project.max_jump + 2})
    before = forged(bench)

    await hear(delivery, bench, peer, written(first), written(far), written(first.model_copy(update={"version": 2})))
    await hear(delivery, bench, peer, written(far.model_copy(update={"version": 2**53})))
    await hear(delivery, bench, peer, written(far))

    (row,) = await bench.rows(KnownProject)
    assert row.version == far.version, "one version further it is no jump any more"
    assert reasons(await letters(bench)) == {1: "version_jump", 3: "version_jump"}
    assert forged(bench) == before + 2


async def test_a08_a_tombstone_for_the_key_of_another_deletes_nothing(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, own = territory.sirens[1], make_project(bench.epci)
    await hear(delivery, bench, bench.epci, written(own))

    await hear(delivery, bench, peer, written(make_project(peer, id=own.id, version=2)).raw(None))

    assert {row.home_epci: row.deleted for row in await bench.rows(KnownProject)} == {bench.epci: False, peer: True}
    assert await letters(bench) == {}


async def test_a09_a_wish_for_a_reply_publishes_nothing(bench: Bench, territory: Territory, delivery: Delivery) -> None:
    peer = territory.sirens[1]
    private = str(Topic(Visibility.PRIVATE, bench.epci, PersonCard.aggregate))
    record = written(make_project(peer)).after(("reply_to", private.encode()), ("correlation_id", b"1"))
    await send(bench.bootstrap, topic_at(peer), [record])

    async with consuming(bench.subscribers(delivery)):
        await eventually(lambda: caught_up(bench, topic_at(peer), to=1))

    assert len(await bench.rows(KnownProject)) == 1
    assert await dump(bench.bootstrap, private) == []


async def test_a_tombstone_of_the_owner_leaves_a_marker(bench: Bench, territory: Territory, delivery: Delivery) -> None:
    peer, project = territory.sirens[1], make_project(territory.sirens[1])
    gone = written(project.model_copy(update={"version": 2}), fact="withdrawn").raw(None)

    await hear(delivery, bench, peer, written(project), gone.without("content-type"))

    (row,) = await bench.rows(KnownProject)
    assert (row.version, row.deleted, row.state) == (2, True, "")


async def test_a_header_whose_name_is_no_text_stops_nobody(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer, other = territory.sirens[1], territory.sirens[2]
    await send(bench.bootstrap, topic_at(other), [written(make_project(other)) for _ in range(5)])
    await send(bench.bootstrap, topic_at(peer), [written(make_project(peer)) for _ in range(5)])
    await send_with_unreadable_name(bench.bootstrap, topic_at(peer), times=2)
    await send(bench.bootstrap, topic_at(peer), [written(make_project(peer)) for _ in range(5)])

    async with consuming(bench.subscribers(delivery)) as subscribers:
        await eventually(lambda: caught_up(bench, topic_at(peer), to=12), within=30)
        assert subscribers.dead() == []

    assert len(await bench.rows(KnownProject)) == 15
    for kind in ("projector", "reactor"):
        (letter,) = (await letters(bench, kind=kind)).items()
        assert letter[0] == 6
        assert dict(letter[1].headers)["dlq_reason"] == b"unreadable"
        assert dict(letter[1].headers)["estuaire-unreadable-from"] == b"5"
