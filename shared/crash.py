"""Crash points: lines at which a test may end the process, to prove that nothing is lost there."""

import os
from collections import Counter
from functools import cache

POINTS = frozenset(
    {
        "command.before_commit",
        "command.after_commit",
        "relay.after_select",
        "relay.mid_window",
        "relay.after_ack",
        "relay.after_mark",
        "projector.after_poll",
        "projector.before_commit",
        "projector.after_commit",
        "reactor.before_commit",
        "reactor.after_commit",
        "parked.after_insert",
        "parked.after_replay",
        "dlq.before_publish",
        "dlq.after_publish",
        "issue.after_freeze",
        "mail.after_lease",
        "mail.before_data",
        "mail.after_250",
        "rebuild.before_swap",
        "rebuild.after_swap",
        "backup.mid",
        "restore.after_copy",
        "restore.after_incarnation",
    }
)

_crossed: Counter[str] = Counter()


def point(name: str) -> None:
    """End the process here, with code 137, when ``ESTUAIRE_CRASH_AT`` is ``<name>:<nth>`` and tests are on.

    Raises:
        KeyError: ``name`` is not a registered point.
    """
    if name not in POINTS:
        raise KeyError(name)
    if name != _wanted()[0]:
        return
    _crossed[name] += 1
    if _crossed[name] == _wanted()[1]:
        os._exit(137)


@cache
def _wanted() -> tuple[str, int]:
    """Return where to end and at which crossing; asked at the first point, as points are crossed for every record."""
    if os.environ.get("ESTUAIRE_TESTING") != "1":
        return "", 0
    at, _, nth = os.environ.get("ESTUAIRE_CRASH_AT", "").partition(":")
    return at, int(nth or 1)
