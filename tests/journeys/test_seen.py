"""Two EPCI as an operator sees them: figures for Prometheus, one trace over both, logs, ``estuaire status``."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared import tracing
from shared.territory.members import Territory
from tests.support.broker import free_port
from tests.support.collector import Collector, Seen, collecting
from tests.support.instances import Served, environment, estuaire, serving
from tests.support.territory import make_territory, random_siren
from tests.support.waiting import eventually

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]
TITLE = "Canari unique des figures"
SERVER, PRODUCER, CLIENT, CONSUMER = 2, 4, 3, 5


@dataclass
class Pair:
    """Two EPCI that run, what one collector hears of them, and their settings."""

    territory: Territory
    here: Served
    there: Served
    collector: Collector
    settings: list[dict[str, str]]

    async def ready(self) -> None:
        """Return once both hear Kafka."""
        for one in (self.here, self.there):
            await eventually(one.answers, within=60)

            async def hears(served: Served = one) -> bool:
                return bool((await served.get("/readyz")).json()["status"] == "ready")

            await eventually(hears, within=60)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, bootstrap: str) -> Iterator[Pair]:
    """Two instances of one territory, with spans exported every 200 ms."""
    territory = make_territory([random_siren(), random_siren()])
    folders = [tmp_path_factory.mktemp(name) for name in ("here", "there")]
    with collecting() as collector:
        settings = [
            environment(territory, folder, bootstrap=bootstrap, port=free_port())
            | {
                "ESTUAIRE_SIREN": siren,
                "ESTUAIRE_OTLP_ENDPOINT": collector.url,
                "ESTUAIRE_HEARTBEAT_SECONDS": "1",
                "OTEL_BSP_SCHEDULE_DELAY": "200",
            }
            for siren, folder in zip(territory.sirens, folders, strict=True)
        ]
        with serving(settings[0], folders[0]) as here, serving(settings[1], folders[1]) as there:
            yield Pair(territory, here, there, collector, settings)


async def tell(pair: Pair) -> tuple[str, tracing.Trace]:
    """Log a project at the first EPCI within a trace; return its id once it is known at the second."""
    await pair.ready()
    trace = tracing.fresh()
    with tracing.following(trace):
        made = await pair.here.post("/api/v1/projects", {"title": TITLE, "kind": "study", "visibility": "territory"})
    assert made.status_code == 201, made.text
    project_id = made.json()["id"]

    async def known() -> bool:
        return (
            await pair.there.get(f"/api/v1/territory/projects/{pair.territory.sirens[0]}/{project_id}")
        ).status_code == 200

    await eventually(known, within=30)
    return project_id, trace


async def figures(served: Served) -> Samples:
    """Return every sample of an instance, as the official parser reads them."""
    text = (await served.get("/metrics")).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def one(samples: Samples, name: str, **labels: str) -> float:
    """Return the sum of the samples of this name that have these labels."""
    found = [value for (said, had), value in samples.items() if said == name and set(labels.items()) <= had]
    assert found, f"no {name} with {labels}"
    return sum(found)


async def test_one_trace_covers_a_request_here_and_its_projection_there(pair: Pair) -> None:
    _, trace = await tell(pair)
    here, there = pair.territory.sirens

    def applied() -> list[Seen]:
        return [one for one in pair.collector.of(trace.trace_id) if (one.epci, one.name) == (there, "process project")]

    async def whole() -> bool:
        kinds = {(one.epci, one.kind) for one in pair.collector.of(trace.trace_id)}
        arrived = pair.collector.of(trace.trace_id)
        ids = {one.span_id for one in arrived}
        because = any(one.name == "record feed-entry" and one.parent_id in ids for one in arrived)
        wanted = {(here, SERVER), (here, PRODUCER), (here, CLIENT), (there, CONSUMER)}
        return because and bool(applied()) and kinds >= wanted

    await eventually(whole, within=20)
    spans = {one.span_id: one for one in pair.collector.of(trace.trace_id)}
    (door,) = (one for one in spans.values() if one.kind == SERVER)
    assert door.name == "POST /api/v1/projects"
    assert door.said["http.response.status_code"] == "201"
    for heard in applied():
        recorded = spans[heard.parent_id]
        assert heard.links == (recorded.span_id,)
        assert (recorded.epci, recorded.kind, recorded.parent_id) == (here, PRODUCER, door.span_id)
    (news,) = (one for one in spans.values() if (one.epci, one.name) == (here, "record feed-entry"))
    assert spans[news.parent_id].name == "process project"
    topic = f"ti.territory.{here}.project.v1"
    (sent,) = (one for one in spans.values() if one.name == f"send {topic}")
    assert spans[sent.parent_id].name == "record project"


async def test_spans_say_nothing_that_people_wrote_and_no_address(pair: Pair) -> None:
    project_id, trace = await tell(pair)
    await pair.here.get("/desinscription/un-secret-de-lien?jeton=un-autre-secret")
    await pair.here.get(f"/api/v1/projects/{project_id}")

    async def seen() -> bool:
        return "GET /api/v1/projects/{project_id}" in {one.name for one in pair.collector.spans}

    await eventually(seen, within=20)
    assert pair.collector.of(trace.trace_id)
    told = b"".join(pair.collector.raw)
    for word in (TITLE, project_id, "secret", "jeton"):
        assert word.encode() not in told


async def test_log_lines_of_a_request_name_its_trace(pair: Pair) -> None:
    _, trace = await tell(pair)

    lines = [json.loads(line) for line in (pair.here.folder / "serve.log").read_text("utf-8").splitlines()]

    assert [one for one in lines if one.get("trace_id") == trace.trace_id and one.get("request_id")]


async def test_figures_follow_a_message_through_its_stages(pair: Pair) -> None:
    await tell(pair)
    here, there = pair.territory.sirens
    topic = f"ti.territory.{here}.project.v1"

    async def measured() -> bool:
        seen = await figures(pair.there)
        return (
            one(seen, "estuaire_consumer_lag_records", epci=there, group=f"{there}.projects.projector.p1", topic=topic)
            == 0
        )

    await eventually(measured, within=20)
    sender, reader = await figures(pair.here), await figures(pair.there)
    for stage in ("sent", "acknowledged"):
        assert one(sender, "estuaire_message_stage_seconds_count", service="projects", stage=stage) >= 1
    for stage in ("received", "applied", "whole"):
        assert one(reader, "estuaire_message_stage_seconds_count", service="projects", stage=stage) >= 1
    assert one(reader, "estuaire_message_stage_seconds_bucket", service="projects", stage="whole", le="60.0") >= 1
    assert one(sender, "estuaire_outbox_published_total", epci=here, service="projects") >= 1


async def test_figures_tell_of_requests_jobs_databases_and_kafka(pair: Pair) -> None:
    project_id, _ = await tell(pair)
    await pair.here.get("/rien-ici")
    seen = await figures(pair.here)
    siren = pair.territory.sirens[0]

    count = "estuaire_http_request_duration_seconds_count"
    assert one(seen, count, method="POST", route="/api/v1/projects", status="201") >= 1
    assert one(seen, count, method="GET", route="other", status="404") >= 1
    assert one(seen, "estuaire_job_duration_seconds_count", service="projects", job="send_heartbeat") >= 1
    for service in ("projects", "contacts", "events", "notifications"):
        assert one(seen, "estuaire_database_up", epci=siren, service=service) == 1
        assert one(seen, "estuaire_outbox_blocked_keys", epci=siren, service=service) == 0
        assert one(seen, "estuaire_parked_records", epci=siren, service=service) == 0
        assert one(seen, "estuaire_dead_letters_unsettled", epci=siren, service=service) == 0
    assert one(seen, "estuaire_kafka_up", epci=siren) == 1
    assert one(seen, "estuaire_build_info") == 1
    labels = {value for _, had in seen for _, value in had}
    assert not {value for value in labels if project_id in value or TITLE in value or "rien-ici" in value}


async def status(settings: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Return what ``estuaire status --json`` answers."""
    ended = await asyncio.to_thread(estuaire, settings, "status", "--json")
    return ended.returncode, json.loads(ended.stdout)


async def test_the_command_and_the_api_tell_the_same(pair: Pair) -> None:
    await tell(pair)
    here, there = pair.territory.sirens

    async def heard() -> bool:
        peers = (await pair.here.get("/api/v1/status")).json()["peers"]
        return all(one["last_heard"] for one in peers)

    await eventually(heard, within=30)
    code, told = await status(pair.settings[0])

    async def asked() -> dict[str, Any] | None:
        found: dict[str, Any] = (await pair.here.get("/api/v1/status")).json()
        return found if all(one["lag"] is not None for one in found["services"]) else None

    served = await eventually(asked, within=30) or {}
    assert (code, told["attention"]) == (0, [])
    assert told["kafka"] == served["kafka"] == "connected"
    fixed = ("service", "database", "revision", "led", "blocked", "parked", "dead_letters")
    services = [[{key: one[key] for key in fixed} for one in found["services"]] for found in (told, served)]
    assert services[0] == services[1]
    assert {one["siren"] for one in served["peers"]} == {here, there}
    assert all(one["software"].startswith("estuaire ") for one in served["peers"])
