"""Signs of life for supervisors: alive, ready, figures."""

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from shared import figures
from shared.http.guards import Router
from shared.identity.access import Right

router = Router(include_in_schema=False)


@router.read("/healthz", right=Right.PUBLIC, limit="token")
async def healthz(request: Request) -> Response:
    """Say that the event loop turns and that the tasks of the instance live; touches neither database nor broker."""
    dead = request.app.state.instance.dead_tasks()
    return JSONResponse({"status": "dead" if dead else "alive", "tasks": dead}, status_code=503 if dead else 200)


@router.read("/readyz", right=Right.PUBLIC, limit="token")
async def readyz(request: Request) -> Response:
    """Say whether requests can be served; Kafka away is ``degraded``, never a failure."""
    return JSONResponse(*await request.app.state.instance.readiness())


@router.read("/metrics", right=Right.OPERATE, limit="token")
async def metrics(request: Request) -> Response:
    """Give the figures in Prometheus’ text format."""
    await request.app.state.instance.measure()
    return Response(figures.written(), media_type=figures.CONTENT_TYPE)
