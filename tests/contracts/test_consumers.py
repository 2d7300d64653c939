"""Every record ever released still goes through all who hear it, and everything heard has somebody who says it."""

import re
from collections.abc import Sequence

import pytest

from services.host import SERVICES
from shared.contracts import CATALOGUE, EVERY_SERVICE
from shared.messaging.envelope import RawRecord
from tests.support.code import ROOT
from tests.support.golden import golden_records
from tests.support.hearing import HEARD, Open, Reader

OWN, NEIGHBOUR = "200010700", "247600596"  # those that the released records are of


def released(aggregate: str) -> list[RawRecord]:
    """Return the released records of an aggregate as an instance hears them: no public ones, the oldest first."""
    of_it = [one for one in golden_records() if one.topic.aggregate == aggregate and one.topic.visibility != "public"]
    return [one.raw for one in sorted(of_it, key=lambda one: one.headers["ce_sequence"])]


@pytest.mark.parametrize(("service", "aggregate"), HEARD, ids=lambda name: name)
def test_every_released_record_goes_through_all_who_hear_it(service: str, aggregate: str, opened: Open) -> None:
    reader, run = opened(service, (OWN, NEIGHBOUR))

    run(_hear_twice(reader, released(aggregate)))


async def _hear_twice(reader: Reader, raws: Sequence[RawRecord]) -> None:
    assert raws
    for _ in range(2):
        await reader.hear(raws)

    assert reader.buried == []
    assert reader.unknown() == 0


@pytest.mark.parametrize("aggregate", sorted({aggregate for _, aggregate in HEARD}))
def test_everything_heard_is_said_by_somebody(aggregate: str) -> None:
    state = CATALOGUE[aggregate]

    assert state.service in {EVERY_SERVICE, *SERVICES}
    folder = ROOT / ("shared/messaging" if state.service == EVERY_SERVICE else f"services/{state.service}")
    makes = re.compile(rf"(?<!class )\b{state.__name__}\(")
    assert any(makes.search(file.read_text(encoding="utf-8")) for file in folder.rglob("*.py")), f"nobody in {folder}"
