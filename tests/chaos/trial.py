"""Who checks the checker: short runs of a product with one bug each, which must be seen; and one without."""

import time
from dataclasses import replace

from tests.chaos.nemesis.schedule import Fault
from tests.chaos.planted import BUGS
from tests.chaos.profile import PROFILES
from tests.chaos.report import Report, Say
from tests.chaos.run import Order, run
from tests.chaos.traffic.crowd import BRIEF

PLANTED = PROFILES["planted"]


def _fault(number: int, kind: str, at: float, place: int) -> Fault:
    return Fault(number, kind, "planted", at, seconds=0.2, place=place, node=0, draw=number)


SCHEDULE = tuple(
    _fault(number, *what)
    for number, what in enumerate(
        (
            ("instance.kill", 0.3, 0),
            ("records.poison", 0.4, 0),
            ("records.again", 0.5, 1),
            ("instance.kill", 0.55, 1),
            ("records.forged", 0.6, 0),
            ("instance.kill", 0.7, 0),
            ("records.again", 0.8, 0),
            ("instance.kill", 0.9, 1),
            ("records.again", 0.97, 1),
        ),
        start=1,
    )
)
"""The same for every bug: whatever a crash, a copy, poison or a forgery may bring to light."""


def try_bug(name: str, order: Order) -> Report:
    """Run a territory in which every instance has one bug, or none for the empty name."""
    order = replace(order, profile=PLANTED, planted=name, schedule=SCHEDULE, weights=BRIEF)
    return run(replace(order, folder=order.folder / (name or "none")), say=lambda _: None)


def misses(name: str, report: Report) -> str:
    """Return what is wrong with the checker, judged by one run; nothing when it saw what it had to."""
    if not name:
        return f"found without a bug: {report.failed}" if report.failed else ""
    seen = set(report.failed).intersection(BUGS[name].seen_by)
    return "" if seen else f"not seen by any of {BUGS[name].seen_by}; failed: {report.failed}"


def try_all(order: Order, say: Say) -> int:
    """Try every bug, and none; return the exit code."""
    failed = 0
    for name in ("", *BUGS):
        began = time.monotonic()
        report = try_bug(name, order)
        wrong = misses(name, report)
        failed += bool(wrong)
        told = wrong or ("nothing found, rightly" if not name else f"caught by {', '.join(report.failed)}")
        say(f"{'FAILED' if wrong else 'passed'}  {name or 'no bug':<18} {time.monotonic() - began:5.0f} s  {told}")
    say(f"kept in {order.folder}")
    say(f"{len(BUGS) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0
