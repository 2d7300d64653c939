"""Spreadsheets brought again, and taken back: what is the same stays, what people wrote since stays."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.projects.commands import importing
from services.projects.commands.moves import refresh_health
from shared.clock import shifted, today
from shared.identity.access import Scope, instance_scope
from shared.territory.members import Territory
from tests.projects.test_doors import logged
from tests.projects.test_governance import told
from tests.projects.test_imports import ACTION, STEP, applied, brought, fiches, lines, row, workbook
from tests.support.projects import Epci
from tests.support.routes import Client


async def test_the_same_sheet_twice_changes_nothing_and_a_mended_one_what_it_mends(
    client: Client, home: Epci, territory: Territory
) -> None:
    await applied(client, home, territory, await brought(client, workbook(ACTION, STEP)))
    again = await applied(client, home, territory, await brought(client, workbook(ACTION, STEP)))
    mended = row(**{"Titre de l'action": "Halle des Fictifs"}, Descriptif="Huit cellules.", Niveau_de_priorité="Bas")
    changed = await applied(client, home, territory, await brought(client, workbook(mended)))
    [after] = await fiches(client)
    undone = await applied(client, home, territory, changed, "undoing")
    [back] = await fiches(client)

    assert (again["counts"]["unchanged"], again["counts"]["created"]) == (2, 0)
    assert (after["summary"], after["priority"], after["stage"]) == ("Huit cellules.", "low", "delivery")
    assert (undone["status"], undone["counts"]["undone"]) == ("undone", 1)
    assert (back["summary"], back["priority"]) == ("Désamiantage et six cellules.", "high")


async def test_an_import_taken_back_leaves_nothing_but_what_changed_since(
    client: Client, home: Epci, territory: Territory
) -> None:
    second = row(**{"Titre de l'action": "Zone des Fictifs"})
    batch = await applied(client, home, territory, await brought(client, workbook(ACTION, STEP, second)))
    zone = (await fiches(client))[1]
    await client.ask("PATCH", f"/projects/{zone['id']}", body={"summary": "À la main"}, seen=zone["version"])

    undone = await applied(client, home, territory, batch, "undoing")

    assert [one["title"] for one in await fiches(client)] == ["Zone des Fictifs"]
    assert (undone["counts"]["undone"], undone["counts"]["kept"]) == (2, 1)
    again = await applied(client, home, territory, await brought(client, workbook(ACTION)))
    assert again["counts"]["created"] == 1, "a mended sheet may be brought again"


NAMES = ("title", "planned_end", "stage", "kind", "axis", "commune_insee", "total_cost_ht", "public_summary")


@pytest.mark.parametrize("form", ["csv", "csv_fr", "xlsx"])
async def test_an_export_brought_again_is_the_same_fiches(
    client: Client, home: Epci, territory: Territory, form: str
) -> None:
    await logged(
        client, title="=Halle fictive", planned_end="2027-01-31", filieres=["mecanique"], total_cost_ht="1234.50"
    )
    await logged(client, title="Zone fictive", kind="land_brownfield")
    before = await fiches(client)
    exported = (await client.ask("GET", f"/exports/projects?format={form}")).content

    batch = await applied(client, home, territory, await brought(client, exported, "export"))

    assert (batch["counts"]["unchanged"], batch["counts"]["created"], batch["counts"]["refused"]) == (2, 0, 0)
    assert await fiches(client) == before


async def test_an_export_without_its_ids_makes_fiches_that_say_the_same(
    client: Client, home: Epci, territory: Territory
) -> None:
    await logged(
        client, title="=Halle fictive", planned_end="2027-01-31", filieres=["mecanique"], total_cost_ht="1234.50"
    )
    exported = (await client.ask("GET", "/exports/projects?format=csv_fr")).content
    batch = await brought(client, exported, "export.csv")
    [place] = [one["place"] for one in batch["columns"] if one["name"] == "id"]
    left_out = await client.ask("PATCH", f"/imports/{batch['id']}", body={"columns": {place: None}}, seen=1)

    batch = await applied(client, home, territory, left_out.json())

    first, second = await fiches(client)
    assert batch["counts"]["created"] == 1
    assert {name: first[name] for name in NAMES} == {name: second[name] for name in NAMES}


async def test_a_line_that_says_an_id_changes_that_fiche_only_if_it_is_ours(
    client: Client, home: Epci, territory: Territory
) -> None:
    fiche = await logged(client, title="Halle fictive")
    sheet = f"Identifiant;Titre;Descriptif\n{fiche['id']};Halle fictive;Dit mieux\n{UUID(int=7)};Autre;\nxyz;Trois;\n"

    batch = await brought(client, sheet.encode(), "liste.csv")
    ahead = await lines(client, batch)
    done = await applied(client, home, territory, batch)

    assert [(one["outcome"], one["project_id"]) for one in ahead] == [
        ("updated", fiche["id"]), ("refused", None), ("refused", None),
    ]  # fmt: skip
    assert [one["message"] for one in ahead[1]["mistakes"]] == ["Aucune fiche de votre EPCI ne porte cet identifiant."]
    assert (done["counts"]["updated"], done["counts"]["refused"]) == (1, 2)
    [after] = await fiches(client)
    assert (after["id"], after["summary"]) == (fiche["id"], "Dit mieux")


async def test_what_a_sheet_knows_less_well_than_the_fiche_stays(
    client: Client, home: Epci, territory: Territory
) -> None:
    await applied(client, home, territory, await brought(client, workbook(ACTION)))
    [fiche] = await fiches(client)
    sponsor = {"type": "natural_person", "name": "C. Exemple"}
    sent = {"sponsor": sponsor, "need_statement": "Vu sur place"}
    await client.ask("PATCH", f"/projects/{fiche['id']}", body=sent, seen=fiche["version"])
    later = row(
        **{"Titre de l'action": "Halle des Fictifs"}, Structure_pilote="Quelqu’un d’autre", Statut="Réalisé",
        Financeur_1="ADEME", amounts=["1"], Partenaires="CCI fictive, Lycée fictif", Emplois_créés="9",
    )  # fmt: skip

    done = await applied(client, home, territory, await brought(client, workbook(later)))
    [after] = await fiches(client)
    [line] = await lines(client, done)

    assert (after["sponsor"]["type"], after["sponsor"]["name"]) == ("natural_person", "C. Exemple")
    assert (after["need_statement"], after["stage"], len(after["funding"])) == ("Vu sur place", "delivery", 2)
    assert [one["name"] for one in after["partners"]] == ["CCI fictive", "École fictive", "Lycée fictif"]
    assert {one["column"] for one in line["mistakes"]} == {"Étape", "Financements", "Indicateurs"}
    assert "C. Exemple" not in str(await told(home, "project")), "a natural person stays at home"


async def test_taking_back_takes_out_the_step_and_does_not_mind_the_calendar(
    client: Client, home: Epci, territory: Territory, coordinator: Scope
) -> None:
    await applied(client, home, territory, await brought(client, workbook(ACTION)))
    done = await applied(client, home, territory, await brought(client, workbook(STEP)))
    due = row(**{"Titre de l'action": "Halle en retard"}, Date_de_fin=(today() + timedelta(days=2)).isoformat())
    soon = await applied(client, home, territory, await brought(client, workbook(due)))
    with shifted(timedelta(days=9)):
        async with home.database.transaction() as session:
            changed = await refresh_health(session, coordinator)
        undone = [await applied(client, home, territory, one, "undoing") for one in (done, soon)]

    [fiche] = await fiches(client)
    assert changed >= 1
    assert [(one["counts"]["undone"], one["counts"]["kept"]) for one in undone] == [(1, 0), (1, 0)]
    assert (fiche["title"], fiche["milestones"]) == ("Halle des Fictifs", [])


async def test_an_import_may_be_stopped_half_way(client: Client, home: Epci, territory: Territory) -> None:
    batch = await brought(client, workbook(*(row(**{"Titre de l'action": f"Halle {place}"}) for place in range(60))))
    await client.ask("POST", f"/imports/{batch['id']}/application", body={}, seen=batch["version"])
    async with home.database.transaction() as session:
        await importing.go_on(session, instance_scope(home.siren), territory=territory)
    half = (await client.ask("GET", f"/imports/{batch['id']}")).json()

    undone = await applied(client, home, territory, half, "undoing")

    assert (half["counts"]["created"] + half["counts"]["waiting"], half["counts"]["waiting"] > 0) == (60, True)
    assert (undone["status"], undone["counts"]["undone"], await fiches(client)) == (
        "undone",
        half["counts"]["created"],
        [],
    )
