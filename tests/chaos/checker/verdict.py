"""Every check, by name, and what each found."""

from collections.abc import Callable, Iterator, Mapping

from tests.chaos.checker import bounds, copies, effects, promises, records
from tests.chaos.checker.evidence import Evidence

Check = Callable[[Evidence], Iterator[str]]

CHECKS: Mapping[str, Check] = {
    "I1 lost: versions in topics": promises.lost_versions,
    "I1 lost: words of records": promises.lost_words,
    "I1 lost: rows at home": promises.lost_rows,
    "I2 phantom: refused, yet done": promises.refused_but_done,
    "I2 phantom: asked by nobody": promises.phantoms,
    "I2 phantom: without a source": promises.stray_aggregates,
    "I2 twice: one request, two acts": promises.done_twice,
    "I3 twice: mails": effects.mails_twice,
    "I3 twice: orders and news": effects.news_twice,
    "I3 mails accounted for": effects.mails_accounted,
    "I3 orders heard": effects.orders_forgotten,
    "I3 readers who left": effects.mails_after_leaving,
    "I4 equal hashes": copies.differing_copies,
    "I4 in time": bounds.convergence,
    "I5 versions never go back": copies.versions_back,
    "I6 persons: records": bounds.canaries_told,
    "I6 persons: databases and logs": bounds.canaries_kept,
    "I7 memory, backlog": bounds.bounds,
    "I8 offsets handled": records.unhandled_offsets,
    "I8 dead letters": records.dead_letters,
    "I8 reactions remembered": records.reactions,
    "P9 answers, stops, tasks": bounds.answers,
    "P11 seats": effects.seats,
}


def judge(evidence: Evidence) -> dict[str, list[str]]:
    """Return what each check found; nothing is how it should be."""
    return {name: list(check(evidence)) for name, check in CHECKS.items()}
