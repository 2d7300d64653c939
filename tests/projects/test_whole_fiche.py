"""A fiche with everything in it: kept, shown, published as far as it may be, refused in French."""

from typing import Any

import pytest

from shared.ids import uuid7
from tests.projects.test_doors import done, funded, logged
from tests.support.projects import Epci, content, outbox
from tests.support.routes import Client

PROGRAMME = str(uuid7())
EVERYTHING: dict[str, Any] = {
    "legacy_axis": "innovate",
    "filieres": ["automobile", "petrochimie"],
    "naf_sections": ["C", "H"],
    "measures": ["vte"],
    "fragile_territory": True,
    "priority": "high",
    "expected_effects": ["Quatre ateliers installés."],
    "lon": 1.099971,
    "lat": 49.443232,
    "zae_site_id": "ZAE-76-12",
    "partners": [{"name": "École fictive d’usinage", "siret": None, "role": "training"}],
    "running_cost_ht_year": "38000.00",
    "yearly": [{"year": 2026, "investment": "600.00", "operating": "0.00"}],
}
PUBLIC = {"legacy_axis", "filieres", "naf_sections", "programmes", "lon", "lat", "zae_site_id"}
HOME_ONLY = {"yearly", "need_statement", "tags", "origin", "completeness"}


async def published(client: Client, home: Epci, *, scope: str) -> dict[str, Any]:
    """Return the newest state written for a topic."""
    async with home.database.reading() as session:
        rows = [one for one in await outbox(session) if f".{scope}." in one.topic]
    return content(rows[-1])


async def test_everything_is_kept_and_shown(client: Client, home: Epci) -> None:
    given = EVERYTHING | {"programmes": [{"home_epci": home.siren, "id": PROGRAMME}]}

    shown = await logged(client, **given)
    again = (await client.ask("GET", f"/projects/{shown['id']}")).json()

    assert {name: shown[name] for name in given} == given
    assert again == shown


async def test_each_reader_gets_what_it_may_read(client: Client, home: Epci) -> None:
    given = EVERYTHING | {"programmes": [{"home_epci": home.siren, "id": PROGRAMME}]}
    shown = await logged(client, **given)
    await done(client, f"/projects/{shown['id']}/visibility", {"visibility": "public"}, seen=1)

    territory = await published(client, home, scope="territory")
    public = await published(client, home, scope="public")

    told = set(given) - HOME_ONLY
    assert {name: territory[name] for name in told} == {name: given[name] for name in told}
    assert {name: public[name] for name in PUBLIC} == {name: given[name] for name in PUBLIC}
    assert not HOME_ONLY & set(territory)
    assert not (told - PUBLIC) & set(public)


