"""Reads templates as HTML and says where they break the rules of pages; the numbers are those of the design."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
REQUESTS = frozenset({"hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete", "hx-sse:connect"})
# Attributes that a parent would pass on if htmx still inherited by itself.
PASSED_ON = frozenset(
    {
        "hx-target",
        "hx-swap",
        "hx-confirm",
        "hx-include",
        "hx-vals",
        "hx-headers",
        "hx-indicator",
        "hx-disable",
        "hx-sync",
        "hx-select",
        "hx-push-url",
        "hx-replace-url",
        "hx-encoding",
        "hx-config",
    }
)
CONTROLS = frozenset(["a", "button", "input", "select", "textarea", "summary"])
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%.*?%\}", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Element:
    """One start tag, its line, its attributes and those of what surrounds it."""

    tag: str
    line: int
    attributes: dict[str, str]
    around: tuple["Element", ...]

    def is_inside(self, tag: str) -> bool:
        return any(outer.tag == tag for outer in self.around)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        element = Element(tag, self.getpos()[0], found, tuple(self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self._open):
            while self._open.pop().tag != tag:
                pass


def broken_rules(name: str, source: str) -> list[str]:
    """Return one sentence per break of a rule, with the line; empty for a good template.

    Args:
        name: the path of the template; a file that begins with ``_`` is a fragment that htmx swaps.
        source: its text.
    """
    plain = _COMMENT.sub(_blank, source)
    reader = _Reader()
    reader.feed(_EXPRESSION.sub(_filled, _STATEMENT.sub(_blank, plain)))
    found = [*_in_text(plain), *(said for element in reader.elements for said in _in_element(element))]
    found += _in_page(reader.elements, is_fragment=name.rpartition("/")[2].startswith("_"))
    return [f"{name}:{said}" for said in found]


def _in_text(plain: str) -> Iterator[str]:
    for number, line in enumerate(plain.splitlines(), start=1):
        if re.search(r"\|\s*safe\b|\bMarkup\(|autoescape\s+false", line):
            yield f"{number}: escaping is never switched off (|safe)"
        if re.search(r"#[0-9a-fA-F]{3,8}\b(?=[\"';)])", line):
            yield f"{number}: no colour in a template"


def _in_element(element: Element) -> Iterator[str]:
    yield from (f"{element.line}: {said}" for said in [*_unsafe(element), *_htmx(element)])


def _unsafe(element: Element) -> Iterator[str]:
    attributes = element.attributes
    if "style" in attributes or element.tag == "style":
        yield "rule 11: no inline style"
    if element.tag == "script" and "src" not in attributes:
        yield "rule 11: no inline script"
    for name, value in attributes.items():
        if name.startswith("on") or name.startswith("hx-on"):
            yield f"rule 11: {name} needs unsafe-eval"
        if re.match(r"\s*(js|javascript):", value):
            yield f"rule 11: {name} holds a script"
    if "[" in attributes.get("hx-trigger", ""):
        yield "rule 11: no [filter] in a trigger"


def _htmx(element: Element) -> Iterator[str]:
    attributes = element.attributes
    asks = REQUESTS & attributes.keys()
    for name in sorted(PASSED_ON & attributes.keys()):
        if not asks:
            yield f"rule 1: {name} reaches no child; write {name}:inherited"
    if attributes.get("hx-disable") == "" and "hx-disable" in attributes:
        yield "rule 3: hx-disable takes what to disable during a request; to stop htmx, hx-ignore"
    if "e-rich" in attributes.get("class", "").split() and not _is_ignored(element):
        yield "rule 3: rich text sits inside hx-ignore"
    if {"hx-get", "hx-delete"} & asks and element.is_inside("form") and "hx-include" not in attributes:
        yield "rule 4: hx-get and hx-delete do not send the form; add hx-include"


def _is_ignored(element: Element) -> bool:
    return any("hx-ignore" in one.attributes for one in (element, *element.around))


def _in_page(elements: list[Element], *, is_fragment: bool) -> Iterator[str]:
    focused = [element for element in elements if "autofocus" in element.attributes]
    for element in focused[1:]:
        yield f"{element.line}: rule 12: a second autofocus"
    if not is_fragment:
        return
    for element in elements:
        hidden = element.attributes.get("type") == "hidden"
        if element.tag in CONTROLS and not hidden and not element.attributes.get("id"):
            yield f"{element.line}: rule 12: {element.tag} in a swapped fragment has no id"


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _filled(found: re.Match[str]) -> str:
    """Return a word for an expression, so that it may be a value; attributes made by xmlattr leave nothing."""
    return ("" if "xmlattr" in found[0] else "x") + "\n" * found[0].count("\n")
