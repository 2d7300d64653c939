"""Every template of the project keeps the rules of pages, and the lint that says so fires."""

from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from shared.web import i18n
from shared.web.sprite import template_files
from tests.shared.web.lint import broken_rules

ROOT = Path(__file__).parents[3]
TEMPLATES = template_files(ROOT)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_keeps_the_rules(path: Path) -> None:
    assert broken_rules(str(path.relative_to(ROOT)), path.read_text("utf-8")) == []


def test_the_templates_were_found() -> None:
    assert {"base.html", "macros.html", "forms.html", "error.html", "link_page.html"} <= {p.name for p in TEMPLATES}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('<p style="color:red">', "inline style"),
        ('<p\n  class="{{ a }}" style="{{ x }}">', "inline style"),
        ("<style>p{}</style>", "inline style"),
        ("<script>1</script>", "inline script"),
        ('<button onclick="x()">', "unsafe-eval"),
        ('<button hx-on:click="x()">', "unsafe-eval"),
        ("<button hx-post=\"/a\" hx-vals='js:{a: 1}'>", "holds a script"),
        ('<a href="javascript:x()">', "holds a script"),
        ('<div hx-get="/a" hx-trigger="keyup[ctrlKey]">', "no [filter]"),
        ("<p>{{ text | safe }}</p>", "never switched off"),
        ('<p class="x" data-c="#ff0000">', "no colour"),
        ('<div hx-target="#list"><a hx-get="/a">a</a></div>', "rule 1: hx-target"),
        ('<div hx-confirm="Sûr ?">', "write hx-confirm:inherited"),
        ("<div hx-disable>", "rule 3: hx-disable"),
        ('<div class="e-rich">{{ note }}</div>', "rule 3: rich text"),
        ('<form><button hx-delete="/a">', "rule 4"),
        ('<form>{% if a %}<a hx-get="/a">{% endif %}</form>', "rule 4"),
        ("<input autofocus><input autofocus>", "rule 12: a second autofocus"),
    ],
)
def test_a_broken_rule_is_named(source: str, said: str) -> None:
    found = broken_rules("services/x/templates/page.html", source)

    assert len([one for one in found if said in one]) == 1, found


@pytest.mark.parametrize(
    "source",
    [
        '<div hx-target:inherited="#list"><a hx-get="/a">a</a></div>',
        '<form hx-post="/a" hx-target="this" hx-disable="find button"><button>ok</button></form>',
        '<div hx-ignore><div class="e-rich">{{ note }}</div></div>',
        '<form><a hx-get="/a" hx-include="closest form">a</a></form>',
        '<a href="{{ url }}#part">a</a>{# <script>no</script> #}',
        '<script src="{{ asset("x.js") }}" defer></script>',
    ],
)
def test_what_is_allowed_passes(source: str) -> None:
    assert broken_rules("services/x/templates/page.html", source) == []


def test_controls_of_a_fragment_have_an_id() -> None:
    found = broken_rules("services/x/templates/_row.html", '<a href="/a">a</a><input id="b"><input type="hidden">')

    assert found == ["services/x/templates/_row.html:1: rule 12: a in a swapped fragment has no id"]


LOCALES = sorted(locale for pattern in i18n.FOLDERS for locale in ROOT.glob(pattern))


def test_the_catalogues_were_found() -> None:
    assert {"web", "notifications"} <= {locale.parent.name for locale in LOCALES}


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: str(locale.parent.relative_to(ROOT)))
def test_a_catalogue_holds_every_text_of_its_folder_and_no_other(locale: Path) -> None:
    with (locale / i18n.PO).open("rb") as source:
        committed = {message.id for message in read_po(source, locale="fr") if message.id}
    found = {message.id for message in i18n.extracted(locale.parent) if message.id}

    assert found
    assert committed == found, "run i18n.update_catalogue"
