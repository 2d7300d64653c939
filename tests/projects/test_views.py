"""Views that people keep; the money of each month’s end, written down once."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from services.projects.commands.portfolio import last_month_end, take_snapshots
from services.projects.models import FundingSnapshot
from shared.clock import shifted, today
from shared.identity.access import Role, Scope
from tests.projects.test_doors import done, funded, logged
from tests.support.projects import Epci
from tests.support.routes import Client


async def names(client: Client, role: Role = Role.COORDINATOR) -> list[tuple[str, bool]]:
    return [(one["name"], one["own"]) for one in (await client.ask("GET", "/views", role=role)).json()["items"]]


async def test_a_view_is_ones_own_unless_it_is_shared(client: Client) -> None:
    mine = await done(client, "/views", {"name": "En retard", "query": "health=late&sort=end"})
    await done(client, "/views", {"name": "Montage", "query": "stage=structuring", "shared": True}, role=Role.AGENT)

    foreign = await client.ask("DELETE", f"/views/{mine['id']}", role=Role.AGENT)
    before = await names(client)
    gone = await client.ask("DELETE", f"/views/{mine['id']}")

    assert (foreign.status_code, gone.status_code) == (404, 204)
    assert before == [("En retard", True), ("Montage", False)]
    assert await names(client, Role.AGENT) == [("Montage", True)]


@pytest.mark.parametrize("query", ["stage=nowhere", "surprise=1", "sort=prettiest", "q=" + "x" * 300])
async def test_a_view_that_makes_no_list_is_refused(client: Client, query: str) -> None:
    answer = await client.ask("POST", "/views", body={"name": "Vue", "query": query})

    assert answer.status_code == 422, answer.text


async def test_a_view_makes_the_list_it_was_kept_from(client: Client) -> None:
    project = await logged(client)
    kept = await done(client, "/views", {"name": "Friches", "query": "kind=land_brownfield&q=halle"})

    listed = (await client.ask("GET", f"/projects?{kept['query']}")).json()["items"]

    assert [one["id"] for one in listed] == [project["id"]]


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 3, 1), date(2026, 2, 28)),
        (date(2026, 1, 31), date(2025, 12, 31)),
        (date(2024, 3, 9), date(2024, 2, 29)),
    ],
)  # fmt: skip
def test_a_month_ends_on_its_last_day(day: date, end: date) -> None:
    assert last_month_end(day) == end


async def test_the_money_of_a_months_end_is_written_once_and_never_again(
    client: Client, home: Epci, coordinator: Scope
) -> None:
    project = await funded(client, await logged(client), {"step": "request"}, {"step": "grant", "amount": "700"})
    line = f"/projects/{project['id']}/funding/{project['funding'][0]['id']}/steps"
    await funded(client, project, {"step": "request"})

    early = await snapshot(home, coordinator)
    with shifted(timedelta(days=35)):
        first, end = await snapshot(home, coordinator), last_month_end(today())
    paid = await client.ask("POST", line, body={"step": "pay", "amount": "200"}, seen=project["version"] + 2)
    with shifted(timedelta(days=35)):
        again = await snapshot(home, coordinator)
    with shifted(timedelta(days=70)):
        later = await snapshot(home, coordinator)
    months = (await client.ask("GET", "/portfolio/months")).json()["items"]

    assert early == 0, "a project has no money at the end of a month before it was logged"
    assert (first, paid.status_code, again, later) == (2, 200, 0, 2)
    assert [(one["requested"], one["granted"], one["paid"]) for one in months] == [
        ("2000.00", "700.00", "0.00"),
        ("2000.00", "700.00", "200.00"),
    ]
    assert months[0]["month_end"] == end.isoformat()
    async with home.database.reading() as session:
        statuses: list[Any] = sorted(
            one.status.value for one in await session.exec(select(FundingSnapshot)) if one.month_end == end
        )
    assert statuses == ["granted", "requested"]


async def test_a_month_without_money_is_written_too(client: Client, home: Epci, coordinator: Scope) -> None:
    with shifted(timedelta(days=35)):
        nothing = await snapshot(home, coordinator)
        await funded(client, await logged(client), {"step": "request"})
        late = await snapshot(home, coordinator)

    assert (nothing, late) == (0, 0), "the month is settled, whatever is logged afterwards"


async def snapshot(home: Epci, scope: Scope) -> int:
    async with home.database.transaction() as session:
        return await take_snapshots(session, scope)
