"""Spreadsheets of projects: recognised, looked at, applied, taken back; five hundred lines, forty of them wrong."""

import csv
import io
import time
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import Workbook

from services.projects.commands import importing
from shared.clock import shifted
from shared.identity.access import Role, instance_scope
from shared.territory.members import Territory
from tests.projects.test_governance import told
from tests.support.projects import Epci
from tests.support.routes import Client

# fmt: off
WORKBOOK = [
    "Axe", "Sous-axe", "Sous-sous axe", "Titre de l'action", "Titre de la sous-action", "Descriptif",
    "Instances de gouvernance", "Objectifs", "Indicateurs liés", "Structure pilote", "Moyens humains et techniques",
    "Partenaires", "Direction ou service pilote", "Personne pilote", "Élu·e référent·e", "Participation Citoyenne",
    "Financements", "Financeur 1", "Montant € HT", "Financeur 2", "Montant € HT", "Financeur 3", "Montant € HT",
    "Budget prévisionnel total € HT", "Statut", "Niveau de priorité", "Date de début", "Date de fin", "Axe TI",
    "Nature", "Communes", "Emplois créés", "Identifiant externe",
]
# fmt: on


def row(**cells: object) -> list[object]:
    """Return a row of the workbook; cells are named by their heading."""
    given = {name.replace("_", " "): value for name, value in cells.items()}
    found: list[object] = [given.get(heading, "") for heading in WORKBOOK]
    if "amounts" in cells:
        places = [place for place, heading in enumerate(WORKBOOK) if heading == "Montant € HT"]
        for place, amount in zip(places, cells["amounts"], strict=False):  # type: ignore[call-overload]
            found[place] = amount
    return found


def workbook(*rows: list[object]) -> bytes:
    """Return the fiche-action workbook: a title, the headings in the second row, data from the fourth on."""
    book = Workbook()
    for one in (["Plan fictif"], WORKBOOK, [], *rows):
        book.worksheets[0].append(one)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


ACTION = row(
    **{"Titre de l'action": "Halle des Fictifs"},
    Descriptif="Désamiantage et six cellules.",
    Structure_pilote="Ateliers Fictifs",
    Partenaires="CCI fictive ; École fictive",
    Personne_pilote="C. Exemple",
    Financeur_1="Région Normandie",
    Financeur_2="Fonds vert",
    amounts=["40 000", "12 500,50"],
    Statut="En cours",
    Niveau_de_priorité="Élevé",
    Date_de_début="01/03/2020",
    Communes="Le Havre, 76540",
    Nature="Foncier, friche",
    Emplois_créés="4,5",
)
STEP = row(**{"Titre de l'action": "Halle des Fictifs", "Titre de la sous-action": "Toiture"})


async def brought(client: Client, content: bytes, name: str = "plan.xlsx") -> dict[str, Any]:
    answer = await client.ask("POST", f"/imports?file_name={name}", file=content)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def applied(
    client: Client, home: Epci, territory: Territory, batch: dict[str, Any], act: str = "application"
) -> dict[str, Any]:
    """Apply an import, or take it back, as the job does."""
    started = await client.ask("POST", f"/imports/{batch['id']}/{act}", body={}, seen=batch["version"])
    assert started.status_code == 202, started.text
    scope, more = instance_scope(home.siren), 1
    while more:
        async with home.database.transaction() as session:
            more = await importing.go_on(session, scope, territory=territory)
    shown: dict[str, Any] = (await client.ask("GET", f"/imports/{batch['id']}")).json()
    return shown


async def lines(client: Client, batch: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.ask("GET", f"/imports/{batch['id']}/lines")).json()["items"]
    return found


async def fiches(client: Client) -> list[dict[str, Any]]:
    listed = (await client.ask("GET", "/projects?sort=title")).json()["items"]
    return [(await client.ask("GET", f"/projects/{one['id']}")).json() for one in listed]


