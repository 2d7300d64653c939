"""What a funding plan should make one think twice about; nothing here forbids anything."""

from collections.abc import Iterator
from decimal import Decimal

from services.projects.rules.fiche import Unmet
from services.projects.rules.funding import CENT, Figures

LEAST_SHARE = Decimal("0.20")
"""Source: CGCT, article L1111-10 III; article L1111-9 asks for 0.30 where powers are shared."""


def remarks(sums: Figures) -> Iterator[Unmet]:
    """Return remarks on a plan, in French."""
    if sums.gap is not None and sums.gap < -CENT:
        yield Unmet("plan_exceeds_cost", "Les financements dépassent le coût total du projet.", "funding")
    if sums.public_rate is not None and sums.public_rate > 1:
        yield Unmet("aid_exceeds_cost", "Les aides publiques dépassent le coût total du projet.", "funding")
    if sums.sponsor_share is not None and sums.sponsor_share < LEAST_SHARE:
        sentence = (
            "La part du maître d’ouvrage est inférieure à 20 % des financements publics (CGCT, article L1111-10) ; "
            "30 % pour certaines compétences partagées."
        )
        yield Unmet("sponsor_share_low", sentence, "funding")
