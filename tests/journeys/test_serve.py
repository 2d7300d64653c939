"""An instance as an operator runs it: without Kafka, with some services only, stopped at any time."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.messaging.embedded.node import LocalKafka
from shared.messaging.kafka import acknowledges
from shared.territory.members import Territory
from tests.support.broker import free_port
from tests.support.instances import environment, serving
from tests.support.waiting import eventually

NOBODY = "127.0.0.1:9"


async def test_an_instance_without_kafka_serves_keeps_what_it_is_told_and_stops(
    tmp_path: Path, territory: Territory
) -> None:
    settings = environment(territory, tmp_path, bootstrap=NOBODY, port=free_port())

    with serving(settings, tmp_path, forked=False) as served:
        await eventually(served.answers, within=60)
        ready = (await served.get("/readyz")).json()
        logged = await served.post("/api/v1/projects", {"title": "Sans Kafka", "kind": "study"})
        status = (await served.get("/api/v1/status")).json()
        figures = (await served.get("/metrics")).text
        seconds = served.stop()

    assert (ready["status"], ready["kafka"]) == ("degraded", "away")
    assert logged.status_code == 201
    assert {one["service"]: one["backlog"] for one in status["services"]}["projects"] >= 1
    assert re.search(r'estuaire_outbox_backlog{epci="\d+",service="projects"} [1-9]', figures)
    assert served.process.returncode == 0
    assert seconds < 30


async def test_an_instance_finds_the_node_of_its_folder_and_tells_when_it_is_gone(
    tmp_path: Path, territory: Territory
) -> None:
    settings = environment(territory, tmp_path, bootstrap="", port=free_port())
    node = LocalKafka(tmp_path / "data" / "kafka")
    await node.start(probe=acknowledges)

    async def is_ready() -> bool:
        return bool((await served.get("/readyz")).json()["status"] == "ready")

    async def is_degraded() -> bool:
        return bool((await served.get("/readyz")).json()["status"] == "degraded")

    try:
        with serving(settings, tmp_path) as served:
            await eventually(served.answers, within=60)
            await eventually(is_ready, within=60)
            node.kill()
            await eventually(is_degraded, within=20)
            await node.start(probe=acknowledges)
            await eventually(is_ready, within=60)
            served.stop()
        assert node.running
    finally:
        await node.stop()


async def test_one_service_runs_alone(tmp_path: Path, territory: Territory) -> None:
    settings = environment(territory, tmp_path, bootstrap=NOBODY, port=free_port())

    with serving(settings, tmp_path, "projects") as served:
        await eventually(served.answers, within=60)
        home = await served.get("/")
        agenda = await served.get("/api/v1/events")

    assert "Projets publics" in home.text
    assert agenda.status_code == 404


async def test_log_lines_are_json_with_the_request_and_without_names(tmp_path: Path, territory: Territory) -> None:
    settings = environment(territory, tmp_path, bootstrap=NOBODY, port=free_port())
    person = {"family_name": "Introuvable", "email": "canari.unique@example.org", "source": "essai"}
    person |= {"collected_on": "2026-01-01", "purpose": "company_follow_up", "basis": "public_interest"}

    with serving(settings, tmp_path) as served:
        await eventually(served.answers, within=60)
        made = await served.post("/api/v1/people", dict(person))
        served.stop()

    written = (tmp_path / "serve.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in written.splitlines()]
    assert made.status_code == 201
    assert any(line.get("request_id") for line in lines)
    assert "canari" not in written
    assert "Introuvable" not in written


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [("ESTUAIRE_SIREN", "ESTUAIRE_SIREN"), ("ESTUAIRE_TERRITORY_FILE", "ESTUAIRE_TERRITORY_FILE")],
)
def test_a_missing_setting_is_one_french_sentence(
    tmp_path: Path, territory: Territory, missing: str, sentence: str
) -> None:
    settings = environment(territory, tmp_path, bootstrap=NOBODY, port=free_port())
    del settings[missing]

    ended = subprocess.run(
        [sys.executable, "-m", "services", "serve"],
        env=settings,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )

    said = ended.stderr.decode()
    assert ended.returncode == 1
    assert f"Réglage {sentence}" in said
    assert "Traceback" not in said
