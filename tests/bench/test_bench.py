"""The bench works, and its words mean what they say; what its figures are is for who runs it."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.bench.figures import Bar, Figure, Verdict, percentile
from tests.bench.profiling import read
from tests.support.code import ROOT

COMPARED = {
    "relay, SQLite": {"floor", "ProducerPerformance"},
    "relay, PostgreSQL": {"floor", "ProducerPerformance"},
}
ROWS = ("relay",)
"""One of the rows: each takes minutes, of which most go by until its processes are there."""
BARRED = set(COMPARED)


WITHIN_S = 240


@pytest.mark.timeout(WITHIN_S + 60)
def test_one_run_gives_figures_beside_their_floors(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    chosen = [one for row in ROWS for one in ("--only", row)]
    command = [sys.executable, "-m", "tests.bench", "--quick", "--json", str(file), *chosen]

    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as bench:
        cut = threading.Timer(WITHIN_S, bench.terminate)  # it then ends what it has started
        cut.start()
        told = bench.communicate()[0]
        cut.cancel()

    assert bench.returncode == 0, told[-5000:]
    content = json.loads(file.read_text("utf-8"))
    found = {one["what"]: one for one in content["figures"]}
    assert {name: set(found[name]["beside"]) for name in COMPARED} == COMPARED
    assert {name for name, one in found.items() if one["bars"]} == BARRED
    assert {one["row"] for one in found.values()} == set(ROWS)
    assert all(one["value"] > 0 for name, one in found.items() if "at rest" not in name), found
    assert content["machine"]["kafka"]
    assert all(name in told for name in COMPARED)


@pytest.mark.parametrize(
    ("bar", "value", "busy", "verdict"),
    [
        (Bar(least=0.5, of="floor"), 50, 0.0, Verdict.MET),
        (Bar(least=0.5, of="floor"), 49, 0.0, Verdict.SHORT),
        (Bar(least=0.5, of="floor"), 49, 0.3, Verdict.UNSURE),
        (Bar(most=2, of="floor"), 200, 0.0, Verdict.MET),
        (Bar(most=2, of="floor"), 201, 0.0, Verdict.SHORT),
        (Bar(most=300), 301, 0.0, Verdict.SHORT),
    ],
)
def test_a_bar_is_met_or_not(bar: Bar, value: float, busy: float, verdict: Verdict) -> None:
    figure = Figure("relay", "relay", "rows/s", [value], {"floor": [90, 100, 110]}, (bar,), busy)

    assert figure.verdict is verdict


def test_one_bar_that_is_not_met_is_enough_to_be_short() -> None:
    bars = (Bar(least=0.4, of="floor"), Bar(least=15, of="peer"))

    assert Figure("rebuild", "", "", [50], {"floor": [100], "peer": [10]}, bars).verdict is Verdict.SHORT
    assert Figure("rebuild", "", "", [150], {"floor": [100], "peer": [10]}, bars).verdict is Verdict.MET


def test_a_percentile_is_one_of_the_values() -> None:
    values = list(map(float, range(1, 101)))

    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 51, 100, 100]
    with pytest.raises(ValueError, match="no value"):
        percentile([], 0.5)


def test_a_profile_tells_functions_libraries_and_what_of_ours_they_were_called_by() -> None:
    ours, library = (
        "publish (/x/shared/messaging/relay.py:9)",
        "execute (/x/lib/python3.11/site-packages/sqlalchemy/e.py:1)",
    )

    profile = read(f"{ours};{library} 3\nbroken line\n{ours} 1\n")

    assert profile.samples == 4
    assert profile.functions == [("execute (sqlalchemy/e.py)", 0.75), ("publish (shared/messaging/relay.py)", 0.25)]
    assert profile.libraries == [("sqlalchemy", 0.75), ("shared/messaging", 0.25)]
    assert profile.ours == [("publish (shared/messaging/relay.py)", 1.0)]
