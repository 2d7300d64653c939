"""For those who build on what the EPCI publish: the channels and their fields in French, and an index for programs."""

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from shared.errors import NotFound
from shared.fields import Code
from shared.http.guards import Router
from shared.identity.access import Right
from shared.instance.contract import SCOPES, channels, index
from shared.web.shell import Link
from shared.web.templates import render

router = Router(include_in_schema=False)
LINK = Link("Intégrateurs et données ouvertes", "/integrateurs")


@router.read(LINK.path, right=Right.PUBLIC)
async def integrators(request: Request) -> Response:
    """Show how to read the topics of this territory, and which there are."""
    found = list(channels().values())
    context = {
        "channels": found,
        "headers": found[0].headers,
        "scopes": SCOPES,
        "territory": request.app.state.territory,
        "base_url": request.app.state.settings.base_url,
    }
    return render(request, "instance/integrators.html", context)


@router.read(LINK.path + "/{name}", right=Right.PUBLIC)
async def channel(request: Request, name: Code) -> Response:
    """Show one channel: its fields, its policies, an example.

    Raises:
        NotFound: no such channel.
    """
    found = channels().get(name)
    if found is None:
        raise NotFound
    return render(request, "instance/channel.html", {"channel": found, "scopes": SCOPES, "home": LINK})


@router.read("/schemas/", right=Right.PUBLIC)
async def schemas() -> Response:
    """List the published documents, for programs."""
    return JSONResponse(index())
