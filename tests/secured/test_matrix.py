"""Who may do what, cell by cell: EPCI × EPCI × verb × visibility, integrators, and nobody else."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from confluent_kafka import KafkaException

from shared.contracts.base import Visibility
from shared.errors import Forbidden
from shared.messaging.kafka import Welcome, knock, quotas_of
from shared.messaging.topology import Guests, Topology, TopologyFile
from shared.messaging.topology.acls import bindings
from shared.messaging.topology.client import admin_client
from shared.territory.members import Territory
from tests.support.cluster import alter
from tests.support.guests import Hosted, host, joins, reads, writes
from tests.support.secured import Secured
from tests.support.territory import random_siren

FORBIDDEN = "TopicAuthorizationFailedError"
AGGREGATES = {Visibility.PRIVATE: "person-card", Visibility.TERRITORY: "project", Visibility.PUBLIC: "project"}


def topic_of(siren: str, visibility: Visibility) -> str:
    """Return one topic of an EPCI."""
    return f"ti.{visibility.value}.{siren}.{AGGREGATES[visibility]}.v1"


@pytest.fixture
def file() -> TopologyFile:
    """Return two integrators beside the members, named after nobody else’s test."""
    tag = random_siren()
    readers = [
        {"user": f"open-data-{tag}", "group_prefix": f"open-data-{tag}."},
        {"user": f"region-{tag}", "group_prefix": f"region-{tag}.", "reads": "territory", "agreement": "2026-03"},
    ]
    return TopologyFile.model_validate({"operator": f"operateur-{tag}", "integrators": readers, "replicas": 1})


@pytest.fixture
async def hosted(secured: Secured, territory: Territory, file: TopologyFile, tmp_path: Path) -> Hosted:
    """Return a territory of three EPCI on the secured node."""
    made = await host(secured, territory, file, tmp_path / "passwords")
    assert set((await writes(secured.admin, cells(territory.sirens))).values()) == {""}
    return made


def cells(sirens: Sequence[str]) -> list[str]:
    """Return one topic per EPCI and visibility."""
    return [topic_of(siren, visibility) for siren in sirens for visibility in Visibility]


async def test_invariant_9_a01_a08_an_epci_writes_its_own_topics_and_no_other(hosted: Hosted) -> None:
    sirens = hosted.territory.sirens
    stranger = topic_of(random_siren(), Visibility.TERRITORY)

    for own in sirens:
        found = await writes(hosted.of(own), [*cells(sirens), stranger, "ti.territory", "autre.sujet"])
        wanted = {topic: "" if f".{own}." in topic else FORBIDDEN for topic in cells(sirens)}
        wanted |= {stranger: "UnknownTopicOrPartitionError", "ti.territory": FORBIDDEN, "autre.sujet": FORBIDDEN}
        assert found == wanted, own


async def test_invariant_9_an_epci_reads_its_private_topics_and_the_wider_ones_of_all(hosted: Hosted) -> None:
    sirens = hosted.territory.sirens

    for own in sirens:
        found = await reads(hosted.of(own), cells(sirens))
        assert found == {
            topic: FORBIDDEN if topic.startswith("ti.private.") and f".{own}." not in topic else ""
            for topic in cells(sirens)
        }, own


async def test_invariant_9_an_epci_joins_its_own_groups_and_no_other(hosted: Hosted) -> None:
    topic = topic_of(hosted.territory.sirens[0], Visibility.TERRITORY)

    for own in hosted.territory.sirens:
        for other in hosted.territory.sirens:
            found = await joins(hosted.of(own), f"{other}.projects.projector.p1", topic)
            assert found == ("" if own == other else "GroupAuthorizationFailedError"), (own, other)


async def test_a11_an_integrator_reads_what_it_was_given_and_joins_groups_of_its_own(hosted: Hosted) -> None:
    sirens = hosted.territory.sirens
    public = topic_of(sirens[0], Visibility.PUBLIC)

    for reader in hosted.file.integrators:
        access = hosted.access(reader.user)
        open_to = ("ti.public.",) if reader.reads == "public" else ("ti.public.", "ti.territory.")
        assert await reads(access, cells(sirens)) == {
            topic: "" if topic.startswith(open_to) else FORBIDDEN for topic in cells(sirens)
        }
        assert set((await writes(access, cells(sirens))).values()) == {FORBIDDEN}
        assert await joins(access, f"{reader.group_prefix}lecteur", public) == ""
        for group in (f"{sirens[0]}.projects.projector.p1", "autre"):
            assert await joins(access, group, public) == "GroupAuthorizationFailedError"


async def test_a12_an_integrator_makes_changes_and_describes_nothing(hosted: Hosted) -> None:
    access = hosted.access(hosted.file.integrators[1].user)
    topic = topic_of(hosted.territory.sirens[0], Visibility.PUBLIC)

    topics = Topology(access)
    plan = await asyncio.to_thread(topics.plan, [random_siren()])

    with pytest.raises(Forbidden, match="TOPIC_AUTHORIZATION_FAILED"):
        await asyncio.to_thread(topics.apply, plan)
    with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        await asyncio.to_thread(alter, admin_client(access), topic, key="retention.ms", value="1")
    # The same right as for users, and the client ends the whole process after their refusal.
    with pytest.raises(Forbidden, match="lire les droits"):
        await asyncio.to_thread(lambda: bindings(admin_client(access), patience=10))
    with pytest.raises(Forbidden, match="quotas"):
        await quotas_of(access)


async def test_whoever_makes_topics_and_users_reads_and_writes_no_record(hosted: Hosted) -> None:
    access = hosted.access(hosted.file.operator)
    topics = cells(hosted.territory.sirens)

    assert set((await writes(access, topics)).values()) == {FORBIDDEN}
    assert set((await reads(access, topics)).values()) == {FORBIDDEN}


async def test_a_member_that_left_writes_no_more_and_reads_its_own_and_the_public(hosted: Hosted) -> None:
    gone, staying, _ = hosted.territory.members
    members = (gone.model_copy(update={"left_on": date(2026, 6, 30)}), staying)
    after = hosted.territory.model_copy(update={"members": members})
    assert set((await writes(hosted.of(gone.siren), cells([gone.siren]))).values()) == {""}

    await host(hosted.node, after, hosted.file, hosted.passwords, on=date(2026, 7, 1))

    topics = cells([gone.siren, staying.siren])
    assert set((await writes(hosted.of(gone.siren), topics)).values()) == {FORBIDDEN}
    assert await reads(hosted.of(gone.siren), topics) == {
        topic: "" if f".{gone.siren}." in topic or topic.startswith("ti.public.") else FORBIDDEN for topic in topics
    }


async def test_a_password_is_changed_and_the_old_one_opens_nothing(hosted: Hosted) -> None:
    own = hosted.territory.sirens[0]
    before = hosted.of(own)

    guests = Guests(hosted.node.admin)
    await asyncio.to_thread(lambda: guests.rotate(hosted.file.user_of(own), passwords=hosted.passwords))

    assert await knock(before) is Welcome.CREDENTIALS
    assert await knock(hosted.of(own)) is Welcome.ANSWERS
