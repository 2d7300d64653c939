"""French is the source and has a catalogue all the same: its plural begins at two, which no default knows."""

from collections.abc import Callable, Iterable
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
FOLDERS = ("shared/*/locale", "services/*/locale")
PO = Path("fr", "LC_MESSAGES", "messages.po")
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
# Only what readers of the format need: dates and names in it would change at each run.
HEADER = rb"""# French catalogue of Estuaire: written by update_catalogue from the sources.
msgid ""
msgstr ""
"Language: fr\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


class SourceTranslations(NullTranslations):
    """What a text reads as when the catalogue lacks it: itself, with the French plural."""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the singular under two."""
        return msgid1 if abs(n) < 2 else msgid2


def compile_catalogues(progress: Callable[[str], None] | None = None) -> list[Path]:
    """Write the compiled catalogue beside each source that is newer; return those written."""
    stale = [po for po in _sources() if not _is_fresh(po)]
    for po in stale:
        if progress:
            progress(f"Compilation de {po.relative_to(ROOT)}")
        po.with_suffix(".mo").write_bytes(_compiled(po))
    return stale


def load_translations(locales: Iterable[Path]) -> NullTranslations:
    """Return the texts of several ``locale`` folders as one; a folder without a catalogue adds nothing."""
    merged: NullTranslations = SourceTranslations()
    for po in (locale / PO for locale in locales):
        if po.exists() or po.with_suffix(".mo").exists():
            found = GNUTranslations(BytesIO(_bytes_of(po)))
            found.add_fallback(merged)
            merged = found
    return merged


def update_catalogue(folder: Path) -> Path:
    """Write the catalogue of the package in ``folder`` from the texts found in it, each translated as itself."""
    po = folder / "locale" / PO
    po.parent.mkdir(parents=True, exist_ok=True)
    texts = BytesIO()
    write_po(texts, extracted(folder), width=120, sort_output=True, omit_header=True, no_location=True)
    po.write_bytes(HEADER + texts.getvalue().rstrip() + b"\n")
    return po


def extracted(folder: Path) -> Catalog:
    """Return the texts found in the Python files and templates of the package in ``folder``."""
    catalogue = Catalog(locale="fr", fuzzy=False)
    found = extract_from_dir(folder, METHODS, options_map={"templates/**.html": {"trimmed": "true"}})
    for _, _, message, _, _ in found:
        catalogue.add(message, string=message)
    return catalogue


def _sources() -> list[Path]:
    return sorted(folder / PO for pattern in FOLDERS for folder in ROOT.glob(pattern) if (folder / PO).exists())


def _is_fresh(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime


def _bytes_of(po: Path) -> bytes:
    """Return the compiled catalogue, made in memory where set-up has not run since the source changed."""
    mo = po.with_suffix(".mo")
    return mo.read_bytes() if _is_fresh(po) or not po.exists() else _compiled(po)


def _compiled(po: Path) -> bytes:
    with po.open("rb") as source:
        catalogue = read_po(source, locale="fr")
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()
