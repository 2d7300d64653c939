"""The public page of an instance, its live stream, and the documents of the contract."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import FileResponse, Response

from shared.errors import NotFound
from shared.fields import Code
from shared.http.guards import Router
from shared.identity.access import Right, visitor_scope
from shared.instance.running import Instance
from shared.messaging.describe import FOLDER
from shared.service import Section
from shared.web.live import sse_response
from shared.web.templates import render

router = Router(include_in_schema=False)
_SCHEMA = re.compile(r"[a-z0-9.-]{1,80}\.json")


@router.read("/", right=Right.PUBLIC)
async def home(request: Request) -> Response:
    """Show the public part of the territory: what a visitor may see, whoever asks."""
    instance: Instance = request.app.state.instance
    visitor = visitor_scope(instance.settings.siren)
    shown = []
    for service in instance.services:
        for section in service.manifest.home:
            async with service.database.reading() as session:
                shown.append((section, dict(await section.load(session, visitor))))
    shown.sort(key=lambda pair: pair[0].order)
    context = {"shown": shown, "territory": instance.territory, "figures": _figures(shown)}
    return render(request, "instance/home.html", context)


@router.read("/en-direct", right=Right.PUBLIC)
async def live(request: Request) -> Response:
    """Stream that something changed: kind, id and version, nothing more."""
    return sse_response(request, request.app.state.hub)


@router.read("/schemas/{name}", right=Right.PUBLIC)
async def schema(name: Code) -> Response:
    """Give one published document of the contract.

    Raises:
        NotFound: no such document.
    """
    file = FOLDER / name
    if not _SCHEMA.fullmatch(name) or not file.is_file():
        raise NotFound
    return FileResponse(file, media_type="application/json")


def _figures(shown: Sequence[tuple[Section, Mapping[str, Any]]]) -> list[Any]:
    """Return the figures that sections offer for the top of the page, in order of the sections."""
    return [figure for _, context in shown for figure in context.get("figures", ())]
