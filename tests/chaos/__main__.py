"""``python -m tests.chaos``: break a territory on purpose and report; the exit code is 0 when nothing was found."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.cluster import COPIES
from tests.chaos.profile import PROFILES
from tests.chaos.run import Order, run
from tests.chaos.trial import try_all

FOLDER = Path(".data/chaos")


def main(arguments: list[str]) -> int:
    """Run what is asked for; return the exit code."""
    asked = _parser().parse_args(arguments)
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(10**6)
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{asked.profile}-{seed}-", dir=FOLDER))
    profile = PROFILES[asked.profile].sized(messages=asked.messages, faults=asked.faults, epcis=asked.epcis)
    again = f"make chaos SEED={seed} PROFILE={asked.profile} LAYOUT={asked.layout} DB={asked.db}"
    order = Order(seed, profile, folder, asked.layout, asked.db, again=again)
    if asked.planted:
        return try_all(order, _say)
    _say(f"seed {seed}, {profile.epcis} EPCI, {profile.messages} messages, {profile.faults} faults; folder {folder}")
    report = run(order, _say)
    report.tell(_say)
    return 0 if report.ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="smoke")
    parser.add_argument("--layout", choices=sorted(COPIES), default="single")
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--messages", type=int, default=0, help="records wanted, if not those of the profile")
    parser.add_argument("--faults", type=int, default=-1, help="faults wanted, if not those of the profile")
    parser.add_argument("--epcis", type=int, default=0, help="EPCI wanted, if not those of the profile")
    parser.add_argument("--planted", action="store_true", help="plant bugs, one run each: the checker must see them")
    return parser


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - the answer of the command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
