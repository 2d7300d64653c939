"""A local node that does not stop by itself may have lost its last records: they are sent again."""

import asyncio
from pathlib import Path

from shared.db.leading import Leadership
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.heartbeat import incarnate
from shared.messaging.kafka import acknowledges
from shared.messaging.topology import Topology
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.recovery.conftest import MakeBench
from tests.recovery.test_away import recovery
from tests.support.backbone import TABLES, Bench, make_project
from tests.support.recovery import told_by
from tests.support.topics import dump
from tests.support.waiting import doing, eventually


async def test_after_a_power_cut_the_last_hour_is_sent_again_and_after_a_clean_stop_nothing(
    tmp_path: Path, make_bench: MakeBench, territory: Territory
) -> None:
    own = await make_bench(territory.sirens[0])
    async with own.database.transaction() as session:
        await incarnate(session, TABLES)
    node = LocalKafka(tmp_path / "node")
    await node.start(probe=acknowledges)
    try:
        own.bootstrap = node.bootstrap
        topology = Topology(KafkaAccess(node.bootstrap))
        plan = topology.plan([own.epci])
        await asyncio.to_thread(topology.apply, plan)
        await own.tell(make_project(own.epci))
        await own.publish()

        await node.stop()
        await node.start(probe=acknowledges)
        assert node.cut_short == 0
        node.kill()
        await node.start(probe=acknowledges)
        assert node.cut_short == 1

        async with Leadership(own.database) as leader:
            watching, backbone = recovery(own, leader, territory, tmp_path)
            async with doing(own.relay(leader).run(), watching.run([backbone], node)):
                await eventually(lambda: _is_there_twice(own), within=60)
    finally:
        await node.stop()


async def _is_there_twice(bench: Bench) -> bool:
    marks = [dict(one.headers).get("ce_republished") for one in await dump(bench.bootstrap, told_by(bench.epci))]
    return marks == [None, b"true"]
