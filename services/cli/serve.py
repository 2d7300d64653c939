"""``estuaire serve``: one instance, all four services or some of them."""

from types import FrameType
from typing import Annotated

import typer
import uvicorn

from services.cli.settings import read_settings
from services.host import SERVICES, build_app
from shared import log, tracing
from shared.errors import Invalid
from shared.instance.running import SOFTWARE
from shared.web.live import Hub

GRACE_SECONDS = 10


class Server(uvicorn.Server):
    """Ends open streams on the signal: uvicorn waits for them before it runs the end of the lifespan."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop the streams, then the server; the signal was heard, the process ends well and not by it."""
        self._hub.stop()
        super().handle_exit(sig, frame)
        self._captured_signals.clear()


def serve(
    services: Annotated[
        list[str] | None, typer.Argument(help="Services à lancer ; tous les quatre si rien n’est dit.")
    ] = None,
) -> None:
    """Lance l’instance de votre EPCI."""
    names = services or list(SERVICES)
    unknown = sorted(set(names) - set(SERVICES))
    if unknown:
        raise Invalid(f"Service inconnu : {', '.join(unknown)}. Choisissez parmi {', '.join(SERVICES)}.")
    settings = read_settings()
    settings.require_whole()
    log.configure(level=settings.log_level)
    if settings.otlp_endpoint:
        tracing.export_to(settings.otlp_endpoint, epci=settings.siren, version=SOFTWARE)
    app = build_app(names, settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        proxy_headers=False,
    )
    Server(config, app.state.hub).run()
    tracing.flush()
