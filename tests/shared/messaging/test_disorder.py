"""Records twice, late, in any order across keys: the same projection, whatever the road."""

import random
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.ids import uuid7
from shared.messaging.known import keep_known
from shared.messaging.registry import Record
from tests.support.backbone import Bench, KnownProject, make_project

SHUFFLES = 10_000
BATCH = 300
SEED = 20261125


def history(epci: str, draw: random.Random) -> list[Record[Project]]:
    """Return what one aggregate told in its life, the last of it often a tombstone."""
    project = make_project(epci)
    ends = draw.random() < 0.4
    versions = draw.randint(1, 5)
    return [_told(project, version=version, gone=ends and version == versions) for version in range(1, versions + 1)]


def _told(project: Project, *, version: int, gone: bool) -> Record[Project]:
    state = project.model_copy(update={"version": version, "title": f"Version {version}"})
    return Record(
        state=None if gone else state,
        aggregate="project",
        id=project.id,
        epci=project.home_epci,
        version=version,
        fact="withdrawn" if gone else "updated",
        time=now() - timedelta(minutes=5),
        source=f"/epci/{project.home_epci}/projects",
        message_id=str(uuid7()),
        visibility=Visibility.TERRITORY,
    )


def shuffled(histories: Sequence[list[Record[Project]]], draw: random.Random) -> list[Record[Project]]:
    """Return all of it in disorder, a third of it twice and a tenth three times more."""
    told = [record for one in histories for record in one]
    told += draw.sample(told, len(told) // 3) + draw.sample(told, len(told) // 10) * 3
    draw.shuffle(told)
    return told


@pytest.mark.timeout(300)
async def test_f09_f10_invariant_3_ten_thousand_lives_in_disorder_end_as_they_were_told(bench: Bench) -> None:
    draw = random.Random(SEED)  # noqa: S311 - no secret
    histories = [history(bench.epci, draw) for _ in range(SHUFFLES)]

    told = shuffled(histories, draw)
    for start in range(0, len(told), BATCH):
        async with bench.database.transaction() as session:
            await keep_known(session, KnownProject, told[start : start + BATCH])

    kept: dict[UUID, tuple[int, bool]] = {row.id: (row.version, row.deleted) for row in await bench.rows(KnownProject)}
    assert kept == {one[-1].id: (one[-1].version, one[-1].state is None) for one in histories}


async def test_invariant_3_replaying_all_of_it_changes_nothing(bench: Bench) -> None:
    draw = random.Random(SEED + 1)  # noqa: S311 - no secret
    histories = [history(bench.epci, draw) for _ in range(200)]
    for _ in range(3):
        async with bench.database.transaction() as session:
            await keep_known(session, KnownProject, shuffled(histories, draw))
        rows = sorted((str(row.id), row.version, row.state) for row in await bench.rows(KnownProject))
        assert rows == sorted(
            (str(one[-1].id), one[-1].version, one[-1].state.model_dump_json() if one[-1].state else "")
            for one in histories
        )
