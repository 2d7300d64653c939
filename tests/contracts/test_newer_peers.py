"""F17: senders that are ahead. What they add is passed over, what they rename is « other », nothing is lost unseen."""

import json
import re
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from services.host import SERVICES
from shared.contracts import CATALOGUE
from shared.contracts.base import State, Visibility
from shared.messaging.delivery import group_of
from shared.messaging.envelope import RawRecord
from tests.support.golden import released_schema
from tests.support.hearing import HEARD, Open, Reader
from tests.support.newer import Newer, newer_record
from tests.support.states import parts
from tests.support.territory import random_siren

EXAMPLES, BATCH = 12, 8
HELD_WITHOUT_STATE = {"registration"}  # contacts keeps of it who came, and nothing else
RUNS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),  # ids are drawn anew at each run, so that none can be kept or shrunk
)


async def _hear_and_check(reader: Reader, records: list[Newer]) -> None:
    """Nothing set aside; each state applied, new words as « other »; unknown facts counted, and not acted upon."""
    aggregate, before = records[0].aggregate, reader.unknown()
    kept, reacts = (aggregate in one for one in (reader.service.consumers.kept, reader.service.consumers.reactions))

    await reader.hear([one.raw for one in records])

    assert reader.buried == []
    unknown = [one for one in records if one.expected is not None and not one.knows_fact]
    assert reader.unknown() - before == (len(unknown) if reacts else 0)
    for record in records:
        expected = {} if record.expected and aggregate in HELD_WITHOUT_STATE else record.expected
        assert await reader.seen(record) == ([(record.version, expected)] if kept else [])
        if record.expected is None or not record.knows_fact:
            assert await reader.acted_upon(record) == 0


@pytest.mark.parametrize(("service", "aggregate"), HEARD, ids=lambda name: name)
def test_f17_a_newer_peer_is_read_as_far_as_it_is_understood(service: str, aggregate: str, opened: Open) -> None:
    state, members = CATALOGUE[aggregate], (random_siren(), random_siren())
    scope = Visibility.TERRITORY if Visibility.TERRITORY in state.scopes else Visibility.PRIVATE
    homes = members if scope is Visibility.TERRITORY else members[:1]
    released = Draft202012Validator(json.loads(released_schema(state, scope).read_text(encoding="utf-8")))
    reader, run = opened(service, members)

    @RUNS
    @given(drawn=parts(state), seed=st.integers(min_value=0))
    def hear(drawn: State, seed: int) -> None:
        random = Random(seed)  # noqa: S311 - no secret
        records = [newer_record(drawn, scope, homes=homes, random=random) for _ in range(BATCH)]
        for record in records:
            assert record.raw.value is None or released.is_valid(json.loads(record.raw.value)), "refused by old readers"
        run(_hear_and_check(reader, records))

    hear()


def test_f17_a_thousand_variants_are_tried() -> None:
    assert len(HEARD) * EXAMPLES * BATCH >= 1_000


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_f17_what_nobody_knows_yet_is_not_subscribed_and_if_it_comes_kept_with_its_bytes(
    service: str, opened: Open
) -> None:
    members = (random_siren(), random_siren())
    topics = [f"ti.territory.{members[1]}.{name}" for name in ("project.v2", "resource-flow.v1", "agenda-event.v12")]
    raws = [RawRecord(topic, 0, 7, 0, b"key", b'{"tomorrow": 1}', (("ce_id", b"1"),)) for topic in topics]
    reader, run = opened(service, members)
    group = group_of(reader.epci, service, "projector")

    run(reader.delivery.project(group, raws))

    heard = reader.service.consumers.heard("projector")
    pattern = re.compile(heard.pattern(own=members[0], members=members) or "")
    assert not any(pattern.search(topic) for topic in topics)
    assert [(one.raw, one.reason) for one in reader.buried] == [(raw, "unknown_topic") for raw in raws]
