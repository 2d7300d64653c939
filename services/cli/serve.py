"""``estuaire serve``: one instance, all four services or some of them."""

import socket
from types import FrameType
from typing import Annotated

import structlog
import typer
import uvicorn

from services.cli.settings import read_settings
from services.host import SERVICES, build_app
from shared import log as logging
from shared import tracing
from shared.errors import Invalid
from shared.instance.running import SOFTWARE
from shared.web.live import Hub

log = structlog.get_logger(__name__)

GRACE_SECONDS = 10


class Server(uvicorn.Server):
    """Ends open streams on the signal: uvicorn waits for them before it runs the end of the lifespan."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Let people in, and say so."""
        await super().startup(sockets)
        if self.started:
            log.info("instance_serves", host=self.config.host, port=self.config.port)

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
    door = _door(settings.host, settings.port)
    logging.configure(level=settings.log_level)
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
    Server(config, app.state.hub).run(sockets=[door])
    log.info("instance_stopped")
    tracing.flush()


def _door(host: str, port: int) -> socket.socket:
    """Take the address, before anything is opened; nobody is let in yet.

    Raises:
        Invalid: it is taken, or not of this machine.
    """
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
    except OSError as refused:
        door.close()
        remedy = "Une instance tourne-t-elle déjà\u202f? Sinon, changez ESTUAIRE_PORT ou ESTUAIRE_HOST"
        raise Invalid(f"{host}, port {port}\u00a0: l’adresse n’est pas libre. {remedy}.") from refused
    return door
