"""The process that forks the instances of a run, as the demo does; some of them with a wrong clock or a planted bug.

``python -m tests.chaos.launch``: the protocol is that of ``services.cli.nursery``.
"""

import os
from datetime import timedelta

from services.cli import nursery
from services.cli.serve import serve
from shared import clock
from tests.chaos import planted

CLOCK, PLANTED = "CHAOS_CLOCK_SECONDS", "CHAOS_PLANTED"
PROGRAM = ("-m", "tests.chaos.launch")


def serve_here(services: list[str] | None = None) -> None:
    """Serve as the environment says: in another time, or with a bug."""
    planted.plant(os.environ.get(PLANTED, ""))
    with clock.shifted(timedelta(seconds=float(os.environ.get(CLOCK) or 0))):
        serve(services)


if __name__ == "__main__":
    nursery.serve = serve_here  # type: ignore[attr-defined]  # the same, wrapped
    nursery.main()
