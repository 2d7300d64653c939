"""Lists of the territory’s projects: found, sorted, paged alike on both databases; figures that count each once."""

import itertools
from base64 import urlsafe_b64encode
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from services.projects.commands import keeping
from services.projects.commands.sharing import invite_epci
from services.projects.models import KnownProject, Project
from services.projects.rules.indexing import Digest, index_of
from services.projects.schemas.published import full_state
from services.projects.schemas.requests import InvitationIn
from shared.clock import shifted
from shared.identity.access import Role, Scope
from shared.territory.members import Territory
from tests.projects.test_doors import done, funded, logged
from tests.support.projects import Epci, make_project, people
from tests.support.routes import Client

SCHOOL, WIND, ZONE = "École d’usinage", "Éolien en mer, étude", "Zone des Usines"
PLANT, SLAUGHTER = "Usine de recyclage", "abattoir mobile"


async def titles(client: Client, query: str, **how: Any) -> list[str]:  # noqa: ANN401 - passed on
    answer = await client.ask("GET", f"/projects?{query}", **how)
    assert answer.status_code == 200, answer.text
    return [one["title"] for one in answer.json()["items"]]


async def neighbours(partner: Epci, home: Epci, territory: Territory, *fiches: dict[str, object]) -> None:
    """Let a neighbour log projects, and this EPCI hear of them."""
    async with partner.database.transaction() as session:
        for given in fiches:
            await make_project(session, people(partner.siren), territory, **given)
    records = await partner.sent(territory.sirens)
    async with home.database.transaction() as session:
        await keeping.keep_projects(session, [one for one in records if one.aggregate == "project"])


@pytest.fixture
async def five(client: Client, home: Epci, partner: Epci, territory: Territory) -> Client:
    """Return the client of an EPCI that knows five projects, two of them a neighbour’s."""
    await logged(client, title=SCHOOL, kind="training_school", filieres=["mecanique"], total_cost_ht="300")
    await logged(client, title=WIND, kind="study", total_cost_ht=None, planned_end="2027-01-01")
    await logged(client, title=ZONE, kind="land_brownfield", total_cost_ht="100", commune_insee=["76351"])
    await neighbours(
        partner,
        home,
        territory,
        {"title": PLANT, "total_cost_ht": "200", "priority": "high", "planned_end": "2026-12-31"},
        {"title": SLAUGHTER, "axis": "skills_recruitment", "total_cost_ht": "50"},
    )
    return client


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=usine&sort=title", [SCHOOL, PLANT, ZONE]),
        ("q=USINAGE", [SCHOOL]),
        ("q=ecole", [SCHOOL]),
        ("q=havre", [ZONE]),
        ("q=nulle+part", []),
        ("q=%25", [SLAUGHTER, PLANT, ZONE, WIND, SCHOOL]),
        ("kind=study&kind=training_school&sort=title", [SCHOOL, WIND]),
        ("axis=skills_recruitment", [SLAUGHTER]),
        ("filiere=mecanique", [SCHOOL]),
        ("commune=76351", [ZONE]),
        ("priority=high", [PLANT]),
        ("sort=title", [SLAUGHTER, SCHOOL, WIND, PLANT, ZONE]),
        ("sort=cost", [SCHOOL, PLANT, ZONE, SLAUGHTER, WIND]),
        ("sort=end&limit=2", [PLANT, WIND]),
        ("sort=title&descending=true&limit=1", [ZONE]),
    ],
)  # fmt: skip
async def test_projects_are_found_and_sorted_alike_on_both_databases(
    five: Client, query: str, found: list[str]
) -> None:
    assert await titles(five, query) == found


async def test_words_of_the_title_weigh_more_than_words_of_the_text(client: Client) -> None:
    await logged(client, title="Halle", summary="Une chaufferie commune")
    await logged(client, title="Chaufferie bois")
    await logged(client, title="Réseau", summary="chaufferie")

    assert await titles(client, "q=chaufferies") == ["Chaufferie bois", "Réseau", "Halle"]


@pytest.mark.parametrize("sort", ["newest", "updated", "title", "stage", "cost", "granted", "end"])
async def test_pages_of_any_order_hold_each_project_once(five: Client, sort: str) -> None:
    whole = await titles(five, f"sort={sort}")
    paged: list[str] = []
    after = ""
    for _ in itertools.repeat(None, 5):
        answer = (await five.ask("GET", f"/projects?sort={sort}&limit=2{after}")).json()
        paged += [one["title"] for one in answer["items"]]
        if answer["next_after"] is None:
            break
        after = f"&after={answer['next_after']}"

    assert paged == whole
    assert len(whole) == 5


