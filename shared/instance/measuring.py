"""The figures that are not counted where things happen, but read when somebody asks."""

from math import nan

from shared import figures
from shared.instance.state import Examined, ServiceState


def measure(found: Examined, *, epci: str) -> None:
    """Show the state that was found; what is unknown has no figure (NaN), and topics that are gone no line."""
    figures.KAFKA_UP.labels(epci).set(found.kafka_answers)
    figures.LAG.clear()
    for state in found.services:
        _measure(state, epci=epci)


def _measure(state: ServiceState, *, epci: str) -> None:
    known, labels = state.away is None, (epci, state.service)
    figures.DATABASE_UP.labels(*labels).set(known)
    figures.BACKLOG.labels(*labels).set(state.backlog if known else nan)
    figures.OLDEST.labels(*labels).set(state.oldest_age_seconds if known else nan)
    figures.BLOCKED.labels(*labels).set(state.blocked_keys if known else nan)
    figures.PARKED.labels(*labels).set(state.parked if known else nan)
    figures.UNSETTLED.labels(*labels).set(nan if state.dead_letters is None else state.dead_letters)
    for group, topics in (state.lag or {}).items():
        for topic, records in topics.items():
            figures.LAG.labels(*labels, group, topic).set(records)