async def test_the_fiche_action_workbook_becomes_a_fiche(client: Client, home: Epci, territory: Territory) -> None:
    batch = await brought(client, workbook(ACTION, STEP))
    ahead = await lines(client, batch)
    done = await applied(client, home, territory, batch)

    assert (batch["header_row"], batch["lines"], batch["status"]) == (2, 2, "read")
    assert [(one["row"], one["outcome"], one["step"]) for one in ahead] == [
        (4, "created", ""),
        (5, "updated", "Toiture"),
    ]
    assert (done["status"], done["counts"]["created"], done["counts"]["updated"]) == ("applied", 1, 1)
    [fiche] = await fiches(client)
    assert (fiche["title"], fiche["stage"], fiche["kind"], fiche["priority"]) == (
        "Halle des Fictifs", "delivery", "land_brownfield", "high",
    )  # fmt: skip
    assert fiche["commune_insee"] == ["76351", "76540"]
    assert [(one["funder"], one["amount_planned"]) for one in fiche["funding"]] == [
        ("region", "40000.00"), ("state", "12500.50"),
    ]  # fmt: skip
    assert [one["name"] for one in fiche["partners"]] == ["CCI fictive", "École fictive"]
    assert [one["label"] for one in fiche["milestones"]] == ["Toiture"]
    assert [(one["code"], one["target"]["value"]) for one in fiche["indicators"]] == [("jobs_created", "4.5")]
    assert fiche["need_statement"] == "Personne pilote\u00a0: C. Exemple"
    assert "C. Exemple" not in str(await told(home, "project")), "names stay at home"


