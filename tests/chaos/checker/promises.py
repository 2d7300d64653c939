"""I1: no acknowledged write is lost. I2: nothing is there that nobody asked for, and nothing twice."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sqlmodel import SQLModel

from services.contacts.models import Person
from services.events.models import Event, Registration
from services.notifications.models import Entry
from services.projects.models import OwnAnswer, Project
from tests.chaos.checker.evidence import Evidence
from tests.chaos.ledger import Line, Outcome
from tests.chaos.log import Logged

MARKED = re.compile(r"E\d+-\d{6}")
SHARED = frozenset({"project", "participation", "agenda-event"})
HOMES: Mapping[str, type[SQLModel]] = {
    "project": Project,
    "participation": OwnAnswer,
    "agenda-event": Event,
    "person-card": Person,
}
TITLED = frozenset({"project.create", "project.rename", "event.rename"})


def lost_versions(evidence: Evidence) -> Iterator[str]:
    """Name each version answered 2xx that is missing from a topic it should be in."""
    written = {
        (topic, (record.key or b"").decode(errors="replace"), record.version)
        for topic in evidence.topics
        for record in evidence.ours(topic)
    }
    for line in _promised(evidence):
        for scope in _scopes(line):
            topic = f"ti.{scope}.{line.epci}.{line.aggregate}.v1"
            if line.version and line.id and (topic, line.id, line.version) not in written:
                yield f"{line.act} {line.mark}: version {line.version} of {line.id} is not in {topic}"


def lost_words(evidence: Evidence) -> Iterator[str]:
    """Name each acknowledged change whose record does not say it."""
    said = {
        (line.epci, line.id, line.version): line
        for line in _promised(evidence)
        if line.act in TITLED and line.visibility != "private"
    }
    for siren in evidence.sirens:
        for aggregate in ("project", "agenda-event"):
            for record in evidence.ours(f"ti.territory.{siren}.{aggregate}.v1"):
                line = said.get((siren, (record.key or b"").decode(), record.version))
                if line and record.value and line.mark not in _state(record).get("title", ""):
                    yield f"{line.act} {line.mark}: version {line.version} does not say so"


def lost_rows(evidence: Evidence) -> Iterator[str]:
    """Name each acknowledged act whose row is missing at home, or older than promised."""
    versions = {
        (siren, aggregate, str(row.id)): row.version
        for siren, tables in evidence.tables.items()
        for aggregate, table in HOMES.items()
        for row in tables.any(table)
    }
    asked = {(siren, row.email) for siren, tables in evidence.tables.items() for row in tables.all(Registration)}
    for line in _promised(evidence):
        if line.version and versions.get((line.epci, line.aggregate, line.id), 0) < line.version:
            yield f"{line.act} {line.mark}: {line.id} is older than version {line.version} at home"
        if line.act == "registration.ask" and (line.epci, line.more) not in asked:
            yield f"{line.act} {line.mark}: nobody waits under {line.more}"


def refused_but_done(evidence: Evidence) -> Iterator[str]:
    """Name each act that was refused and left a trace, or should have been refused and was not."""
    refused = {line.mark for line in evidence.lines if line.outcome is Outcome.REFUSED}
    for mark, where in _marks(evidence):
        if mark in refused:
            yield f"{mark} was refused, and is in {where}"
    for line in evidence.lines:
        if line.act == "project.rename_late" and line.outcome is Outcome.OK:
            yield f"{line.mark}: a change upon an old version was accepted"


def phantoms(evidence: Evidence) -> Iterator[str]:
    """Name everything that no user asked for."""
    known = {line.mark for line in evidence.lines}
    for mark, where in _marks(evidence):
        if mark not in known:
            yield f"{mark} in {where}: nobody wrote it"


def stray_aggregates(evidence: Evidence) -> Iterator[str]:
    """Name every piece of news without a source, and every project told of that its EPCI does not have."""
    strangers = {(record.key or b"").decode(errors="replace") for record, _, _ in evidence.intruders()}
    for siren, tables in evidence.tables.items():
        sources = {str(row.id) for row in tables.any(Project, Event)}
        for entry in tables.all(Entry):
            if str(entry.source_id) not in sources | strangers:
                yield f"{siren}: an entry tells of {entry.source_id}, which is not there"
        own = {str(row.id) for row in tables.all(Project)}
        for record in evidence.ours(f"ti.territory.{siren}.project.v1"):
            if (record.key or b"").decode() not in own:
                yield f"{siren} told of project {record.key!r}, which it does not have"


def done_twice(evidence: Evidence) -> Iterator[str]:
    """Name each act that happened more than once."""
    creates = {line.mark for line in evidence.lines if line.act in {"project.create", "event.draft", "person.enter"}}
    for siren, tables in evidence.tables.items():
        seen: dict[str, set[str]] = {}
        for topic in (f"ti.territory.{siren}.project.v1", f"ti.private.{siren}.person-card.v1"):
            for record in evidence.ours(topic):
                for mark in creates & set(MARKED.findall((record.value or b"").decode(errors="replace"))):
                    seen.setdefault(mark, set()).add((record.key or b"").decode())
        yield from (f"{mark}: made {len(ids)} times" for mark, ids in seen.items() if len(ids) > 1)
        steps = Counter(mark for row in tables.all(Project) for one in row.milestones for mark in _found(one.label))
        yield from (f"{mark}: {count} milestones" for mark, count in steps.items() if count > 1)
        places = Counter((str(row.event_id), row.email) for row in tables.all(Registration))
        asked = Counter((line.id, line.more) for line in evidence.lines if line.act == "registration.ask")
        yield from (f"{one}: {count} registrations" for one, count in places.items() if count > asked[one])


def _promised(evidence: Evidence) -> list[Line]:
    return [line for line in evidence.lines if line.outcome is Outcome.OK]


def _scopes(line: Line) -> tuple[str, ...]:
    if line.aggregate == "person-card":
        return ("private",)
    if line.aggregate not in SHARED or line.visibility == "private":
        return ()
    return ("territory", "public") if line.visibility == "public" else ("territory",)


def _marks(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Return each mark that is written somewhere at home or told to the territory, and where."""
    for topic in evidence.topics:
        for mark in {mark for record in evidence.ours(topic) for mark in _words(record)}:
            if "-dlq." not in topic:
                yield mark, topic
    for siren, tables in evidence.tables.items():
        for row in tables.any(Project, Event):
            for mark in _found(row.title):
                yield mark, f"{row.__tablename__} of {siren}"


def _words(record: Logged) -> frozenset[str]:
    return _found((record.value or b"").decode(errors="replace"))


@cache
def _found(text: str) -> frozenset[str]:
    return frozenset(MARKED.findall(text))


def _state(record: Logged) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(record.value or b"{}")
    return state
