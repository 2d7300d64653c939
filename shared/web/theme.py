"""One primary colour becomes the shades of an instance, checked for contrast before anything is served."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

Rgb = tuple[int, int, int]

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
INK = (0x1D, 0x23, 0x27)
GROUNDS = {"blanc": WHITE, "fond de page": (0xFA, 0xF8, 0xF4), "fond en creux": (0xF4, 0xF0, 0xE9)}
TEXT_MINIMUM = 4.5
MID_ON_WHITE, ACTIVE_ON_MID = 3.2, 3.05


class ColourRefused(ValueError):
    """A colour that some readers could not tell from its ground, or that is no colour."""


class Themed(Protocol):
    """What the theme needs to know of a member of the territory."""

    @property
    def siren(self) -> str:
        """The nine digits by which pages mark what is the member’s."""

    @property
    def colour(self) -> str | None:
        """Its colour as ``#rrggbb``; None leaves the neutral one."""


@dataclass(frozen=True, slots=True)
class Shades:
    """The primary colour and what is derived from it, each as ``#rrggbb``."""

    primary: str
    hover: str
    active: str
    on_primary: str
    soft: str
    line: str
    mid: str


@dataclass(frozen=True, slots=True)
class Theme:
    """The text of ``/theme.css`` and the address under which it may be kept for ever."""

    css: str
    url: str


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two ``#rrggbb`` colours, from 1 to 21.

    Source: WCAG 2.1, relative luminance and contrast ratio.
    """
    return _contrast(_parse(one), _parse(other))


def shades(primary: str) -> Shades:
    """Derive the shades of one primary colour.

    Raises:
        ColourRefused: not a colour, or too pale for text on one of our grounds; names the nearest shade that passes.
    """
    colour = _parse(primary)
    _require_readable(colour)
    mid = next(m for m in _mixes(colour, range(60, 101, 2), towards=WHITE) if _contrast(m, WHITE) >= MID_ON_WHITE)
    active = next(a for a in _mixes(colour, range(74, -1, -2), towards=BLACK) if _contrast(a, mid) >= ACTIVE_ON_MID)
    return Shades(
        primary=_hex(colour),
        hover=_hex(_mix(colour, BLACK, percent=86)),
        active=_hex(active),
        on_primary=_hex(_text_on(colour, dark=INK)),
        soft=_hex(_soft(colour)),
        line=_hex(_mix(colour, WHITE, percent=34)),
        mid=_hex(mid),
    )


def build_theme(own: Themed, members: Iterable[Themed]) -> Theme:
    """Write ``/theme.css``: the instance’s own shades, then the chip of each member that has a colour.

    Raises:
        ColourRefused: see ``shades``; also when a member’s colour is written wrongly.
    """
    blocks = [] if own.colour is None else [_root_block(shades(own.colour))]
    css = "\n".join([*blocks, *_chips(members), ""])
    return Theme(css=css, url=f"/theme.css?v={hashlib.sha256(css.encode()).hexdigest()[:12]}")


def _root_block(found: Shades) -> str:
    tokens = {
        "primary": found.primary,
        "primary-hover": found.hover,
        "primary-active": found.active,
        "on-primary": found.on_primary,
        "primary-soft": found.soft,
        "primary-line": found.line,
        "primary-mid": found.mid,
    }
    return ":root{" + ";".join(f"--e-{name}:{value}" for name, value in tokens.items()) + "}"


def _chips(members: Iterable[Themed]) -> Iterator[str]:
    for member in members:
        if member.colour is not None:
            colour = _parse(member.colour)
            # Black, not ink: it is readable on every colour that white is not, so a neighbour's choice stops nobody.
            text = _hex(_text_on(colour, dark=BLACK))
            yield f'[data-epci="{member.siren}"]{{--epci:{_hex(colour)};--epci-on:{text}}}'


def _require_readable(colour: Rgb) -> None:
    failing = _unreadable_on(colour)
    if failing is None:
        return
    ground, ratio = failing
    nearest = next(c for c in _mixes(colour, range(99, -1, -1), towards=BLACK) if _unreadable_on(c) is None)
    raise ColourRefused(
        f"La couleur {_hex(colour)} est trop claire : son contraste sur le {ground} est de {ratio:.1f}".replace(
            ".", ","
        )
        + f" pour 4,5 au moins. La nuance la plus proche qui convient est {_hex(nearest)}."
    )


def _unreadable_on(colour: Rgb) -> tuple[str, float] | None:
    grounds = {**GROUNDS, "fond teinté": _soft(colour)}
    ratios = ((name, _contrast(colour, ground)) for name, ground in grounds.items())
    return next(((name, ratio) for name, ratio in ratios if ratio < TEXT_MINIMUM), None)


def _soft(colour: Rgb) -> Rgb:
    return _mix(colour, WHITE, percent=8)


def _text_on(colour: Rgb, *, dark: Rgb) -> Rgb:
    return WHITE if _contrast(colour, WHITE) >= TEXT_MINIMUM else dark


def _mixes(colour: Rgb, percents: range, *, towards: Rgb) -> Iterator[Rgb]:
    return (_mix(colour, towards, percent=percent) for percent in percents)


def _mix(colour: Rgb, other: Rgb, *, percent: int) -> Rgb:
    red, green, blue = (round((a * percent + b * (100 - percent)) / 100) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _contrast(one: Rgb, other: Rgb) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parse(colour: str) -> Rgb:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ColourRefused(f"Une couleur s’écrit #rrggbb, par exemple #0c6a60 ; lu : {colour}.")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
