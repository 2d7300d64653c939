"""The icons that templates name, taken out of the full sprite, which is far too heavy for a page."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

TEMPLATES = ("shared/*/templates/**/*.html", "services/*/templates/**/*.html")
_SYMBOL = re.compile(r'<symbol\b[^>]*\bid="([a-z0-9-]+)"[^>]*>.*?</symbol>', re.DOTALL)
_WORD = re.compile(r"""["']([a-z0-9]+(?:-[a-z0-9]+)*)["']""")
_CALL = re.compile(r"""\bicon\(\s*["']([^"']*)["']""")


class UnknownIcon(LookupError):
    """A template names an icon which the sprite does not have."""


def template_files(root: Path) -> list[Path]:
    """Return every template under ``root``, in order of path."""
    return sorted(path for pattern in TEMPLATES for path in root.glob(pattern))


def words_of(templates: Iterable[Path]) -> frozenset[str]:
    """Return every quoted word that could be the name of an icon, whichever macro it is handed to.

    A superset: the few that are icons by chance (``list``, ``table``) cost less than a list kept by hand.
    """
    return frozenset(word for path in templates for word in _WORD.findall(path.read_text("utf-8")))


def reduced_sprite(full: str, words: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """Return the sprite of the icons among ``words``, and their names."""
    symbols = {found[1]: found[0] for found in _SYMBOL.finditer(full)}
    names = tuple(sorted(set(words) & symbols.keys()))
    body = "".join(symbols[name] for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{body}</svg>\n', names


def require_known(templates: Iterable[Path], names: Iterable[str]) -> None:
    """Refuse an icon written with a name that the sprite does not have.

    Raises:
        UnknownIcon: says which template, and which name.
    """
    known = set(names)
    for path, name in _named(templates):
        if name not in known:
            raise UnknownIcon(f"{path} nomme l’icône « {name} », que bootstrap-icons n’a pas.")


def _named(templates: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    return ((path, name) for path in templates for name in _CALL.findall(path.read_text("utf-8")))
