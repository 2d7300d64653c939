"""The answer of a project to a call: what may follow what."""

from collections.abc import Mapping

from shared.contracts.projects import ApplicationStatus as Status

RESULTS = frozenset({Status.LAUREATE, Status.NOT_SELECTED})
_NEXT: Mapping[Status, frozenset[Status]] = {
    Status.IDENTIFIED: frozenset({Status.PREPARING, Status.SUBMITTED}),
    Status.PREPARING: frozenset({Status.SUBMITTED}),
    # Not every funder says first whether an answer is admissible.
    Status.SUBMITTED: RESULTS | {Status.ADMISSIBLE},
    Status.ADMISSIBLE: RESULTS,
    Status.LAUREATE: frozenset(),
    Status.NOT_SELECTED: frozenset(),
    Status.WITHDRAWN: frozenset(),
}


def next_statuses(status: Status) -> frozenset[Status]:
    """Return what may follow; whatever is not decided may be withdrawn, and so may what was won."""
    over = {Status.NOT_SELECTED, Status.WITHDRAWN}
    return _NEXT[status] | (frozenset() if status in over else frozenset({Status.WITHDRAWN}))
