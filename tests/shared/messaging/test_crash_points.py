"""A process that dies at any line between a change and its effects: nothing lost, nothing invented, nothing twice."""

import asyncio
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shared.crash import POINTS
from shared.messaging.registry import dead_letter_topic
from shared.messaging.topology import Topology
from shared.settings import KafkaAccess
from tests.support.backbone import SERVICE, Base, Effect, KnownProject, Outbox
from tests.support.code import PRODUCT, ROOT, calls, sources
from tests.support.crashing import KEYS, NEVER, VERSIONS, Life, lives
from tests.support.databases import Store
from tests.support.territory import random_siren
from tests.support.topics import dump, write

CRASHES = {
    "command.before_commit": 6,
    "command.after_commit": 6,
    "relay.after_select": 1,
    "relay.mid_window": 7,
    "relay.after_ack": 1,
    "relay.after_mark": 1,
    "projector.after_poll": 1,
    "projector.before_commit": 1,
    "projector.after_commit": 1,
    "reactor.before_commit": 1,
    "reactor.after_commit": 1,
    "dlq.before_publish": 1,
    "dlq.after_publish": 1,
}
"""The points of the backbone, and which crossing is the last one."""
BY_MAILS = {"issue.after_freeze", "mail.after_lease", "mail.before_data", "mail.after_250"}
"""Crossed by the scenarios of tests/notifications/test_crashes.py."""
BY_PARKING = {"parked.after_insert", "parked.after_replay"}
"""Crossed by the scenarios of test_parking.py."""
BY_OPERATORS = {
    "backup.mid",
    "rebuild.before_swap",
    "rebuild.after_swap",
    "restore.after_copy",
    "restore.after_incarnation",
}
"""Crossed by the scenarios of tests/recovery/test_restore.py."""
KILLED = 137


@dataclass(frozen=True)
class Fate:
    """How the two lives of one service ended, and where they left their traces."""

    life: Life
    first: int
    second: int


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def fates(
    request: pytest.FixtureRequest, bootstrap: str, stores: dict[str, Store], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Fate]:
    """Live all first lives at once, up to their crash points, then all second ones to the end."""
    root = tmp_path_factory.mktemp("lives")
    doomed = asyncio.run(_doom(root, stores[request.param], bootstrap))
    _make_topics(bootstrap, doomed)
    asyncio.run(_write_what_nobody_can_read(doomed))
    first = _live(doomed)
    second = _live([replace(life, crash_at="") for life in doomed])
    return {life.name: Fate(life, first[life.name], second[life.name]) for life in doomed}


async def _doom(root: Path, store: Store, bootstrap: str) -> list[Life]:
    """Return one life per crash point, each on a database of its own."""
    doomed = []
    for point, nth in CRASHES.items():
        folder = root / point
        await asyncio.to_thread(folder.mkdir)
        url = await store.url(Base.metadata, folder=folder, name="bench")
        doomed.append(Life(point, str(folder), random_siren(), bootstrap, url, f"{point}:{nth}"))
    return doomed


def _make_topics(bootstrap: str, doomed: list[Life]) -> None:
    topology = Topology(KafkaAccess(bootstrap))
    plan = topology.plan([life.epci for life in doomed])
    wanted = (".project.", f".{SERVICE}-dlq.")
    plan.missing = [topic for topic in plan.missing if any(part in topic.name for part in wanted)]
    topology.apply(plan)


async def _write_what_nobody_can_read(doomed: list[Life]) -> None:
    await asyncio.gather(*(write(life.bootstrap, life.topic, [(b"wrong", b"{", ())] * 2) for life in doomed))


def _live(doomed: list[Life]) -> dict[str, int]:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.support.crashing"], cwd=ROOT, input=lives(doomed), capture_output=True, check=True
    )
    codes: dict[str, int] = json.loads(ended.stdout)
    return codes


@pytest.mark.parametrize("point", CRASHES)
def test_the_process_dies_there_and_the_next_one_ends_the_work(fates: dict[str, Fate], point: str) -> None:
    fate = fates[point]
    log = (Path(fate.life.folder) / "life.log").read_text(encoding="utf-8")

    assert (fate.first, fate.second) == (KILLED, 0), log[-4000:]


@pytest.mark.parametrize("point", CRASHES)
async def test_f05_f06_invariant_1_every_committed_change_is_published_and_none_is_invented(
    fates: dict[str, Fate], point: str
) -> None:
    life = fates[point].life
    bench = life.bench()
    rows = [row for row in await bench.rows(Outbox) if row.topic == life.topic]
    committed = {(row.key, row.aggregate_version) for row in rows}
    log = [one for one in await dump(life.bootstrap, life.topic) if one.key != b"wrong"]
    await bench.database.close()

    sent = [(one.key.decode(), json.loads(one.value)["version"]) for one in log]
    newest = {key: max(version for other, version in committed if other == key) for key, _ in committed}
    assert life.noted("done") <= committed <= life.noted("tried")
    assert len(committed) == KEYS * VERSIONS or point.startswith("command.")
    assert set(sent) == committed
    assert dict(sent) == newest, "the last record of a key is its newest version"
    assert not any(NEVER in one.value.decode() for one in log)


@pytest.mark.parametrize("point", CRASHES)
async def test_each_change_acts_once_and_the_newest_is_kept(fates: dict[str, Fate], point: str) -> None:
    life = fates[point].life
    bench = life.bench()
    committed = [row for row in await bench.rows(Outbox) if row.topic == life.topic]
    acted = Counter(row.message_id for row in await bench.rows(Effect))
    known = {str(row.id): row.version for row in await bench.rows(KnownProject)}
    await bench.database.close()

    newest = {row.key: row.aggregate_version for row in sorted(committed, key=lambda row: row.aggregate_version)}
    assert acted == Counter(str(row.message_id) for row in committed)
    assert known == newest


@pytest.mark.parametrize("point", CRASHES)
async def test_what_nobody_can_read_is_in_the_dlq_of_each_group(fates: dict[str, Fate], point: str) -> None:
    life = fates[point].life

    found = await dump(life.bootstrap, str(dead_letter_topic(SERVICE, epci=life.epci)))

    letters = [{name: value.decode() for name, value in one.headers} for one in found]
    places = {(one["dlq_group"], one["dlq_offset"]) for one in letters}
    assert places == {(group, offset) for group in life.groups for offset in ("0", "1")}
    assert {(one.key, one.value) for one in found} == {(b"wrong", b"{")}


def test_every_point_of_the_code_is_in_the_registry_and_the_other_way_round() -> None:
    found = {
        call.args[0].value  # type: ignore[attr-defined]
        for source in sources(*PRODUCT)
        for name, call in calls(source)
        if name == "crash.point"
    }

    assert found == POINTS


def test_every_point_is_crossed_by_a_scenario() -> None:
    mails = (ROOT / "tests/notifications/test_crashes.py").read_text(encoding="utf-8")

    parking = (ROOT / "tests/shared/messaging/test_parking.py").read_text(encoding="utf-8")
    recovery = (ROOT / "tests/recovery/test_restore.py").read_text(encoding="utf-8")

    assert CRASHES.keys() | BY_MAILS | BY_PARKING | BY_OPERATORS == POINTS
    assert set(re.findall(r'"(parked\.[a-z_]+)"', parking)) >= BY_PARKING
    assert set(re.findall(r'"((?:backup|rebuild|restore)\.[a-z_]+)[":]', recovery)) >= BY_OPERATORS
    assert set(re.findall(r'"((?:issue|mail)\.[a-z_0-9]+)"', mails)) >= BY_MAILS
