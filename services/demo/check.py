"""The verdict, from outside: HTTP of the instances, mails in the sink, a dump of the topics by a plain client."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.demo.children import Instances
from services.demo.doors import Acknowledged, Door, Ledger
from services.demo.dump import Dumped, dump
from services.demo.mailbox import Mailbox
from services.demo.reader import read_public_projects
from shared.messaging.embedded.node import LocalKafka

SECONDS = 60
VERSION = "4.3.1"
VISIBLE = frozenset({"territory", "public"})


class Stage(Protocol):
    """What is verified."""

    kafka: LocalKafka
    instances: Instances
    mailbox: Mailbox
    doors: list[Door]
    ledger: Ledger
    seconds: dict[str, float]


@dataclass
class Verdict:
    """What was found, and what differs from what it should be."""

    facts: dict[str, Any] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def expect(self, truth: bool, sentence: str) -> None:  # noqa: FBT001 - a finding
        """Note a difference unless ``truth``."""
        if not truth:
            self.differences.append(sentence)

    def summary(self) -> dict[str, Any]:
        """Return the one JSON line."""
        differing = {"differences": self.differences} if self.differences else {}
        return {"ok": self.ok, **self.facts, **differing}


async def verify(stage: Stage) -> Verdict:
    """Wait until the instances agree, then compare what they promised with what is there."""
    verdict = Verdict()
    began = time.monotonic()
    converged = await _converged(stage)
    converge = round(time.monotonic() - began, 1)
    verdict.expect(converged, "les instances ne montrent pas la même chose")
    topics = await asyncio.to_thread(dump, stage.kafka.bootstrap)
    views = await _views(stage)
    lost = _lost(stage.ledger, topics, views)
    verdict.expect(not lost, f"versions promises et absentes : {lost[:5]}")
    dead = sum(len(records) for topic, records in topics.items() if "-dlq." in topic)
    verdict.expect(dead == 0, f"{dead} messages mis de côté")
    mails = await _mails(stage, verdict)
    outside = await asyncio.to_thread(read_public_projects, stage.doors[0].place.url, stage.kafka.bootstrap)
    shown = next(iter(views.values()))
    public = {key for key, item in shown["projects"].items() if item["visibility"] == "public"}
    verdict.expect({one["id"] for one in outside} == {key[1] for key in public}, "le lecteur étranger lit autre chose")
    _private_stays_home(stage, topics, verdict)
    resident = stage.instances.resident_mb()
    verdict.facts = {
        "epci": len(stage.doors),
        "kafka": {"version": VERSION, "how": "embedded"},
        "projects": len(shown["projects"]),
        "agenda_events": len(shown["events"]),
        "registrations": stage.ledger.total("registrations"),
        "messages": sum(len(records) for records in topics.values()),
        "converged": converged,
        "mails": mails,
        "lost": len(lost),
        "dead_letters": dead,
        "seconds": {**stage.seconds, "converge": converge},
        "resident_mb": {"kafka": stage.kafka.resident_mb(), "instance_max": max(resident.values())},
    }
    return verdict


async def _converged(stage: Stage) -> bool:
    for _ in range(SECONDS * 2):
        status = [await door.get("/api/v1/status", role="admin") for door in stage.doors]
        waiting = sum(service["backlog"] for one in status for service in one["services"])
        views = [_comparable(view) for view in (await _views(stage)).values()]
        if waiting == 0 and all(view == views[0] for view in views):
            return True
        await asyncio.sleep(0.5)
    return False


def _comparable(view: Mapping[str, Mapping[Any, Any]]) -> dict[str, Any]:
    return {kind: sorted((*key, item["version"]) for key, item in items.items()) for kind, items in view.items()}


async def _views(stage: Stage) -> dict[str, dict[str, dict[tuple[str, str], Any]]]:
    """Return what the territory looks like from each instance, private things of its own left out."""
    return {door.place.siren: await _view(door) for door in stage.doors}


async def _view(door: Door) -> dict[str, dict[tuple[str, str], Any]]:
    found: dict[str, dict[tuple[str, str], Any]] = {}
    for kind in ("projects", "events", "feed"):
        items: list[dict[str, Any]] = []
        query: dict[str, Any] = {"limit": 200}
        while True:
            page = await door.get(f"/api/v1/{kind}", **query)
            items += page["items"]
            if not page.get("next_after"):
                break
            query["after"] = page["next_after"]
        shared = (item for item in items if item["visibility"] in VISIBLE)
        found[kind] = {(item["home_epci"], item["id"]): item for item in shared}
    return found


def _lost(ledger: Ledger, topics: Mapping[str, list[Dumped]], views: Mapping[str, Any]) -> list[Acknowledged]:
    """Return the promised versions that are not in their topic, or of which an instance holds an older one."""
    written = {
        (topic.split(".")[2], record.key, record.version)
        for topic, records in topics.items()
        if topic.startswith("ti.territory.") and ".project." in topic
        for record in records
    }
    newest: dict[tuple[str, str], int] = {}
    lost = []
    for one in ledger.projects:
        if one.visibility not in VISIBLE:
            continue
        newest[one.epci, one.id] = max(newest.get((one.epci, one.id), 0), one.version)
        if (one.epci, one.id, one.version) not in written:
            lost.append(one)
    for view in views.values():
        held = {key: item["version"] for key, item in view["projects"].items()}
        missing = [
            Acknowledged(*key, version, "territory") for key, version in newest.items() if held.get(key, 0) < version
        ]
        lost += missing
    return lost


async def _mails(stage: Stage, verdict: Verdict) -> dict[str, int]:
    """Compare the mailbox with what each instance says that the relay accepted."""
    expected = 0
    for door in stage.doors:
        summary = await door.get("/api/v1/deliveries/summary", role="coordinator")
        expected += int(summary["expected"])
        left = {state: number for state, number in summary["states"].items() if state in BAD and number}
        verdict.expect(not left, f"{door.place.code} a des courriels {left}")
    received = stage.mailbox.messages
    copies = Counter((mail.message_id, mail.recipient) for mail in received)
    duplicates = sum(count - 1 for count in copies.values())
    verdict.expect(len(received) == expected, f"{len(received)} courriels reçus, {expected} attendus")
    verdict.expect(duplicates == 0, f"{duplicates} courriels en double")
    verdict.expect(any(mail.calendars for mail in received), "aucun courriel ne porte de rendez-vous")
    return {"expected": expected, "received": len(received), "duplicates": duplicates}


BAD = frozenset({"failed", "uncertain", "pending", "leased", "sending", "deferred"})


def _private_stays_home(stage: Stage, topics: Mapping[str, list[Dumped]], verdict: Verdict) -> None:
    """Look for addresses of people on shared topics."""
    addresses = {mail.recipient.encode() for mail in stage.mailbox.messages}
    for topic, records in topics.items():
        if topic.startswith("ti.private."):
            continue
        for record in records:
            found = [address for address in addresses if address in (record.value or b"")]
            verdict.expect(not found, f"une adresse est sur {topic}")
