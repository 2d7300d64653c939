"""EPCI drawn at random: production names themselves keep tests apart."""

import random
from collections.abc import Sequence
from datetime import date

from stdnum import luhn

from shared.territory.members import Member, Territory

_COLOURS = ("#4b4da8", "#15598c", "#9a2f5d", "#44691e", "#7a5312", "#0c6a60", "#84398c")


def random_siren(chance: random.Random | None = None) -> str:
    """Return a valid SIREN that nobody else in this run has; the same one again for the same ``chance``."""
    digits = "9" + "".join((chance or random).choices("0123456789", k=7))
    return digits + luhn.calc_check_digit(digits)


def make_territory(sirens: Sequence[str], *, base_urls: Sequence[str] = ()) -> Territory:
    """Return a territory of these EPCI."""
    members = tuple(
        Member(
            code=f"E{number}",
            siren=siren,
            name=f"EPCI d’essai {number}",
            colour=_COLOURS[number % len(_COLOURS)],
            base_url=base_urls[number] if base_urls else f"http://127.0.0.1:{10_000 + number}",
            joined_on=date(2022, 1, 1),
        )
        for number, siren in enumerate(sirens)
    )
    return Territory(code="ESSAI", name="Essai", members=members)
