"""Lists of projects as files."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import JSONResponse

from services.projects.api.context import PREFIX, TheTerritory
from services.projects.queries.portfolio import list_all
from services.projects.queries.projects import get_project
from services.projects.schemas.answers import ProjectShown
from services.projects.schemas.document import document_of
from services.projects.schemas.exported import columns, geojson
from services.projects.schemas.wanted import Listed
from shared import documents
from shared.clock import today
from shared.contracts import projects as wire
from shared.fields import Id
from shared.http.guards import Router, Who
from shared.http.session import Reading
from shared.identity.access import Right
from shared.sheets import EXTENSIONS, MEDIA_TYPES, Format, write_table
from shared.territory.members import Territory

router = Router(prefix=PREFIX, tags=["projects"])


class Written(StrEnum):
    """How a list is written."""

    CSV = "csv"
    CSV_FR = "csv_fr"
    XLSX = "xlsx"
    JSON = "json"
    GEOJSON = "geojson"


class Exported(Listed):
    """Which projects, and in which format."""

    format: Written = Written.CSV


@router.read("/exports/projects", right=Right.READ_TERRITORY, limit="token")
async def export(session: Reading, who: Who, territory: TheTerritory, wanted: Annotated[Exported, Query()]) -> Response:
    """Hand over the projects of a list as a file: CSV, CSV for French Excel, XLSX, JSON or GeoJSON."""
    states = [state async for state in list_all(session, who, wanted)]
    # Thousands of rows take a while: other requests go on meanwhile.
    return await asyncio.to_thread(_written, states, wanted.format, territory)


def _written(states: Sequence[wire.Project], how: Written, territory: Territory) -> Response:
    if how is Written.JSON:
        return JSONResponse([one.model_dump(mode="json") for one in states], headers=_as_file("json"))
    if how is Written.GEOJSON:
        made = geojson(states, territory)
        return JSONResponse(made, media_type="application/geo+json", headers=_as_file("geojson"))
    form = Format(how.value)
    content = write_table(columns(territory, french=form is not Format.CSV), states, form)
    return Response(content, media_type=MEDIA_TYPES[form], headers=_as_file(EXTENSIONS[form]))


@router.read("/projects/{project_id}/document", right=Right.WRITE_PROJECTS, limit="token")
async def hand_over(
    project_id: Id,
    session: Reading,
    who: Who,
    territory: TheTerritory,
    form: Annotated[documents.Written, Query(alias="format")] = documents.Written.PDF,
) -> Response:
    """Hand over a fiche action of this EPCI as a document: PDF that everybody can read, or DOCX."""
    found = ProjectShown.of(await get_project(session, who, project_id))
    content = document_of(found, territory, epci=who.epci, today=today())
    made = await asyncio.to_thread(documents.write_document, content, form)
    name = f"fiche-{found.reference}-{today().isoformat()}"
    return Response(made, media_type=documents.MEDIA_TYPES[form], headers=_named(name, documents.EXTENSIONS[form]))


def _as_file(extension: str) -> dict[str, str]:
    return _named(f"projets-{today().isoformat()}", extension)


def _named(name: str, extension: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}.{extension}"'}
