"""Jinja as this house uses it: one loader per service, escaping on, no undefined names, French filters."""

from collections.abc import Mapping
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from shared.web import formats
from shared.web.assets import FOR_EVER, load_assets, static_app
from shared.web.i18n import load_translations
from shared.web.river import river
from shared.web.shell import Site
from shared.web.theme import Theme

SHARED = ("shared.web", "templates")
FILTERS = (
    formats.nombre,
    formats.euros,
    formats.montant_court,
    formats.pourcent,
    formats.pluriel,
    formats.liste_et,
    formats.siren,
    formats.telephone,
    formats.jour,
    formats.heure,
    formats.quand,
    formats.delai,
    formats.exposant,
    formats.tuile,
)


def build_templates(loaders: Mapping[str, tuple[str, str]]) -> Environment:
    """Return the templates of several packages under one roof: ``projects/list.html``, ``shared/base.html``.

    Args:
        loaders: prefix → importable package and the folder of templates in it; ``shared`` is always there.

    Raises:
        AssetsMissing: the browser files were not prepared.
    """
    packages = {"shared": SHARED, **loaders}
    environment = Environment(
        loader=PrefixLoader({prefix: PackageLoader(*place) for prefix, place in packages.items()}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters.update({written.__name__: written for written in FILTERS})
    assets = load_assets()
    environment.globals.update(asset=assets.url, icon_url=assets.icon, river_of=river)
    translations = load_translations(_locale(package) for package, _ in packages.values())
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]  # by i18n
    return environment


def install(app: FastAPI, *, templates: Environment, site: Site, theme: Theme) -> None:
    """Give an application its templates, its shell, ``/static`` and ``/theme.css``."""
    app.state.templates = templates
    app.state.site = site
    app.mount("/static", static_app(), name="static")

    async def theme_css(request: Request) -> Response:
        return PlainTextResponse(theme.css, media_type="text/css", headers={"Cache-Control": FOR_EVER})

    app.add_route("/theme.css", theme_css, include_in_schema=False)


def render(
    request: Request,
    name: str,
    context: Mapping[str, object] | None = None,
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Answer with a page; every page also sees ``request``, ``path`` and ``site``."""
    templates: Environment = request.app.state.templates
    shell = {"request": request, "path": request.url.path, "site": request.app.state.site}
    text = templates.get_template(name).render({**shell, **(context or {})})
    return HTMLResponse(text, status_code=status, headers=dict(headers or {}))


def _locale(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise LookupError(f"{package} is not an importable package")
    return Path(next(iter(found.submodule_search_locations)), "locale")
