"""Composition root: the only module that knows several services, and of them only their manifests."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files

from fastapi import FastAPI, Request, Response

from services.contacts.manifest import SERVICE as CONTACTS
from services.events.manifest import SERVICE as EVENTS
from services.notifications.manifest import SERVICE as NOTIFICATIONS
from services.projects.manifest import SERVICE as PROJECTS
from shared.contracts.base import State, Visibility
from shared.errors import Refusal
from shared.http import health
from shared.http.context import RequestContext
from shared.http.guards import Windows
from shared.http.refusals import install_refusals
from shared.http.session import mount
from shared.instance import integrators, pages, status
from shared.instance.running import SOFTWARE, Instance
from shared.messaging.registry import Record
from shared.service import Service
from shared.settings import InstanceSettings
from shared.territory.members import Territory, read_territory
from shared.web.live import Hub
from shared.web.shell import Site
from shared.web.templates import build_templates, install, render
from shared.web.theme import build_theme

SERVICES: dict[str, Service] = {one.name: one for one in (PROJECTS, CONTACTS, EVENTS, NOTIFICATIONS)}

SHOWN = frozenset({"project", "agenda-event", "feed-entry"})


def build_app(names: Sequence[str], settings: InstanceSettings) -> FastAPI:
    """Return the application of one instance with the named services inside.

    Raises:
        Invalid: the territory file is unreadable, or a colour cannot be read on the page.
        NotFound: the instance’s own SIREN is not in it.
    """
    territory = read_territory(settings.territory_file)
    hub = Hub()
    instance = Instance(
        [SERVICES[name] for name in names],
        settings=settings,
        territory=territory,
        shows=_is_shown,
        publish=lambda shown: hub.publish(*shown),
    )

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        await instance.start()
        yield
        hub.stop()
        await instance.stop()

    app = FastAPI(title="Estuaire", version=SOFTWARE, lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings, app.state.instance, app.state.hub = settings, instance, hub
    app.state.identity, app.state.signer, app.state.territory = instance.identity, instance.signer, territory
    app.state.windows, app.state.limits = Windows(), dict(settings.limits)
    _dress(app, names, settings=settings, territory=territory)
    for service in instance.services:
        mount(app, service.manifest.routers, service)
    mount(app, (health.router, pages.router, integrators.router, status.router))
    install_refusals(app, page_of=_error_page)
    uploads = {path: size for name in names for path, size in SERVICES[name].uploads.items()}
    app.add_middleware(RequestContext, epci=settings.siren, uploads=uploads)
    return app


def _dress(app: FastAPI, names: Sequence[str], *, settings: InstanceSettings, territory: Territory) -> None:
    own = territory.member(settings.siren)
    theme = build_theme(own, members=list(territory))
    site = Site(
        epci=own,
        territory=f"Territoire d’industrie {territory.name}",
        members=list(territory),
        navigation=(),
        footer=(integrators.LINK,),
        footnote=FOOTNOTE_DEMO if territory.demo else FOOTNOTE,
        theme_url=theme.url,
    )
    packages = {name: SERVICES[name].package for name in names} | {"instance": "shared.instance"}
    with_pages = {
        name: (one, "templates") for name, one in packages.items() if files(one).joinpath("templates").is_dir()
    }
    templates = build_templates(with_pages)
    install(app, templates=templates, site=site, theme=theme)


def _error_page(request: Request, refusal: Refusal) -> Response:
    reference = getattr(request.state, "request_id", "")
    context = {"title": refusal.title, "detail": refusal.detail, "status": refusal.status, "reference": reference}
    return render(request, "shared/error.html", context, status=refusal.status)


def _is_shown(record: Record[State]) -> bool:
    """Tell whether open pages hear of it: what a visitor may see; that something private moved is nobody’s to know."""
    public = record.state is not None and getattr(record.state, "visibility", None) == Visibility.PUBLIC
    return public and record.aggregate in SHOWN


FOOTNOTE = "Estuaire, logiciel libre sous licence EUPL-1.2."
FOOTNOTE_DEMO = (
    "Instance de démonstration\u00a0: personnes, entreprises, montants et échanges sont fictifs, "
    "sauf les fiches qui citent leur source. " + FOOTNOTE
)
