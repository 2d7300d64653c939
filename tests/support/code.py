"""The project’s own Python, parsed once, for tests about it; findings name a line and the way out."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("services", "shared")
EVERYTHING = (*PRODUCT, "tests")
_GENERATED = "migrations/versions"


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the project, its text, its tree."""

    path: str
    text: str
    tree: ast.Module

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, walked once for all tests."""
        return tuple(ast.walk(self.tree))

    def at(self, node: ast.AST, *, way_out: str) -> str:
        """Return a finding at the line of ``node``."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {way_out}"

    def is_in(self, *places: str) -> bool:
        """Tell whether this is one of ``places``, or a file below one that ends with a slash."""
        return any(self.path == place or (place.endswith("/") and self.path.startswith(place)) for place in places)


@cache
def sources(*roots: str) -> tuple[Source, ...]:
    """Return the written files below ``roots``; generated migrations and packages installed there are not ours."""
    found = (path for root in roots for path in sorted((ROOT / root).rglob("*.py")))
    written = (path for path in found if _GENERATED not in path.as_posix() and "node_modules" not in path.parts)
    return tuple(_read(path) for path in written)


def _read(path: Path) -> Source:
    text = path.read_text("utf-8")
    return Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text))


def calls(source: Source) -> Iterator[tuple[str, ast.Call]]:
    """Return each call with the dotted name of what is called: ``session.commit``."""
    for node in source.nodes:
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def imports(source: Source) -> Iterator[tuple[str, ast.stmt]]:
    """Return the dotted name of everything imported: ``email.message.EmailMessage``."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def dotted(node: ast.expr) -> str:
    """Return the dotted name of an expression, ``?`` where it is not a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def told(findings: list[str]) -> str:
    """Return findings as pytest shows them when a test fails."""
    return "\n" + "\n".join(findings)
