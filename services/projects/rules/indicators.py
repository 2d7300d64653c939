"""The common indicators: the same codes, units and sums in every EPCI, so that a territory can be counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Rule(StrEnum):
    """How values of several projects become one."""

    SUM = "sum"
    YEARLY = "yearly"
    """Rates a year: the last ones are added up, never cumulated over years."""
    DERIVED = "derived"
    """Read in the funding plan; nobody types it."""
    APART = "apart"
    """Companies may be in several projects: never added up."""


@dataclass(frozen=True)
class Definition:
    """One common indicator; ``decimals`` says how it is shown."""

    code: str
    label: str
    unit: str
    rule: Rule
    decimals: int = 0

    @property
    def is_added(self) -> bool:
        """Whether values of several projects are added up."""
        return self.rule is not Rule.APART


INDICATORS: Mapping[str, Definition] = {
    one.code: one
    for one in (
        Definition("jobs_created", "Emplois créés", "ETP", Rule.SUM, decimals=1),
        Definition("jobs_maintained", "Emplois maintenus", "ETP", Rule.SUM, decimals=1),
        Definition("private_investment_eur", "Investissement privé", "€", Rule.DERIVED),
        Definition("public_funding_eur", "Financement public", "€", Rule.DERIVED),
        Definition("co2_avoided_t_year", "CO₂ évité par an", "t CO₂e", Rule.YEARLY),
        Definition("energy_saved_mwh_year", "Énergie économisée par an", "MWh", Rule.YEARLY),
        Definition("material_recovered_t_year", "Matières valorisées par an", "t", Rule.YEARLY),
        Definition("water_saved_m3_year", "Eau économisée par an", "m³", Rule.YEARLY),
        Definition("land_reused_ha", "Foncier réemployé", "ha", Rule.SUM, decimals=2),
        Definition("companies_involved", "Entreprises associées", "entreprises", Rule.APART),
        Definition("people_trained", "Personnes formées", "personnes", Rule.SUM),
        Definition("apprentices", "Apprentis", "personnes", Rule.SUM),
    )
}


def is_derived(code: str) -> bool:
    """Tell whether an indicator is computed from the funding plan."""
    return code in INDICATORS and INDICATORS[code].rule is Rule.DERIVED


def progress(*, baseline: Decimal | None, target: Decimal | None, actual: Decimal | None) -> Decimal | None:
    """Return the share of the way that was gone, 1 at the target; ``None`` where there is no way or no value."""
    start = baseline or ZERO
    if target is None or actual is None or target == start:
        return None
    return (actual - start) / (target - start)