async def test_a_common_indicator_has_its_common_name_and_is_there_once(client: Client, home: Epci) -> None:
    project = await logged(client)
    path = f"/projects/{project['id']}/indicators"
    target = {"value": "8", "on": "2027-12-31", "source": "Plan d’affaires", "quality": "announced"}

    shown = await done(client, path, {"code": "jobs_created", "label": "Emplois à moi", "target": target})
    twice = await client.ask("POST", path, body={"code": "jobs_created"})
    own = await done(client, path, {"code": "visites", "label": "Visites d’usine", "unit": "visites"})
    indicator = f"{path}/{shown['indicators'][0]['id']}"
    reached = await client.ask("PATCH", indicator, body={"actual": {"value": "2"}}, seen=own["version"])

    first, second = reached.json()["indicators"]
    assert (first["label"], first["unit"], first["common"], first["progress"]) == (
        "Emplois créés",
        "ETP",
        True,
        "0.2500",
    )
    assert (first["target"], first["actual"]["quality"]) == (target, "declared")
    assert (second["label"], second["common"], second["progress"]) == ("Visites d’usine", False, None)
    assert (twice.status_code, twice.json()["detail"]) == (409, "Cet indicateur est déjà dans la fiche.")
    told = await published(client, home, scope="territory")
    assert [one["code"] for one in told["indicators"]] == ["jobs_created", "visites"]
    assert told["indicators"][0]["target"] == target


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"code": "public_funding_eur"}, "calculé d’après le plan de financement"),
        ({"code": "visites"}, "Nommez cet indicateur"),
        ({"code": "jobs_created", "target": {"value": "beaucoup"}}, "nombre"),
        ({"code": "jobs_created", "target": {"quality": "verified"}}, "target.value"),
    ],
)
async def test_an_indicator_that_cannot_be_is_refused_in_french(
    client: Client, body: dict[str, Any], says: str
) -> None:
    project = await logged(client)

    answer = await client.ask("POST", f"/projects/{project['id']}/indicators", body=body)

    assert answer.status_code == 422
    assert says in answer.text


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"lon": 1.0}, "les deux"),
        ({"naf_sections": ["Z"]}, "de A à U"),
        ({"filieres": ["a", "b", "c", "d", "e", "f"]}, "filieres"),
        ({"partners": [{"role": "funder"}]}, "le nom ou le SIRET"),
        ({"yearly": [{"year": 2026}, {"year": 2026}]}, "qu’une fois"),
        ({"yearly": [{"year": 1999}]}, "entre 2000 et 2100"),
    ],
)
async def test_a_fiche_that_cannot_be_is_refused_in_french(client: Client, given: dict[str, Any], says: str) -> None:
    answer = await client.ask("POST", "/projects", body={"title": "Étude", "kind": "study"} | given)

    assert answer.status_code == 422
    assert says in answer.text


async def test_a_place_half_taken_away_is_refused(client: Client) -> None:
    project = await logged(client, lon=1.0, lat=49.0)

    half = await client.ask("PATCH", f"/projects/{project['id']}", body={"lon": None}, seen=1)
    whole = await client.ask("PATCH", f"/projects/{project['id']}", body={"lon": None, "lat": None}, seen=1)

    assert (half.status_code, whole.status_code) == (422, 200)


async def test_a_line_that_matches_another_says_what_it_should_be(client: Client) -> None:
    project = await funded(client, await logged(client), funder="epci", amount_planned="10000.00")
    epci = project["funding"][0]["id"]
    base = f"/projects/{project['id']}/funding"

    shown = await done(
        client, base, {"funder": "region", "amount_planned": "1", "match_ratio": "3", "matched_line_ids": [epci]}
    )
    unknown = await client.ask("POST", base, body={"amount_planned": "1", "matched_line_ids": [str(uuid7())]})

    assert shown["funding"][1]["suggested_amount"] == "30000.00"
    assert shown["funding"][0]["suggested_amount"] is None
    assert unknown.status_code == 404


async def test_a_crowd_is_counted_and_nobody_else(client: Client, home: Epci) -> None:
    crowd = {
        "funder": "crowd",
        "nature": "crowdfunding",
        "target": "5000.00",
        "collected": "1200.00",
        "contributors": 31,
    }

    shown = await funded(client, await logged(client), **crowd)
    refused = await client.ask(
        "POST", f"/projects/{shown['id']}/funding", body={"amount_planned": "1", "nature": "loan", "collected": "1"}
    )

    line = shown["funding"][0]
    assert (line["target"], line["collected"], line["contributors"]) == ("5000.00", "1200.00", 31)
    assert (refused.status_code, "financement participatif" in refused.text) == (422, True)
    assert (await published(client, home, scope="territory"))["funding"][0]["contributors"] == 31


async def test_a_fiche_says_what_it_lacks(client: Client) -> None:
    shown = await logged(client)

    assert shown["completeness"] == 50
    assert {one["field"] for one in shown["missing"]} == {
        "summary", "planned_end", "milestones", "funding", "indicators",
    }  # fmt: skip
    assert (shown["stale"], shown["remarks"]) == (False, [])
