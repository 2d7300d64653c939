"""Four services in one process, or in four: whoever reads the topics cannot tell."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.host import SERVICES
from shared.clock import now
from shared.messaging.topology import topics_of
from shared.outbound import Answer, plain_client
from shared.territory.members import Member, Territory
from tests.support.broker import free_port
from tests.support.contacts import person_body
from tests.support.events import event_body
from tests.support.instances import Served, environment, serving
from tests.support.topics import dump
from tests.support.waiting import eventually

TOGETHER, APART = ["together"], list(SERVICES)
# What differs by nature: ids, instants, and what carries them.
UNLIKE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)|http://127\.0\.0\.1:\d+[^\"]*")


@dataclass
class House:
    """One EPCI, hosted one way or the other."""

    siren: str
    served: dict[str, Served]

    async def ask(self, method: str, service: str, path: str, body: object, *, seen: str = "") -> Answer:
        """Do something as an administrator, at the process that runs the service."""
        served = self.served.get(service) or self.served["together"]
        headers = {"if-match": seen} if seen else {}
        async with plain_client(served.url, token=served.token) as client:
            answer = await client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer


@pytest.fixture
async def houses(tmp_path: Path, bootstrap: str, territory: Territory, topics: object) -> AsyncIterator[list[House]]:
    """Run the first EPCI in one process, the second in four on one folder."""
    with ExitStack() as stack:
        made = []
        for siren, names in zip(territory.sirens, (TOGETHER, APART), strict=False):
            folder = tmp_path / siren
            await asyncio.to_thread(folder.mkdir)
            key = secrets.token_urlsafe(48)
            served: dict[str, Served] = {}
            token = ""
            # Written once: a file that is written again is empty for whoever reads it at that moment.
            shared = environment(territory, folder, bootstrap=bootstrap, port=0)
            shared |= {"ESTUAIRE_SIREN": siren, "ESTUAIRE_SECRET_KEY": key}
            for name in names:
                port = str(free_port())
                settings = shared | {"ESTUAIRE_PORT": port, "ESTUAIRE_BASE_URL": f"http://127.0.0.1:{port}"}
                services = [] if name == "together" else [name]
                served[name] = stack.enter_context(serving(settings, folder, *services, token=token))
                token = served[name].token
            for one in served.values():
                await eventually(one.answers, within=60)
            made.append(House(siren, served))
        yield made


async def play(house: House, *, start: datetime) -> None:
    """Do the same things, one after the other: projects, people, an event, and what follows from them by itself."""
    wanted = {"title": "Chaufferie biomasse", "kind": "study", "visibility": "public"}
    project = await house.ask("POST", "projects", "/projects", wanted)
    address = f"/projects/{project.json()['id']}"
    change = {"title": "Chaufferie biomasse et réseau"}
    await house.ask("PATCH", "projects", address, change, seen=project.headers["etag"])
    await house.ask("POST", "contacts", "/people", person_body())
    event = await house.ask("POST", "events", "/events", event_body(title="Petit-déjeuner commun", start=start))
    for to in ("in_review", "ready", "published"):
        publication = f"/events/{event.json()['id']}/publication"
        event = await house.ask("POST", "events", publication, {"to": to}, seen=event.headers["etag"])


async def observable(bootstrap: str, epci: Member) -> dict[str, list[Any]]:
    """Return what each topic of an EPCI tells, without what differs by nature."""
    found: dict[str, list[Any]] = {}
    siren, names = epci.siren, {epci.siren: "SIREN", epci.name: "NAME", epci.code: "CODE"}
    for topic in topics_of(siren):
        if ".heartbeat." in topic.name or "-dlq." in topic.name:
            continue
        records = await dump(bootstrap, topic.name)
        found[topic.name.replace(siren, "SIREN")] = [_plain(one, names) for one in records]
    return found


def _plain(record: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - a record of the client, JSON
    headers = {
        name: value.decode() for name, value in record.headers if name not in {"ce_id", "ce_instance", "ce_traceparent"}
    }
    text = json.dumps([headers, json.loads(record.value) if record.value else None], sort_keys=True)
    for name, same in names.items():
        text = text.replace(name, same)
    return json.loads(UNLIKE.sub("…", text))


@pytest.mark.timeout(300)
async def test_invariant_19_four_in_one_and_four_apart_tell_the_same(
    houses: list[House], bootstrap: str, territory: Territory
) -> None:
    together, apart = houses
    start = now() + timedelta(days=12)
    for house in houses:
        await play(house, start=start)

    async def all_told() -> bool:
        return all([len(await dump(bootstrap, f"ti.public.{one.siren}.feed-entry.v1")) >= 2 for one in houses])

    await eventually(all_told, within=60)
    mine, theirs = [await observable(bootstrap, territory.member(house.siren)) for house in (together, apart)]

    assert mine.keys() == theirs.keys()
    assert sum(map(len, mine.values())) > 12
    for topic, records in mine.items():
        assert sorted(map(json.dumps, records)) == sorted(map(json.dumps, theirs[topic])), topic
