"""An eighth EPCI joins and its history is read; one leaves, and its copies go when the operator says so."""

from datetime import date
from pathlib import Path

import pytest

from services.host import SERVICES
from shared.clock import now
from shared.db.engine import Database
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.recovery.conftest import MakeBench
from tests.support.backbone import make_project
from tests.support.instances import environment, estuaire
from tests.support.reading import consuming
from tests.support.recovery import versions
from tests.support.waiting import eventually

# Whole instances live here, each in a process of its own.
pytestmark = pytest.mark.timeout(400)


async def test_the_history_of_an_epci_that_joins_is_read_from_its_beginning(
    make_bench: MakeBench, territory: Territory
) -> None:
    own, second, newcomer = [await make_bench(siren) for siren in territory.sirens]
    projects = [make_project(bench.epci) for bench in (second, newcomer)]
    for bench, project in zip((second, newcomer), projects, strict=True):
        await bench.tell(project)
        await bench.publish()

    async def knows(*some: int) -> bool:
        return await versions(own) == {str(projects[one].id): 1 for one in some}

    letters = own.letters()
    own.members = (own.epci, second.epci)
    async with consuming(own.subscribers(own.delivery(letters))):
        await eventually(lambda: knows(0))
    own.members = (own.epci, second.epci, newcomer.epci)
    async with consuming(own.subscribers(own.delivery(letters))):
        await eventually(lambda: knows(0, 1))
    await letters.close()


async def test_the_copies_of_a_former_member_go_and_those_of_a_member_stay(
    tmp_path: Path, territory: Territory
) -> None:
    own, former, member = territory.sirens
    left = territory.members[1].model_copy(update={"left_on": date(2026, 1, 1)})
    later = territory.model_copy(update={"members": (territory.members[0], left, territory.members[2])})
    settings = environment(later, tmp_path, bootstrap="127.0.0.1:9", port=8000)
    assert estuaire(settings, "migrate").returncode == 0
    manifest = SERVICES["events"]
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'events.sqlite'}")
    [projection] = manifest.projections
    async with database.transaction() as session:
        for home in (former, former, member):
            session.add(projection.table(home_epci=home, id=uuid7(), version=1, occurred_at=now(), state="{}"))
    await database.close()

    said = [estuaire(settings, "membership", "purge", one) for one in (former, own, member, former)]

    assert [one.returncode for one in said] == [0, 1, 1, 0]
    assert "events\u00a0: 2 copies retirées." in said[0].stdout
    assert "events\u00a0: 0 copie retirée." in said[3].stdout
    assert "compte 9 chiffres" in estuaire(settings, "membership", "purge", "123").stderr
    assert all("est membre du territoire" in one.stderr for one in said[1:3])
