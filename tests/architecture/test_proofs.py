"""Every fault, abuse and invariant has a test of that name, or a line that says why not."""

import re
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]
FAULTS = [f"F{number:02d}" for number in range(1, 33)]
ABUSES = [f"A{number:02d}" for number in range(1, 15)]
INVARIANTS = [f"I{number:02d}" for number in range(1, 24)]
_TEST = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
_NAMED = re.compile(r"(?<=_)(?:(f|a)(\d\d)|invariants?_(\d+))(?=_|$)")
_LISTED = re.compile(r"\b([FAI]\d\d)\b")


def named_in(test: str) -> set[str]:
    """Return the ids that the name of a test carries: ``test_f04_…``, ``test_a01_f22_…``, ``test_invariant_19_…``."""
    found = _NAMED.findall(test)
    return {f"{kind.upper()}{number}" if kind else f"I{int(invariant):02d}" for kind, number, invariant in found}


def ids_tested() -> dict[str, list[str]]:
    """Return the tests that name each id."""
    found: dict[str, list[str]] = {}
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    for test in chain.from_iterable(_TEST.findall(file.read_text(encoding="utf-8")) for file in files):
        for one in named_in(test):
            found.setdefault(one, []).append(test)
    return found


def test_a_name_carries_several_ids() -> None:
    assert named_in("test_f04_a11_invariant_3_nothing_is_lost") == {"F04", "A11", "I03"}
    assert named_in("test_a_project_of_f1_is_kept") == set()


def test_every_fault_abuse_and_invariant_is_proven_or_listed() -> None:
    proven = ids_tested()
    listed = set(_LISTED.findall((ROOT / "docs" / "not-proven.md").read_text(encoding="utf-8")))
    silent = [one for one in FAULTS + ABUSES + INVARIANTS if one not in proven and one not in listed]

    assert silent == [], "neither a test of that name nor a line in docs/not-proven.md"
