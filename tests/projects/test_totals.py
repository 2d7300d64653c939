"""Every EPCI comes to the figures that a dump of the topics gives, counted by somebody else."""

import json
from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

from services.projects.commands import sharing
from services.projects.commands.fiche import import_project, withdraw_project
from services.projects.queries.figures import get_portfolio
from services.projects.schemas.figures import PortfolioShown
from services.projects.schemas.requests import InvitationIn
from services.projects.schemas.wanted import Wanted
from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.messaging.registry import topic_of
from shared.messaging.topology import Topology
from shared.territory.members import Territory
from tests.projects.test_kafka import listen, publish
from tests.support.portfolio import fiche
from tests.support.projects import Epci, people
from tests.support.recount import Recount, recounted
from tests.support.topics import dump

SEED = 20261201


async def logged(epci: Epci, territory: Territory, *, draw: Random, count: int) -> None:
    """Let an EPCI log fiches, share one with its neighbour, and withdraw one."""
    scope = people(epci.siren)
    other = next(one for one in territory.sirens if one != epci.siren)
    async with epci.database.transaction() as session:
        made = [
            (await import_project(session, scope, fiche(draw, number), territory=territory))[0]
            for number in range(count)
        ]
        seen = [one for one in made if one.visibility is not Visibility.PRIVATE and one.confidential_until is None]
        wanted = InvitationIn.model_validate({"siren": other})
        await sharing.invite_epci(session, scope, seen[0].id, wanted, territory=territory)
        await withdraw_project(session, scope, seen[1].id, version=seen[1].version)


async def alive(bootstrap: str, territory: Territory) -> list[dict[str, Any]]:
    """Return the last value of each key of the topics of projects, deleted ones left out."""
    newest: dict[tuple[str, bytes | None], bytes | None] = {}
    for siren in territory.sirens:
        topic = str(topic_of(Project, visibility=Visibility.TERRITORY, epci=siren))
        for record in await dump(bootstrap, topic):
            newest[topic, record.key] = record.value
    return [json.loads(value) for value in newest.values() if value]


async def figures(epci: Epci) -> PortfolioShown:
    async with epci.database.reading() as session:
        found = await get_portfolio(session, people(epci.siren), Wanted(), inside=False)
    return PortfolioShown.of(found, None)


def same(shown: PortfolioShown, found: Recount) -> None:
    """Fail unless an EPCI shows what was counted again."""
    assert (shown.count, shown.total_cost_ht, shown.costed) == (found.count, found.cost, found.costed)
    assert Counter({(one.stage, one.epci, one.axis): one.count for one in shown.pipeline}) == found.pipeline
    money = shown.funding
    assert (money.requested, money.granted, money.paid) == (found.requested, found.granted, found.paid)
    assert money.success_rate is not None
    assert abs(money.success_rate - found.decided_won / found.decided_asked) < Decimal("0.0001")
    granted = {one.of: one.granted for one in shown.by_epci}
    assert granted == {epci: sum_ for epci, sum_ in found.by_epci.items() if epci in granted}
    assert sum(granted.values()) == found.granted
    added = {one.code: one for one in shown.indicators if one.added}
    for (code, part), value in found.indicators.items():
        if code != "companies_involved" and (value or code in added):
            assert getattr(added[code], part) == value, (code, part)
    assert shown.withdrawals.abandoned == found.abandoned


async def test_the_totals_of_the_territory_are_those_of_a_dump_of_its_topics(
    home: Epci, partner: Epci, territory: Territory, bootstrap: str, topics: Topology
) -> None:
    draw = Random(SEED)  # noqa: S311 - for fiches
    for epci in (home, partner):
        await logged(epci, territory, draw=draw, count=30)
        await publish(epci, bootstrap)
    for epci in (home, partner):
        await listen(epci, [Project], bootstrap, territory)

    found = recounted(await alive(bootstrap, territory))

    assert (found.count > 35, found.abandoned > 0, len(found.indicators) > 10) == (True, True, True)
    for epci in (home, partner):
        same(await figures(epci), found)