@pytest.mark.parametrize("after", ["x", "200010700.x.y", f"200010700.{'0' * 8}-0000-7000-8000-{'0' * 12}.bm9wZQ"])
async def test_a_cursor_of_nothing_is_refused_in_french(client: Client, after: str) -> None:
    answer = await client.ask("GET", f"/projects?sort=cost&after={after}")

    assert (answer.status_code, "reprenez au début" in answer.text) == (422, True)


def cursor(value: str) -> str:
    return f"200010700.01a20000-0000-7000-8000-000000000000.{urlsafe_b64encode(value.encode()).decode().rstrip('=')}"


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("cost", "NaN"), ("cost", "Infinity"), ("cost", "1E+999999"), ("granted", "9" * 30), ("stage", "9" * 99),
        ("stage", "-1"), ("updated", "2026-01-01T00:00:00"), ("updated", "0001-01-01T00:00:00+14:00"),
        ("end", "1e9999"),
        ("title", "a\0b"), ("newest", "\0"), ("relevance&q=halle", "9" * 40), ("title", "x" * 201),
    ],
)  # fmt: skip
async def test_a_cursor_that_says_what_no_list_would_is_refused(client: Client, sort: str, value: str) -> None:
    answer = await client.ask("GET", f"/projects?sort={sort}&after={cursor(value)}")

    assert (answer.status_code, "reprenez au début" in answer.text) == (422, True), answer.text


async def test_what_fits_best_is_what_is_newest_where_no_words_are_looked_for(five: Client) -> None:
    assert await titles(five, "sort=relevance") == await titles(five, "sort=newest")
    assert await titles(five, "sort=relevance&q=de") == await titles(five, "sort=newest")


@pytest.mark.parametrize("query", ["q=halle", "kind=land_brownfield", "sort=cost", "commune=76575", "sort=title"])
async def test_what_a_list_finds_tells_nothing_of_a_confidential_project(client: Client, query: str) -> None:
    await logged(client, confidential_until="2027-01-01")

    outside = await client.ask("GET", f"/projects?{query}", role=Role.INTEGRATOR)
    inside = await client.ask("GET", f"/projects?{query}", role=Role.AGENT)
    bare = await client.ask("GET", "/projects?axis=industrial_land", role=Role.INTEGRATOR)

    assert (outside.json()["items"], len(inside.json()["items"])) == ([], 1)
    assert [(one["title"], one["confidential"]) for one in bare.json()["items"]] == [("", True)]


async def test_who_takes_part_is_concerned(client: Client, home: Epci, partner: Epci, territory: Territory) -> None:
    await neighbours(partner, home, territory, {"title": "Chez le voisin"})
    await logged(client, title="Chez nous")

    assert await titles(client, f"concerns={partner.siren}") == ["Chez le voisin"]
    assert await titles(client, f"epci={home.siren}") == ["Chez nous"]


async def test_rows_of_an_older_release_are_found_once_they_were_indexed(
    client: Client, home: Epci, partner: Epci, territory: Territory, coordinator: Scope
) -> None:
    await logged(client, title="Ancienne halle")
    await neighbours(partner, home, territory, {"title": "Halle du voisin"})
    async with home.database.transaction() as session:
        for table in (Project, KnownProject):
            for row in await session.exec(select(table)):
                row.digest = row.stems = row.title_stems = row.facets = ""

    before = await titles(client, "q=halle")
    async with home.database.transaction() as session:
        done_ = [await keeping.index_old_rows(session, coordinator) for _ in range(2)]

    assert (before, done_) == ([], [2, 0])
    assert sorted(await titles(client, "q=halle")) == ["Ancienne halle", "Halle du voisin"]


async def test_a_digest_is_read_as_it_was_written(home: Epci, coordinator: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory)
        columns = index_of(full_state(project))

    assert str(Digest.read(columns["digest"])) == columns["digest"]
    assert Digest.read("") == Digest()


