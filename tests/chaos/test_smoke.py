"""Three EPCI under forty faults: nothing lost, invented or doubled, and a checker that would have seen it."""

from pathlib import Path

import pytest

from tests.chaos.checker.verdict import CHECKS
from tests.chaos.profile import PROFILES
from tests.chaos.report import Report
from tests.chaos.run import Order, run
from tests.chaos.spoilt import SPOILS
from tests.chaos.trial import misses, try_bug

# One run serves many tests: they are in one file, hence in one worker.
pytestmark = pytest.mark.timeout(900)
SEED = 20_000
QUICK = PROFILES["quick"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A whole run; what it said is shown when a test fails."""
    order = Order(SEED, QUICK, tmp_path_factory.mktemp("chaos"), again=f"make chaos SEED={SEED} PROFILE=quick")
    found = run(order, print)
    found.tell(print)
    return found


def test_f20_f25_invariant_21_a_territory_keeps_its_promises_under_forty_faults(report: Report) -> None:
    assert {name: list(found)[:3] for name, found in report.found.items() if found} == {}
    assert report.figures["messages"] >= QUICK.messages
    assert report.figures["faults"] == QUICK.faults
    assert len(report.figures["hashes"]) == 1


def test_every_check_is_tried() -> None:
    assert SPOILS.keys() == CHECKS.keys()


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_sees_what_it_is_there_for(name: str, report: Report) -> None:
    assert report.evidence is not None

    assert list(CHECKS[name](SPOILS[name](report.evidence)))


def test_a_bug_planted_in_the_product_is_seen(tmp_path: Path) -> None:
    found = try_bug("lose-letter", Order(SEED, PROFILES["planted"], tmp_path))

    assert misses("lose-letter", found) == ""
