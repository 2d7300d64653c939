"""Fiches that may tell of one project: proposed across the territory while one is logged, never in the way."""

import pytest

from services.projects.rules.duplicates import Sign, Told, signs
from shared.territory.members import Territory
from tests.projects.test_doors import logged
from tests.projects.test_portfolio import neighbours
from tests.support.projects import SIRET, Epci
from tests.support.routes import Client

HALLE = Told("Reconversion de la halle du Robec", ["76575"], "999100100")


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (HALLE, [Sign.SPONSOR, Sign.TITLE]),
        (Told("Tout autre chose", ["76575", "76540"], "999100100"), [Sign.SPONSOR]),
        (Told("HALLE DU ROBEC : reconversion", ["76575"]), [Sign.TITLE]),
        (Told("Reconversion de la halle du Robec", ["76540"], "999100100"), []),
        (Told("Tout autre chose", ["76575"], "999100118"), []),
        (Told("Tout autre chose", ["76575"], None), []),
    ],
)
def test_two_fiches_are_alike_by_sponsor_or_by_title_in_one_commune(other: Told, found: list[Sign]) -> None:
    assert signs(HALLE, other) == found
    assert signs(other, HALLE) == found


def test_what_is_compared_is_read_from_what_a_fiche_is_found_by() -> None:
    facets = " epci:1 commune:76575 commune:76540 sponsor:999100100 funder:region "

    assert Told.read("Halle", facets) == Told("Halle", ["76575", "76540"], "999100100")


async def test_a_neighbours_fiche_is_proposed_while_one_is_logged(
    client: Client, home: Epci, partner: Epci, territory: Territory
) -> None:
    await neighbours(
        partner, home, territory, {"title": "Halle du Robec"}, {"title": "Halle", "commune_insee": ["76540"]}
    )
    own = await logged(client, title="Tout autre chose")
    asked = {"title": "La halle du Robec", "commune_insee": ["76575"], "sponsor_siret": SIRET}

    answer = await client.ask("POST", "/projects/similar", body=asked)
    of_own = await client.ask("GET", f"/projects/{own['id']}/duplicates")

    found = [(one["project"]["title"], one["project"]["own"], one["signs"]) for one in answer.json()["items"]]
    assert found == [
        ("Halle du Robec", False, ["same_sponsor", "same_title"]),
        ("Tout autre chose", True, ["same_sponsor"]),
    ]
    assert [one["project"]["title"] for one in of_own.json()["items"]] == ["Halle du Robec"]


async def test_a_fiche_without_a_commune_resembles_none(client: Client) -> None:
    await logged(client)
    bare = await logged(client, commune_insee=[])

    assert (await client.ask("GET", f"/projects/{bare['id']}/duplicates")).json()["items"] == []
    refused = await client.ask("POST", "/projects/similar", body={"title": "Halle", "commune_insee": []})
    assert refused.status_code == 422