async def test_figures_count_each_project_once_and_add_what_adds_up(
    client: Client, home: Epci, partner: Epci, territory: Territory
) -> None:
    project = await funded(
        client, await logged(client), {"step": "request"}, {"step": "refuse"}, scheme="Fonds friches"
    )
    project = await funded(
        client, project, {"step": "request"}, {"step": "grant", "amount": "400"}, {"step": "pay", "amount": "100"}
    )
    path = f"/projects/{project['id']}/indicators"
    await done(client, path, {"code": "jobs_created", "target": {"value": "4.5"}, "actual": {"value": "1"}})
    await done(client, path, {"code": "companies_involved", "target": {"value": "7"}})
    await neighbours(partner, home, territory, {"title": "Chez le voisin", "total_cost_ht": "2000"})

    found = (await client.ask("GET", "/portfolio")).json()

    assert (found["count"], found["total_cost_ht"], found["costed"]) == (2, "3000.00", 2)
    assert found["funding"] == {
        "requested": "2000.00", "granted": "400.00", "paid": "100.00",
        "success_rate": "0.2000", "success_rate_by_number": "0.5000", "payment_rate": "0.2500",
    }  # fmt: skip
    assert {one["of"]: one["requested"] for one in found["by_scheme"]} == {"": "1000.00", "Fonds friches": "1000.00"}
    jobs, public, companies = found["indicators"]
    assert (public["code"], public["filled"], public["potential"], public["actual"]) == (
        "public_funding_eur", 1, "400", "100",
    )  # fmt: skip
    assert (jobs["code"], jobs["filled"], jobs["of"], jobs["potential"], jobs["actual"]) == (
        "jobs_created", 1, 2, "4.5", "1",
    )  # fmt: skip
    assert (companies["filled"], companies["added"], companies["potential"]) == (1, False, "0")
    assert sorted((one["epci"], one["count"]) for one in found["pipeline"]) == sorted(
        [(home.siren, 1), (partner.siren, 1)]
    )


async def test_figures_of_the_territory_leave_out_what_only_this_epci_knows(client: Client) -> None:
    await logged(client, visibility="private", total_cost_ht="10")
    await logged(client, confidential_until="2027-01-01", total_cost_ht="100")

    territory = (await client.ask("GET", "/portfolio")).json()
    inside = (await client.ask("GET", "/portfolio?inside=true")).json()
    outsider = await client.ask("GET", "/portfolio?inside=true", role=Role.INTEGRATOR)

    found = (await client.ask("GET", "/portfolio?kind=other")).json()
    assert (territory["count"], territory["total_cost_ht"], territory["costed"]) == (1, "0.00", 0)
    assert (territory["kind"], territory["health"], found["count"]) == ({"other": 1}, {"unknown": 1}, 0)
    assert (inside["count"], inside["total_cost_ht"]) == (2, "110.00")
    assert outsider.status_code == 403


async def test_an_epci_sees_what_it_gave_up_where_nothing_moves_and_who_waits(
    client: Client, home: Epci, partner: Epci, territory: Territory
) -> None:
    given_up = await logged(client, title="Abandonnée")
    moved = {"move": "abandon", "abandon_reason": "market", "reason": "x"}
    await done(client, f"/projects/{given_up['id']}/moves", moved, seen=1)
    asked = await logged(client, title="Partagée")
    await done(client, f"/projects/{asked['id']}/invitations", {"siren": partner.siren}, seen=1)
    async with partner.database.transaction() as session:
        theirs = await make_project(session, people(partner.siren), territory)
        wanted = InvitationIn(siren=home.siren)
        await invite_epci(session, people(partner.siren), theirs.id, wanted, territory=territory)
    records = await partner.sent(territory.sirens)
    async with home.database.transaction() as session:
        await keeping.keep_projects(session, [one for one in records if one.aggregate == "project"])

    with shifted(timedelta(days=181)):
        inside = (await client.ask("GET", "/portfolio?inside=true")).json()["inside"]
    outside = (await client.ask("GET", "/portfolio")).json()["inside"]

    assert inside == {"abandoned": {"market": 1}, "stale": 1, "answers_awaited": 1, "answers_owed": 1}
    assert outside is None


async def test_what_was_given_up_counts_as_withdrawn_and_aims_at_nothing(client: Client) -> None:
    project = await logged(client)
    path = f"/projects/{project['id']}"
    await done(client, f"{path}/indicators", {"code": "jobs_created", "target": {"value": "4"}})
    await done(client, f"{path}/moves", {"move": "abandon", "abandon_reason": "market", "reason": "x"}, seen=2)
    await logged(client)

    found = (await client.ask("GET", "/portfolio")).json()

    assert found["withdrawals"] == {"left_idea": 1, "abandoned": 1, "rejected": 0, "rate": "1.0000"}
    assert found["indicators"] == []
    assert [one["stage"] for one in found["time_in_stage"]] == ["idea"]
    assert Decimal(found["total_cost_ht"]) == 2000
