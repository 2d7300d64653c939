"""I6: what is personal stays at home. I7: memory, backlog and stops are bounded. P9: never a 500."""

import re
from collections.abc import Iterator

from tests.chaos.checker.evidence import Evidence, files_of

CANARY = re.compile(rb"canari[ .](e\d+)-\d{6}", re.IGNORECASE)
MOST_MB = 500


def canaries_told(evidence: Evidence) -> Iterator[str]:
    """Name each record outside its EPCI in which a synthetic person is found."""
    for topic, records in evidence.topics.items():
        _, scope, siren, *_ = topic.split(".")
        own = evidence.place(siren).code.lower().encode()
        for record in records:
            text = b" ".join([record.value or b"", *(value or b"" for _, value in record.headers)])
            found = {code.lower() for code in CANARY.findall(text)}
            if found - ({own} if scope == "private" else set()):
                yield f"{topic} at {record.offset} speaks of somebody"


def canaries_kept(evidence: Evidence) -> Iterator[str]:
    """Name each file of another EPCI, and each log, in which a synthetic person is found."""
    for place in evidence.places:
        for name, kept in evidence.kept.get(place.siren, {}).items():
            strangers = {code.lower() for code in CANARY.findall(kept)} - {place.code.lower().encode()}
            if strangers:
                yield f"{name} holds people of {sorted(strangers)}"
        for file in files_of(place, "*.log"):
            if CANARY.search(file.read_bytes()):
                yield f"{file} names somebody"


def bounds(evidence: Evidence) -> Iterator[str]:
    """Name each process that took too much memory, each outbox that is not empty, each row that is blocked."""
    yield from (f"{name} took {peak} MB" for name, peak in evidence.peaks_mb.items() if peak > MOST_MB)
    for siren, tables in evidence.tables.items():
        for service, rows in tables.outbox.items():
            waiting = sum(row.published_at is None and ".heartbeat." not in row.topic for row in rows)
            blocked = sum(row.blocked_at is not None for row in rows)
            if waiting or blocked:
                yield f"{siren}.{service}: {waiting} rows wait, {blocked} are blocked"


def answers(evidence: Evidence) -> Iterator[str]:
    """Name answers that nobody should ever get, and what should run and had ended."""
    if evidence.statuses[500]:
        yield f"{evidence.statuses[500]} answers were 500"
    yield from evidence.dead_tasks
    yield from evidence.slow_stops


def convergence(evidence: Evidence) -> Iterator[str]:
    """Say how much was still to be handled when the time to converge was over."""
    if evidence.lag:
        yield f"{evidence.lag} rows or records were still to be handled"
