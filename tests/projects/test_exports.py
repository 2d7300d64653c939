"""Lists as files: for people, for programs, on a map; the projects of the list, and no more than the reader may see."""

import csv
import io
import json
from typing import Any

import pytest
from openpyxl import load_workbook

from services.projects.queries.portfolio import list_all
from services.projects.schemas.wanted import Listed
from shared.errors import Invalid
from shared.identity.access import Role, Scope
from shared.territory.members import Territory
from tests.projects.test_doors import logged
from tests.projects.test_portfolio import neighbours
from tests.support.projects import Epci
from tests.support.routes import Client

ZONE_TITLE = "=Zone « des Usines »"
ZONE: dict[str, Any] = {"title": ZONE_TITLE, "commune_insee": ["76351", "76540"], "planned_end": "2027-01-31"}


def rows_of(content: bytes, form: str) -> list[list[str]]:
    if form == "xlsx":
        sheet = load_workbook(io.BytesIO(content)).worksheets[0]
        return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.reader(text, delimiter=";" if form == "csv_fr" else ","))


@pytest.mark.parametrize(
    ("form", "head", "cells"),
    [
        ("csv", "reference", {"title": f"'{ZONE_TITLE}", "stage": "idea", "total_cost_ht": "1000.00"}),
        ("csv_fr", "Référence", {"Titre": f"'{ZONE_TITLE}", "Étape": "Idée recensée", "Fin prévue": "31/01/2027"}),
        ("xlsx", "Référence", {"Titre": ZONE_TITLE, "Communes": "Le Havre, Rouen", "Coût total HT (€)": "1000"}),
    ],
)  # fmt: skip
async def test_a_list_is_handed_over_as_a_table(client: Client, form: str, head: str, cells: dict[str, str]) -> None:
    await logged(client, **ZONE)
    await logged(client, kind="study")

    answer = await client.ask("GET", f"/exports/projects?format={form}&kind=land_brownfield")

    rows = rows_of(answer.content, form)
    assert (answer.status_code, rows[0][0], len(rows)) == (200, head, 2)
    assert dict(zip(rows[0], rows[1], strict=True)).items() >= cells.items()
    assert answer.headers["content-disposition"].startswith('attachment; filename="projets-')


async def test_points_are_where_a_project_is_or_its_communes_are(client: Client) -> None:
    await logged(client, **ZONE)
    await logged(client, lon=1.0999, lat=49.4432, title="Au bord de l’eau")

    answer = await client.ask("GET", "/exports/projects?format=geojson")

    found = [(one["properties"]["title"], one["properties"]["commune"]) for one in answer.json()["features"]]
    assert answer.headers["content-type"] == "application/geo+json"
    assert sorted(found, key=str) == [
        (ZONE_TITLE, "Le Havre"), (ZONE_TITLE, "Rouen"), ("Au bord de l’eau", None),
    ]  # fmt: skip


async def test_a_program_is_handed_what_is_published(
    client: Client, home: Epci, partner: Epci, territory: Territory
) -> None:
    await logged(client, visibility="private", title="SECRET un")
    await logged(client, confidential_until="2027-01-01", title="SECRET deux")
    await neighbours(partner, home, territory, {"title": "Chez le voisin"})

    outside = await client.ask("GET", "/exports/projects?format=json", role=Role.INTEGRATOR)
    inside = await client.ask("GET", "/exports/projects?format=json", role=Role.AGENT)

    assert [one["title"] for one in json.loads(outside.content)] == ["Chez le voisin", ""]
    assert len(json.loads(inside.content)) == 3
    assert (await client.ask("GET", "/exports/projects", role=Role.VISITOR)).status_code == 401


async def test_more_than_can_be_handed_over_is_refused(client: Client, home: Epci, coordinator: Scope) -> None:
    await logged(client)
    await logged(client)

    async with home.database.reading() as session:
        with pytest.raises(Invalid, match="filtrez-la"):
            [one async for one in list_all(session, coordinator, Listed(), most=1)]
        assert len([one async for one in list_all(session, coordinator, Listed(), most=2)]) == 2
