"""An EPCI that was away ten days, and one that was away forty: everything is caught up, nothing old is mailed."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import TopicPartition
from confluent_kafka.admin import AdminClient

from shared.clock import shifted
from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.db.answers import AnswerColumns
from shared.db.leading import Leadership
from shared.instance.backbone import Backbone
from shared.instance.recovery import Recovery
from shared.messaging.delivery import group_of
from shared.messaging.heartbeat import incarnate
from shared.messaging.known import Projection
from shared.messaging.restating import Numbered
from shared.service import RunningService, Service
from shared.settings import InstanceSettings, KafkaAccess
from shared.territory.members import Territory
from tests.recovery.conftest import MakeBench
from tests.support.backbone import SERVICE, TABLES, Base, Bench, Effect, KnownProject, make_consumers, make_project
from tests.support.cluster import change, operator
from tests.support.reading import consuming
from tests.support.recovery import told_by, versions
from tests.support.topics import dump, write
from tests.support.waiting import doing, eventually

QUICK = {
    "segment.ms": "1000",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "1000",
    "file.delete.delay.ms": "500",
}


def running(bench: Bench) -> RunningService:
    """Return the test service as an instance runs it."""
    manifest = Service(
        name=SERVICE,
        package="",
        metadata=Base.metadata,
        tables=TABLES,
        answers=AnswerColumns,
        routers=(),
        consumers=make_consumers(),
        projections=(Projection(KnownProject),),
        aggregates={"project": Numbered(KnownProject)},
    )
    return RunningService(manifest, bench.database)


def recovery(bench: Bench, leader: Leadership, territory: Territory, folder: Path) -> tuple[Recovery, Backbone]:
    """Return what watches over the test service, and its way to Kafka."""
    settings = InstanceSettings(siren=bench.epci, territory_file=folder, data_dir=folder, _env_file=None)
    service = running(bench)
    backbone = Backbone(
        access=KafkaAccess(bench.bootstrap),
        reach=tuple(Visibility),
        services=[service],
        settings=settings,
        territory=territory,
        letters={SERVICE: bench.letters()},
        told=lambda _name, _records: None,
    )
    leaders = {SERVICE: leader}
    return Recovery([service], leaders, settings=settings, territory=territory, settled_seconds=2), backbone


async def forget_groups(bench: Bench) -> None:
    """Do to the groups of a bench what Kafka does to groups without members after a week."""
    groups = [group_of(bench.epci, SERVICE, kind) for kind in ("projector", "reactor")]
    admin = AdminClient({"bootstrap.servers": bench.bootstrap})  # its answers never come once it is collected
    for answer in admin.delete_consumer_groups(groups).values():
        answer.result()


async def compacted(bench: Bench, topic: str, *, gone: set[tuple[bytes, int]]) -> None:
    """Append until Kafka’s own cleaner has removed these records, by key and version."""

    async def is_clean() -> bool:
        await bench.tell(make_project(bench.epci, title="ajout"))
        await bench.publish()
        await asyncio.sleep(1.2)  # the segment is rolled by an append that comes a second later
        left = {(one.key, int(dict(one.headers)["ce_sequence"])) for one in await dump(bench.bootstrap, topic)}
        return not left & gone

    await eventually(is_clean, within=60)


async def _lived(own: Bench, other: Bench, projects: Sequence[Project], *, keep_deletions: bool) -> None:
    """Let ``own`` read everything once and go away, while the other changes one project and ends another."""
    topic = told_by(other.epci)
    for key, value in {**QUICK, "delete.retention.ms": "86400000" if keep_deletions else "100"}.items():
        await change(operator(other.bootstrap), topic, key=key, value=value)
    for project in projects:
        await other.tell(project)
    await other.publish()
    letters = own.letters()
    async with consuming(own.subscribers(own.delivery(letters))):
        await eventually(lambda: _knows(own, {str(one.id): 1 for one in projects}))
        await eventually(lambda: _acted(own, len(projects)))
    await letters.close()
    await forget_groups(own)
    changed, ended = projects[:2]
    for version in (2, 3):
        await other.tell(changed.model_copy(update={"version": version}))
    await other.end(ended.model_copy(update={"version": 2}))
    await other.publish()
    ends, tombstone = str(ended.id).encode(), set() if keep_deletions else {3}
    gone = {(ends, version) for version in {1, 2} | tombstone} | {(str(changed.id).encode(), 2)}
    await compacted(other, topic, gone=gone)


async def _knows(bench: Bench, wanted: dict[str, int]) -> bool:
    return wanted.items() <= (await versions(bench)).items()


async def _acted(bench: Bench, wanted: int) -> bool:
    return len(await bench.rows(Effect)) == wanted


async def test_f19_invariant_16_ten_days_away_everything_is_caught_up_and_nothing_acted_upon(
    make_bench: MakeBench, territory: Territory
) -> None:
    own, other = [await make_bench(siren) for siren in territory.sirens[:2]]
    projects = [make_project(other.epci, title=f"Projet {number}") for number in range(4)]
    await _lived(own, other, projects, keep_deletions=True)

    letters = own.letters()
    with shifted(timedelta(days=10)):
        async with consuming(own.subscribers(own.delivery(letters))):
            await eventually(lambda: _knows(own, {str(projects[0].id): 3, str(projects[3].id): 1}))
            await eventually(lambda: _is_deleted(own, projects[1]))
            await eventually(lambda: _has_committed(own, other))
    await letters.close()

    assert len(await own.rows(Effect)) == len(projects), "an old record was acted upon, or one a second time"


async def _is_deleted(bench: Bench, project: Project) -> bool:
    return str(project.id) not in await versions(bench)


async def _has_committed(own: Bench, other: Bench) -> bool:
    topic = told_by(other.epci)
    end = (await dump(own.bootstrap, topic))[-1].offset + 1
    admin = AIOKafkaAdminClient(bootstrap_servers=own.bootstrap)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group_of(own.epci, SERVICE, "reactor"))
    finally:
        await admin.close()
    return found[TopicPartition(topic, 0)].offset == end if TopicPartition(topic, 0) in found else False


async def test_f19_forty_days_away_the_copies_are_made_anew_and_no_ghost_stays(
    make_bench: MakeBench, territory: Territory, tmp_path: Path
) -> None:
    own, other = [await make_bench(siren) for siren in territory.sirens[:2]]
    projects = [make_project(other.epci, title=f"Projet {number}") for number in range(4)]
    await _lived(own, other, projects, keep_deletions=False)
    assert not await _is_deleted(own, projects[1]), "Kafka says nothing of it any more"

    letters = own.letters()
    with shifted(timedelta(days=40)):
        async with Leadership(own.database) as leader:
            watching, backbone = recovery(own, leader, territory, tmp_path)
            await watching.prepare()
            async with consuming(own.subscribers(own.delivery(letters))), doing(watching.run([backbone], None)):
                await eventually(lambda: _is_deleted(own, projects[1]), within=30)
                await eventually(lambda: _knows(own, {str(projects[0].id): 3, str(projects[3].id): 1}))
    await letters.close()

    assert len(await own.rows(Effect)) == len(projects)


async def test_a_log_that_went_back_is_corrected_under_a_new_version(
    make_bench: MakeBench, territory: Territory, tmp_path: Path
) -> None:
    own = await make_bench(territory.sirens[0])
    project, topic = make_project(own.epci), told_by(own.epci)
    await own.tell(project)
    await own.tell(project.model_copy(update={"version": 2}))
    async with own.database.transaction() as session:
        await incarnate(session, TABLES)
    async with Leadership(own.database) as leader:
        watching, backbone = recovery(own, leader, territory, tmp_path)
        relay = own.relay(leader)
        async with doing(relay.run(), watching.run([backbone], None)):
            await eventually(lambda: _ends_on(own, topic, 2))
            await eventually(lambda: _may_publish(watching), within=30)
            old = (await dump(own.bootstrap, topic))[0]
            await write(own.bootstrap, topic, [(old.key, old.value, old.headers)])
            await eventually(lambda: _ends_on(own, topic, 3), within=40)
    last = (await dump(own.bootstrap, topic))[-1]
    assert dict(last.headers)["ce_republished"] == b"true"


async def _ends_on(bench: Bench, topic: str, version: int) -> bool:
    found = await dump(bench.bootstrap, topic)
    return bool(found) and int(dict(found[-1].headers)["ce_sequence"]) == version


async def _may_publish(watching: Recovery) -> bool:
    return watching.may_publish(SERVICE)
