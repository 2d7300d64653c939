"""A fiche action on paper: whole, in French, for those of its own EPCI."""

import io
from typing import Any

import docx
import pytest
from pypdf import PdfReader

from services.projects.rules import labels, words
from shared.contracts import projects as wire
from shared.identity.access import Role
from tests.projects.test_doors import done, funded, logged
from tests.support.routes import Client

LISTS = [
    (labels.FUNDERS, wire.FunderType), (labels.NATURES, wire.FundingNature), (labels.STEPS, words.MilestoneStatus),
    (labels.OUTCOMES, words.Outcome), (labels.BODIES, words.Body), (labels.PARTICIPANTS, wire.ParticipantStatus),
]  # fmt: skip


async def whole(client: Client) -> dict[str, Any]:
    """Log a fiche that says something in each part."""
    given: dict[str, Any] = {
        "title": "Halle fictive <b>#x</b>",
        "planned_start": "2027-01-04",
        "planned_end": "2028-06-30",
        "filieres": ["mecanique"],
        "priority": "high",
        "partners": [{"name": "CCI fictive", "role": "consular"}],
    }
    project = await logged(client, **given)
    path = f"/projects/{project['id']}"
    await done(client, f"{path}/milestones", {"label": "Dépôt du permis", "due": "2027-03-01"})
    await done(client, f"{path}/indicators", {"code": "jobs_created", "target": {"value": "4.5"}})
    decision = {"outcome": "favourable", "body": "territory_committee", "decided_on": "2026-06-01"}
    await done(client, f"{path}/decisions", decision)
    project = (await client.ask("GET", path)).json()
    return await funded(client, project, {"step": "request"}, {"step": "grant", "amount": "700"})


def pdf_text(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def word_text(content: bytes) -> str:
    made = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    return " ".join(" ".join([one.text for one in made.paragraphs] + cells).split())


async def test_a_fiche_is_handed_over_whole_as_pdf_and_docx(client: Client) -> None:
    project = await whole(client)
    path = f"/projects/{project['id']}/document"

    pdf, word = await client.ask("GET", path), await client.ask("GET", f"{path}?format=docx")

    assert pdf.headers["content-type"] == "application/pdf"
    assert f"fiche-{project['reference']}-" in pdf.headers["content-disposition"]
    for told in (pdf_text(pdf.content), word_text(word.content)):
        for text in (
            "Halle fictive <b>#x</b>", project["reference"], "Idée recensée", "Foncier industriel", "Haute",
            "CCI fictive", "4 janvier 2027 – 30 juin 2028", "1 000 €", "700 €", "Accordé", "Dépôt du permis",
            "1er mars 2027", "Emplois créés (ETP)", "4,5", "Comité du Territoire d’industrie", "Favorable",
        ):  # fmt: skip
            assert text in told, text


async def test_an_empty_fiche_leaves_out_what_it_does_not_say(client: Client) -> None:
    project = await done(client, "/projects", {"title": "Idée fictive", "kind": "other"})

    word = await client.ask("GET", f"/projects/{project['id']}/document?format=docx")

    made = docx.Document(io.BytesIO(word.content))
    headings = [one.text for one in made.paragraphs if one.style and one.style.name == "Heading 2"]
    assert headings == ["L’essentiel", "Plan de financement", "Ce qui manque encore"]


@pytest.mark.parametrize(("role", "status"), [(Role.VISITOR, 401), (Role.INTEGRATOR, 403), (Role.AGENT, 200)])
async def test_a_fiche_on_paper_is_for_those_of_its_epci(client: Client, role: Role, status: int) -> None:
    project = await logged(client)

    assert (await client.ask("GET", f"/projects/{project['id']}/document", role=role)).status_code == status


async def test_an_unknown_format_is_refused(client: Client) -> None:
    project = await logged(client)

    assert (await client.ask("GET", f"/projects/{project['id']}/document?format=odt")).status_code == 422


@pytest.mark.parametrize(("known", "values"), LISTS)
def test_every_value_has_its_french_word(known: Any, values: Any) -> None:  # noqa: ANN401 - lists of many types
    assert set(known) == set(values)
