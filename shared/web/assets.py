"""Addresses of the browser files, and the application that serves them with a cache that never lies."""

import hashlib
import os
from collections.abc import Mapping

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from shared.web.manifest import WEB, read_manifest
from shared.web.sprite import UnknownIcon

STATIC = WEB / "static"
OWN = ("estuaire.css", "estuaire.js")
FOR_EVER = "public, max-age=31536000, immutable"


class UnknownAsset(LookupError):
    """A page asks for a browser file that does not exist."""


class Assets:
    """Where each browser file and each icon is, by the name that templates use."""

    def __init__(self, urls: Mapping[str, str], icons: frozenset[str]) -> None:
        self.urls = urls
        self.icons = icons

    def url(self, name: str) -> str:
        """Return the address of a file; it changes with the content.

        Raises:
            UnknownAsset: no such file.
        """
        if name not in self.urls:
            raise UnknownAsset(f"« {name} » is none of {', '.join(sorted(self.urls))}")
        return self.urls[name]

    def icon(self, name: str) -> str:
        """Return the address of one icon in the sprite.

        Raises:
            UnknownIcon: the sprite lacks it; only names quoted in a template are in it.
        """
        if name not in self.icons:
            raise UnknownIcon(f"L’icône « {name} » n’est citée dans aucun gabarit ; citez-la, puis lancez : make setup")
        return f"{self.url('icons.svg')}#{name}"


def load_assets() -> Assets:
    """Return the addresses of the prepared files and of our own.

    Raises:
        AssetsMissing: ``vendor.prepare`` has not run here.
    """
    manifest = read_manifest()
    vendored = {name: asset.url for name, asset in manifest.files.items()}
    return Assets({**vendored, **{name: _own(name) for name in OWN}}, frozenset(manifest.icons))


def static_app() -> StaticFiles:
    """Return the application to mount at ``/static``."""
    return _Static(directory=STATIC)


class _Static(StaticFiles):
    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = FOR_EVER if _is_pinned(scope) else "no-cache"
        return response


def _is_pinned(scope: Scope) -> bool:
    """Tell whether the address changes with the content: a hash in a vendored name, or in our query."""
    versioned: bool = scope["query_string"].startswith(b"v=")
    return versioned or "/vendor/" in scope["path"]


def _own(name: str) -> str:
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"
