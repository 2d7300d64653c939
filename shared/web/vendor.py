"""The browser files of others: fetched once by npm, copied by an allow-list, served by us and by nobody else."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.locks import exclusive
from shared.web.espaces import FAMILY, space_font
from shared.web.manifest import MANIFEST, VENDOR, WEB, Asset, read_manifest
from shared.web.node import install_locked
from shared.web.sprite import reduced_sprite, require_known, template_files, words_of

ROOT = WEB.parents[1]
FORMAT = "1"  # raise it when what this module writes changes, so that every machine rebuilds

BOOTSTRAP, ICONS, HTMX = "bootstrap", "bootstrap-icons", "htmx.org"
SANS = "@fontsource/source-sans-3"
WEIGHTS = ("400", "700")
# Logical name → package and file; everything else of these packages stays out.
COPIED = {
    "bootstrap.css": (BOOTSTRAP, "dist/css/bootstrap.min.css"),
    "htmx.js": (HTMX, "dist/htmx.min.js"),
    "htmx-sse.js": (HTMX, "dist/ext/hx-sse.min.js"),
    **{f"source-sans-{w}.woff2": (SANS, f"files/source-sans-3-latin-{w}-normal.woff2") for w in WEIGHTS},
}


def prepare(progress: Callable[[str], None]) -> None:
    """Bring ``static/vendor`` up to date with the lock file and the templates; at once if it already is.

    Raises:
        NodeMissing: Node is needed and is not here.
        NpmFailed: npm refused.
        UnknownIcon: a template names an icon that does not exist.
    """
    with exclusive(WEB / "package-lock.json"):
        _prepare(progress)


def _prepare(progress: Callable[[str], None]) -> None:
    templates = template_files(ROOT)
    words = words_of(templates)
    stamp = _stamp(words)
    if _is_current(stamp):
        return
    _fetch(progress)
    progress("Préparation des fichiers du navigateur")
    packages = WEB / "node_modules"
    sprite, names = reduced_sprite((packages / ICONS / "bootstrap-icons.svg").read_text("utf-8"), words)
    require_known(templates, names)
    fresh = packages / ".estuaire-vendor"
    shutil.rmtree(fresh, ignore_errors=True)
    files = _write_all(_Shelf(fresh, packages), sprite)
    manifest = {"stamp": stamp, "icons": names, "files": {name: asdict(asset) for name, asset in files.items()}}
    (fresh / MANIFEST.name).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The folder being filled, and the packages it is filled from."""

    folder: Path
    packages: Path

    def copy(self, package: str, file: str) -> Asset:
        return self.add(package, Path(file).name, (self.packages / package / file).read_bytes())

    def add(self, package: str, name: str, content: bytes) -> Asset:
        """Write a file of a package under a name that holds its hash, and the licence of the package beside it."""
        about = json.loads((self.packages / package / "package.json").read_text("utf-8"))
        place = f"{package.rpartition('/')[2]}@{about['version']}"
        licence = self._write(f"{place}/LICENSE.txt", (self.packages / package / "LICENSE").read_bytes())
        return self._asset(place, name, content, licence=about["license"], licence_url=licence)

    def add_own(self, place: str, name: str, content: bytes) -> Asset:
        return self._asset(place, name, content, licence="EUPL-1.2", licence_url=None)

    def _asset(self, place: str, name: str, content: bytes, *, licence: str, licence_url: str | None) -> Asset:
        digest = hashlib.sha256(content).hexdigest()
        stem, dot, end = name.rpartition(".")
        url = self._write(f"{place}/{stem}.{digest[:12]}{dot}{end}", content)
        return Asset(url=url, sha256=digest, licence=licence, licence_url=licence_url)

    def _write(self, path: str, content: bytes) -> str:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return f"/static/vendor/{path}"


def _write_all(shelf: _Shelf, sprite: str) -> dict[str, Asset]:
    files = {name: shelf.copy(package, file) for name, (package, file) in COPIED.items()}
    files["icons.svg"] = shelf.add(ICONS, "bootstrap-icons.svg", sprite.encode())
    files["espaces.woff"] = shelf.add_own("estuaire-espaces", "espaces.woff", space_font())
    files["fonts.css"] = shelf.add(SANS, "fonts.css", _faces(shelf.packages / SANS, files).encode())
    return files


def _faces(package: Path, files: Mapping[str, Asset]) -> str:
    """Return the font faces of the pages: the packaged latin ones, and our space."""
    return "\n".join(
        [
            *(_latin_face(package, weight, files[f"source-sans-{weight}.woff2"]) for weight in WEIGHTS),
            f'@font-face{{font-family:"{FAMILY}";src:url({files["espaces.woff"].url}) format("woff");'
            "font-display:block;unicode-range:U+202F}",
            "",
        ]
    )


def _latin_face(package: Path, weight: str, file: Asset) -> str:
    """Return the packaged rule, for its unicode-range, with our address in place of its own."""
    sheet = (package / f"{weight}.css").read_text("utf-8")
    rule = re.search(rf"source-sans-3-latin-{weight}-normal \*/\s*(@font-face \{{.*?\n\}})", sheet, re.DOTALL)
    if rule is None:
        raise LookupError(f"{SANS} {weight}.css no longer has a latin face")
    return re.sub(r"src: [^;]*;", f"src: url({file.url}) format('woff2');", rule[1])


def _fetch(progress: Callable[[str], None]) -> None:
    """Run npm unless the installed packages already are those of the lock file."""
    mark, lock = WEB / "node_modules" / ".estuaire-lock", _digest(WEB / "package-lock.json")
    if mark.exists() and mark.read_text("utf-8") == lock:
        return
    progress("Téléchargement des bibliothèques du navigateur (npm)")
    install_locked(WEB)
    mark.write_text(lock, "utf-8")


def _stamp(words: frozenset[str]) -> str:
    return hashlib.sha256("\n".join([FORMAT, _digest(WEB / "package-lock.json"), *sorted(words)]).encode()).hexdigest()


def _is_current(stamp: str) -> bool:
    """Tell whether the folder was made from these very inputs and nothing in it has changed since."""
    if not MANIFEST.exists():
        return False
    manifest = read_manifest()
    return manifest.stamp == stamp and all(_is_intact(asset) for asset in manifest.files.values())


def _is_intact(asset: Asset) -> bool:
    file = WEB / asset.url.removeprefix("/")
    return file.exists() and _digest(file) == asset.sha256


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