async def test_five_hundred_lines_of_which_forty_are_wrong(client: Client, home: Epci, territory: Territory) -> None:
    wrong: list[dict[str, Any]] = [
        {"Statut": "Peut-être"}, {"Date_de_fin": "bientôt"}, {"Communes": "Brest"}, {"Nature": "Chose"},
        {"amounts": ["beaucoup"]}, {"Date_de_début": "01/03/2027", "Date_de_fin": "01/03/2026"},
    ]  # fmt: skip
    faults = [wrong[number // 12 % 6] if number % 12 == 5 and number < 480 else {} for number in range(500)]
    rows = [row(**{"Titre de l'action": f"Projet fictif {number}"}, **fault) for number, fault in enumerate(faults)]
    batch = await brought(client, workbook(*rows))

    began = time.monotonic()
    done = await applied(client, home, territory, batch)
    took = time.monotonic() - began
    refused = await client.ask("GET", f"/imports/{batch['id']}/refused?format=csv")

    assert (batch["counts"]["created"], batch["counts"]["refused"]) == (460, 40)
    assert (done["counts"]["created"], done["counts"]["refused"], done["counts"]["waiting"]) == (460, 40, 0)
    assert took < 60, f"{took:.1f} s"
    back = list(csv.reader(io.StringIO(refused.text)))
    assert (len(back), back[0][-1]) == (41, "Motif")
    assert all(line[-1] and line[3].startswith("Projet fictif") for line in back[1:])
    undone = await applied(client, home, territory, done, "undoing")
    assert (undone["counts"]["undone"], await fiches(client)) == (460, [])


async def test_each_wrong_cell_is_told_with_its_column(client: Client) -> None:
    twice = row(**{"Titre de l'action": "Deux fois"})
    batch = await brought(
        client,
        workbook(
            row(**{"Titre de l'action": "ab"}),
            row(**{"Titre de l'action": "Ailleurs"}, Communes="Le Havre, Brest", Date_de_fin="hier"),
            twice,
            row(**{"Titre de l'action": "Entre les deux"}),
            twice,
            row(Descriptif="Sans titre"),
        ),
    )

    found = {
        one["row"]: {mistake["column"]: mistake["message"] for mistake in one["mistakes"]}
        for one in await lines(client, batch)
    }

    assert "trop court" in found[4]["Titre de l'action"]
    assert found[5]["Communes"] == "« Brest » n’est pas une commune du territoire."
    assert "30/11/2026" in found[5]["Date de fin"]
    assert (found[6], found[7]) == ({}, {})
    assert found[8] == {"Titre de l'action": "Ce projet est déjà à la ligne 6."}
    assert "Titre de l'action" in found[9]


async def test_columns_are_chosen_where_they_are_not_recognised(
    client: Client, home: Epci, territory: Territory
) -> None:
    batch = await brought(client, "Liste 2026;;\nQuoi;Combien;Note\nHalle fictive;1 200,00 €;x\n".encode(), "liste.csv")
    path = f"/imports/{batch['id']}"

    early = await client.ask("POST", f"{path}/application", body={}, seen=1)
    row_ = await client.ask("PATCH", path, body={"header_row": 2}, seen=1)
    wrong = await client.ask("PATCH", path, body={"columns": {"0": "surprise"}}, seen=2)
    twice = await client.ask("PATCH", path, body={"columns": {"0": "title", "1": "title"}}, seen=2)
    chosen = await client.ask("PATCH", path, body={"columns": {"0": "title", "1": "total_cost_ht"}}, seen=2)
    await applied(client, home, territory, chosen.json())

    assert (early.status_code, "titre" in early.text) == (409, True)
    assert [one["heading"] for one in row_.json()["columns"]] == ["Quoi", "Combien", "Note"]
    assert (wrong.status_code, twice.status_code) == (422, 422)
    assert [one["name"] for one in chosen.json()["columns"]] == ["title", "total_cost_ht", None]
    [fiche] = await fiches(client)
    assert (fiche["title"], fiche["total_cost_ht"], fiche["stage"]) == ("Halle fictive", "1200.00", "idea")


async def test_steps_go_to_the_fiche_above_them_and_odd_cells_stay_aside(
    client: Client, home: Epci, territory: Territory
) -> None:
    first, second = {"Titre de l'action": "Halle A"}, {"Titre de l'action": "Halle B"}
    sheet = workbook(
        row(**first, Emplois_créés=1 / 3, amounts=[1234.567]),
        row(**first, **{"Titre de la sous-action": "Toiture"}),
        row(**second, **{"Titre de la sous-action": "Dalle"}),
        row(**{"Titre de la sous-action": "Murs"}),
        row(**{"Titre de la sous-action": "L" * 201}),
        row(**{"Titre de l'action": "Halle C"}, Emplois_créés="1E+30"),
        row(**{"Titre de l'action": "Halle D"}, amounts=["1.234"], Date_de_fin="31/02/2027"),
    )
    batch = await brought(client, sheet)
    done = await applied(client, home, territory, batch)
    refused = {one["row"]: [told["column"] for told in one["mistakes"]] for one in await lines(client, done)}
    undone = await applied(client, home, territory, done, "undoing")

    assert {row: columns for row, columns in refused.items() if columns} == {
        8: ["Titre de la sous-action"], 9: ["Emplois créés"], 10: ["Montant € HT", "Date de fin"],
    }  # fmt: skip
    assert (done["counts"]["created"], done["counts"]["updated"], done["counts"]["refused"]) == (2, 2, 3)
    assert (undone["counts"]["undone"], undone["counts"]["kept"], await fiches(client)) == (4, 0, [])


@pytest.mark.parametrize(
    ("content", "status"), [(b"\x89PNG\0\0", 422), (b"", 422), (b"a" * (10 * 2**20 + 2_000), 413)]
)  # fmt: skip
async def test_a_file_that_is_no_table_is_refused(client: Client, content: bytes, status: int) -> None:
    answer = await client.ask("POST", "/imports?file_name=x", file=content)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_an_agent_looks_and_a_coordinator_acts(client: Client) -> None:
    batch = await brought(client, workbook(ACTION))

    assert (await client.ask("GET", f"/imports/{batch['id']}", role=Role.AGENT)).status_code == 200
    assert (await client.ask("POST", "/imports", role=Role.AGENT, file=workbook(ACTION))).status_code == 403
    again = await client.ask("POST", f"/imports/{batch['id']}/undoing", body={}, seen=1)
    assert (again.status_code, again.json()["status_now"]) == (409, "read")


async def test_the_rows_of_a_file_are_forgotten_after_a_month(client: Client, home: Epci) -> None:
    batch = await brought(client, workbook(ACTION))
    scope = instance_scope(home.siren)

    async with home.database.transaction() as session:
        early = await importing.forget_files(session, scope)
    with shifted(timedelta(days=31)):
        async with home.database.transaction() as session:
            late = [await importing.forget_files(session, scope) for _ in range(2)]
    shown = (await client.ask("GET", f"/imports/{batch['id']}")).json()

    assert (early, late) == (0, [1, 0])
    assert (shown["sheet_names"], shown["columns"], shown["lines"]) == ([], [], 0)
    assert set(shown["counts"].values()) == {0}
    again = await client.ask("PATCH", f"/imports/{batch['id']}", body={"header_row": 1}, seen=1)
    assert (again.status_code, "oublié" in again.json()["detail"]) == (409, True)
