"""Evidence of a sound run, spoilt in one thing at a time: what each check must see."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from sqlmodel import SQLModel

from services.events.models import MailOrder, SeatPool
from services.notifications.models import Delivery, FeedLog
from services.projects.models import KnownProject, Project
from tests.chaos.checker.evidence import Evidence, Tables
from tests.chaos.ledger import Line, Outcome
from tests.chaos.log import Logged

T = TypeVar("T")
Spoil = Callable[[Evidence], Evidence]


def _line(evidence: Evidence, act: str, **changes: Any) -> Evidence:  # noqa: ANN401 - fields of a line
    """Change the last acknowledged line of an act about something shared; without changes, leave it out."""
    chosen = _last(one for one in evidence.lines if _is_kept(one, act))
    changed = [replace(chosen, **changes)] if changes else []
    return replace(evidence, lines=[*(one for one in evidence.lines if one is not chosen), *changed])


def _is_kept(line: Line, act: str) -> bool:
    return line.act == act and line.outcome is Outcome.OK and line.visibility != "private"


def _records(evidence: Evidence, topic: str, records: list[Logged]) -> Evidence:
    return replace(evidence, topics={**evidence.topics, topic: records})


def _projects(evidence: Evidence) -> tuple[str, list[Logged]]:
    topic = f"ti.territory.{evidence.sirens[0]}.project.v1"
    return topic, list(evidence.topics[topic])


def _rows(evidence: Evidence, table: type[SQLModel], rows: list[Any]) -> Evidence:
    """Give the first EPCI other rows of a table."""
    siren = evidence.sirens[0]
    tables = evidence.tables[siren]
    fresh = Tables({**tables.rows, table: rows}, tables.outbox, tables.inbox)
    return replace(evidence, tables={**evidence.tables, siren: fresh})


def _one_less(evidence: Evidence, table: type[SQLModel]) -> Evidence:
    return _rows(evidence, table, evidence.tables[evidence.sirens[0]].rows[table][1:])


def _record_lost(evidence: Evidence) -> Evidence:
    topic, records = _projects(evidence)
    # Some versions were promised to nobody: a state is told again where an old record came after it.
    told = {(one.id, one.version) for one in evidence.lines if _is_kept(one, "project.rename")}
    lost = _last(one for one in evidence.ours(topic) if ((one.key or b"").decode(), one.version) in told)
    return _records(evidence, topic, [one for one in records if one.version != lost.version or one.key != lost.key])


def _made_twice(evidence: Evidence) -> Evidence:
    topic, records = _projects(evidence)
    return _records(evidence, topic, [*records, replace(evidence.ours(topic)[0], key=b"another")])


def _old_at_the_end(evidence: Evidence) -> Evidence:
    topic, records = _projects(evidence)
    newest = {one.key: one for one in evidence.ours(topic)}
    old = next(one for one in evidence.ours(topic) if one.version < newest[one.key].version)
    return _records(evidence, topic, [*records, replace(old, offset=len(records))])


def _person_told(evidence: Evidence) -> Evidence:
    topic, records = _projects(evidence)
    told = replace(records[-1], value=b'{"title": "Canari E0-000001"}')
    return _records(evidence, topic, [*records[:-1], told])


def _person_logged(evidence: Evidence) -> Evidence:
    (evidence.places[0].folder / "spoilt.log").write_text("canari.e1-000001@example.org", encoding="ascii")
    return evidence


def _letter_lost(evidence: Evidence) -> Evidence:
    topic = next(name for name, records in evidence.topics.items() if "-dlq." in name and records)
    return _records(evidence, topic, [])  # all of them: one alone may be there twice, after a crash


def _behind(evidence: Evidence) -> Evidence:
    group, done = next((group, done) for group, done in evidence.committed.items() if any(done.values()))
    topic = _last(name for name, offset in done.items() if offset and evidence.topics.get(name))
    return replace(evidence, committed={**evidence.committed, group: {**done, topic: 0}})


def _forgotten(evidence: Evidence) -> Evidence:
    siren = evidence.sirens[0]
    tables = evidence.tables[siren]
    inbox = Counter(tables.inbox["notifications"])
    del inbox[next(iter(inbox))]
    fresh = Tables(tables.rows, tables.outbox, {**tables.inbox, "notifications": inbox})
    return replace(evidence, tables={**evidence.tables, siren: fresh})


def _overbooked(evidence: Evidence) -> Evidence:
    pools = evidence.tables[evidence.sirens[0]].all(SeatPool)
    full = SeatPool.model_construct(**{**pools[0].model_dump(), "held": pools[0].capacity + 1})
    return _rows(evidence, SeatPool, [full, *pools[1:]])


def _numbered_twice(evidence: Evidence) -> Evidence:
    news = evidence.tables[evidence.sirens[0]].all(FeedLog)
    return _rows(evidence, FeedLog, [*news, news[0]])


def _unsent(evidence: Evidence) -> Evidence:
    siren = evidence.sirens[0]
    tables = evidence.tables[siren]
    row = next(one for one in tables.outbox["projects"] if ".heartbeat." not in one.topic)
    waiting = type(row).model_construct(**{**row.model_dump(), "published_at": None})
    fresh = Tables(tables.rows, {**tables.outbox, "projects": [waiting]}, tables.inbox)
    return replace(evidence, tables={**evidence.tables, siren: fresh})


def _order_unheard(evidence: Evidence) -> Evidence:
    orders = evidence.tables[evidence.sirens[0]].all(MailOrder)
    delivered = evidence.tables[evidence.sirens[0]].all(Delivery)
    open_order = MailOrder.model_construct(**{**orders[0].model_dump(), "settled_at": None})
    spoilt = _rows(evidence, MailOrder, [open_order, *orders[1:]])
    return _rows(spoilt, Delivery, [one for one in delivered if one.order_id != open_order.id])


def _left_and_mailed(evidence: Evidence) -> Evidence:
    recipient, message_id, at = evidence.mails[-1]
    line = Line("E0-000000", "reader.leave", evidence.sirens[0], Outcome.OK, 200, more=recipient, at=at - 10)
    return replace(evidence, lines=[*evidence.lines, line], mails=[*evidence.mails, (recipient, message_id, at)])


SPOILS: Mapping[str, Spoil] = {
    "I1 lost: versions in topics": _record_lost,
    "I1 lost: words of records": lambda one: _line(one, "project.rename", mark="E0-999999"),
    "I1 lost: rows at home": lambda one: _line(one, "project.rename", version=10**6),
    "I2 phantom: refused, yet done": lambda one: _line(one, "project.create", outcome=Outcome.REFUSED),
    "I2 phantom: asked by nobody": lambda one: _line(one, "project.create"),
    "I2 phantom: without a source": lambda one: _one_less(one, Project),
    "I2 twice: one request, two acts": _made_twice,
    "I3 twice: mails": lambda one: replace(one, mails=[*one.mails, one.mails[0]]),
    "I3 twice: orders and news": _numbered_twice,
    "I3 mails accounted for": lambda one: replace(one, mails=[]),
    "I3 orders heard": _order_unheard,
    "I3 readers who left": _left_and_mailed,
    "I4 equal hashes": lambda one: _one_less(one, KnownProject),
    "I4 in time": lambda one: replace(one, lag=1),
    "I5 versions never go back": _old_at_the_end,
    "I6 persons: records": _person_told,
    "I6 persons: databases and logs": _person_logged,
    "I7 memory, backlog": _unsent,
    "I8 offsets handled": _behind,
    "I8 dead letters": _letter_lost,
    "I8 reactions remembered": _forgotten,
    "P9 answers, stops, tasks": lambda one: replace(one, statuses=Counter({500: 1})),
    "P11 seats": _overbooked,
}


def _last(found: Iterable[T]) -> T:
    return list(found)[-1]
