"""What ``static/vendor`` holds: written at set-up, read by every instance, which needs none of the tools."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).parent
VENDOR = WEB / "static" / "vendor"
MANIFEST = VENDOR / "manifest.json"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file for browsers: where it is served, what it must hash to, under which licence."""

    url: str
    sha256: str
    licence: str
    licence_url: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``static/vendor`` holds, by logical name."""

    stamp: str
    icons: tuple[str, ...]
    files: Mapping[str, Asset]


class AssetsMissing(RuntimeError):
    """The browser files were not prepared."""

    def __init__(self) -> None:
        super().__init__(
            "Les fichiers du navigateur ne sont pas préparés. Lancez : make setup\n"
            "The browser files are not prepared. Run: make setup"
        )


def read_manifest() -> Manifest:
    """Return what ``vendor.prepare`` wrote.

    Raises:
        AssetsMissing: it has not run here.
    """
    if not MANIFEST.exists():
        raise AssetsMissing
    written = json.loads(MANIFEST.read_text("utf-8"))
    files = {name: Asset(**asset) for name, asset in written["files"].items()}
    return Manifest(stamp=written["stamp"], icons=tuple(written["icons"]), files=files)
