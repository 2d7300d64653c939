"""Words of French texts: found whatever their accents, case and endings."""

import pytest

from shared.stems import searchable, stems


@pytest.mark.parametrize(
    ("written", "sought"),
    [
        ("Réemploi des friches industrielles", "friche industrielle"),
        ("Usines", "USINE"),
        ("écologie", "Ecologie"),
        ("L’hydrogène bas\u2011carbone", "hydrogene carbone"),
        ("maître d’œuvre", "maitre oeuvre"),
        ("FABLAB 2026", "fablab 2026"),
        ("Chaufferie", "chaufferies"),
    ],
)
def test_a_word_is_found_however_it_is_written(written: str, sought: str) -> None:
    text = searchable([written])

    assert all(f" {one}" in text for one in stems(sought)), (text, stems(sought))


def test_what_says_nothing_is_left_out_and_each_word_kept_once() -> None:
    assert stems("la de les") == []
    assert searchable(["Le port du Havre", "le PORT"]) == " port havr "
    assert searchable(["", "…"]) == ""


def test_only_letters_and_digits_are_left() -> None:
    assert "".join(stems("100 % \\_ ' \" ; DROP TABLE--")).isalnum()
    assert stems("x" * 41) == []
