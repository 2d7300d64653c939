"""I8: every offset is applied, acted upon once, or set aside with its reason; and nothing else is set aside."""

from collections import Counter
from collections.abc import Iterator

from services.host import SERVICES
from shared.contracts import CATALOGUE
from tests.chaos.checker.evidence import Evidence
from tests.chaos.log import HEARTBEAT, Logged
from tests.chaos.nemesis.intruder import COPY, FORGED, MARK, NEWER, POISON
from tests.support.hostile import REFUSED

Letter = tuple[str, str, int]


def unhandled_offsets(evidence: Evidence) -> Iterator[str]:
    """Name each group that has not come to the end of a topic it reads.

    Signs of life go on while instances stop: the last one of each may come after its reader.
    """
    for reader in evidence.readers:
        done = evidence.committed.get(reader.group, {})
        for topic, written in evidence.topics.items():
            records = written[:-1] if HEARTBEAT in topic else written
            if records and reader.hears(topic) and done.get(topic, 0) <= records[-1].offset:
                yield f"{reader.group} is at {done.get(topic, 0)} of {records[-1].offset + 1} in {topic}"


def dead_letters(evidence: Evidence) -> Iterator[str]:
    """Name each difference between what is set aside and what had to be, its reason included."""
    wanted = dict(_wanted(evidence))
    found = {letter: reason for letter, reason, _ in _letters(evidence)}
    for letter in sorted(wanted.keys() | found.keys()):
        if wanted.get(letter) != found.get(letter):
            group, topic, offset = letter
            had = wanted.get(letter, "nothing")
            yield f"{group}: {topic} at {offset} is set aside for {found.get(letter, 'nothing')} instead of {had}"
    for letter, _, record in _letters(evidence):
        origin = _original(evidence, letter)
        if origin is not None and record.value != origin.value and not record.header("dlq_cut"):
            yield f"{letter[0]}: the letter of {letter[1]} at {letter[2]} is not what was read"


def reactions(evidence: Evidence) -> Iterator[str]:
    """Name each record that a reaction heard and does not remember, so that it would act upon it again."""
    for siren, tables in evidence.tables.items():
        for name, service in SERVICES.items():
            reader = next(
                (one for one in evidence.readers if _is_reactor(one.epci, one.kind, one.service, siren, name)), None
            )
            if reader is None:
                continue
            heard = {
                (reacting.name, record.header("ce_source"), record.header("ce_id")[:64])
                for topic, records in evidence.topics.items()
                if reader.hears(topic)
                for record in records
                if _is_acted_upon(record)
                for reacting in service.consumers.reactions[topic.split(".")[3]]
            }
            inbox = tables.inbox[name]
            yield from (f"{siren}: {one[0]} does not remember {one[2]}" for one in sorted(heard - inbox.keys()))
            yield from (
                f"{siren}: {one[0]} remembers {one[2]}, which is in no topic" for one in sorted(inbox.keys() - heard)
            )


def count_letters(evidence: Evidence) -> tuple[int, int]:
    """Return how many records are set aside, and how many letters say so."""
    letters = [letter for letter, _, _ in _letters(evidence)]
    return len(set(letters)), len(letters)


def count_repeats(evidence: Evidence) -> int:
    """Return how many records of instances lie in a topic more than once."""
    seen = Counter(
        (topic, record.header("ce_id"))
        for topic in evidence.topics
        if "-dlq." not in topic
        for record in evidence.ours(topic)
    )
    return sum(count - 1 for count in seen.values())


def _is_reactor(epci: str, kind: str, service: str, siren: str, name: str) -> bool:
    return (epci, kind, service) == (siren, "reactor", name)


def _is_acted_upon(record: Logged) -> bool:
    kind, aggregate = record.header(MARK).partition(":")[0], record.topic.split(".")[3]
    fact = record.header("ce_type").removeprefix(f"fr.ti.{aggregate}.").removesuffix(".v1")
    known = fact in CATALOGUE[aggregate].facts
    return record.value is not None and known and kind in {"", COPY, NEWER, FORGED}


def _wanted(evidence: Evidence) -> Iterator[tuple[Letter, str]]:
    for record, kind, name in evidence.intruders():
        for reader in evidence.readers:
            if not reader.hears(record.topic):
                continue
            letter = reader.group, record.topic, record.offset
            if kind == POISON:
                yield letter, REFUSED[name][0]


def _letters(evidence: Evidence) -> Iterator[tuple[Letter, str, Logged]]:
    for topic, records in evidence.topics.items():
        for record in records if "-dlq." in topic else ():
            letter = record.header("dlq_group"), record.header("dlq_topic"), int(record.header("dlq_offset") or -1)
            yield letter, record.header("dlq_reason"), record


def _original(evidence: Evidence, letter: Letter) -> Logged | None:
    _, topic, offset = letter
    return next((one for one in evidence.topics.get(topic, ()) if one.offset == offset), None)
