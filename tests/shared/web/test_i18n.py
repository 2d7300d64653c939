"""French plurals, with the catalogue compiled, not compiled, or without the text."""

import os
from pathlib import Path

import pytest

from shared.web import i18n

PO = """msgid ""
msgstr ""
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"
"Content-Type: text/plain; charset=utf-8\\n"

msgid "une fiche"
msgid_plural "%(num)s fiches"
msgstr[0] "une fiche"
msgstr[1] "%(num)s fiches"

msgid "Menu"
msgstr "Menu du jour"
"""


@pytest.fixture
def locale(tmp_path: Path) -> Path:
    po = tmp_path / i18n.PO
    po.parent.mkdir(parents=True)
    po.write_text(PO, "utf-8")
    return tmp_path


@pytest.mark.parametrize(("count", "text"), [(0, "une fiche"), (1, "une fiche"), (2, "%(num)s fiches")])
def test_zero_is_singular_with_and_without_the_catalogue(locale: Path, count: int, text: str) -> None:
    for translations in (i18n.load_translations([locale]), i18n.load_translations([])):
        assert translations.ngettext("une fiche", "%(num)s fiches", count) == text


def test_a_newer_source_wins_over_an_old_compilation(locale: Path) -> None:
    mo = (locale / i18n.PO).with_suffix(".mo")
    mo.write_bytes(b"not a catalogue")
    os.utime(mo, (0, 0))

    assert i18n.load_translations([locale]).gettext("Menu") == "Menu du jour"


def test_a_text_the_catalogue_lacks_is_its_own_source(locale: Path) -> None:
    translations = i18n.load_translations([locale])

    assert translations.gettext("Autre") == "Autre"
    assert translations.ngettext("un", "des", 0) == "un"


def test_set_up_compiles_once() -> None:
    i18n.compile_catalogues()

    assert i18n.compile_catalogues() == []
    assert (i18n.ROOT / "shared/web/locale" / i18n.PO).with_suffix(".mo").exists()
