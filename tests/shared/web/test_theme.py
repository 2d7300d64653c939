"""The shades of look: derived, readable, and never a list of seven."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web.theme import ColourRefused, Shades, build_theme, contrast, shades

# Two independent sources of the same rule: the table of the design and the sheets of its mock-ups.
DESIGNED = [
    Shades("#4b4da8", "#404290", "#38397c", "#ffffff", "#f1f1f8", "#c2c2e1", "#888ac6"),
    Shades("#15598c", "#124d78", "#104268", "#ffffff", "#ecf2f6", "#afc7d8", "#6591b3"),
    Shades("#9a2f5d", "#842850", "#722345", "#ffffff", "#f7eef2", "#ddb8c8", "#be7a97"),
    Shades("#44691e", "#3a5a1a", "#2e4714", "#ffffff", "#f0f3ed", "#bfccb2", "#7c9662"),
    Shades("#7a5312", "#69470f", "#583c0d", "#ffffff", "#f4f1ec", "#d2c5ae", "#a58a5e"),
    Shades("#0c6a60", "#0a5b53", "#084a43", "#ffffff", "#ecf3f2", "#acccc9", "#5a9a93"),
    Shades("#84398c", "#723178", "#622a68", "#ffffff", "#f5eff6", "#d5bcd8", "#ae7cb3"),
]
colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


@dataclass(frozen=True)
class Member:
    siren: str
    colour: str | None


@pytest.mark.parametrize("expected", DESIGNED, ids=lambda s: s.primary)
def test_the_shades_are_those_of_the_design(expected: Shades) -> None:
    assert shades(expected.primary) == expected


def test_a_pale_colour_is_refused_with_the_nearest_shade_that_passes() -> None:
    with pytest.raises(ColourRefused, match="La nuance la plus proche qui convient est #") as refused:
        shades("#f0a000")

    nearest = str(refused.value).rstrip(".")[-7:]
    assert shades(nearest).primary == nearest
    assert "trop claire" in str(refused.value)


@pytest.mark.parametrize("written", ["red", "#fff", "#12345g", "", "#0c6a60;}"])
def test_what_is_no_colour_is_refused(written: str) -> None:
    with pytest.raises(ColourRefused, match="s’écrit #rrggbb"):
        shades(written)


@given(colours)
def test_a_colour_is_readable_everywhere_or_refused_with_one_that_is(colour: str) -> None:
    try:
        found = shades(colour)
    except ColourRefused as refused:
        found = shades(str(refused).rstrip(".")[-7:])

    for ground in ("#ffffff", "#faf8f4", "#f4f0e9", found.soft):
        assert contrast(found.primary, ground) >= 4.5
    assert contrast(found.on_primary, found.primary) >= 4.5
    assert contrast("#1d2327", found.soft) >= 7
    assert contrast(found.mid, "#ffffff") >= 3.2
    assert contrast(found.active, found.mid) >= 3.05


@given(colours)
def test_the_initials_of_any_member_are_readable_on_its_chip(colour: str) -> None:
    css = build_theme(Member("200010700", None), [Member("200072312", colour)]).css

    assert contrast(colour, css.rstrip("}\n")[-7:]) >= 4.5


def test_the_sheet_gives_own_tokens_then_one_chip_for_each_coloured_member() -> None:
    own = Member("200010700", "#0c6a60")
    css = build_theme(own, [own, Member("200072312", "#7a5312"), Member("200070142", None)]).css

    assert css.splitlines() == [
        ":root{--e-primary:#0c6a60;--e-primary-hover:#0a5b53;--e-primary-active:#084a43;--e-on-primary:#ffffff;"
        "--e-primary-soft:#ecf3f2;--e-primary-line:#acccc9;--e-primary-mid:#5a9a93}",
        '[data-epci="200010700"]{--epci:#0c6a60;--epci-on:#ffffff}',
        '[data-epci="200072312"]{--epci:#7a5312;--epci-on:#ffffff}',
    ]


def test_another_colour_is_another_address() -> None:
    one, other = (build_theme(Member("200010700", colour), []) for colour in ("#0c6a60", "#7a5312"))

    assert one.url != other.url
    assert one.url.startswith("/theme.css?v=")
