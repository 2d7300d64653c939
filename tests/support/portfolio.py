"""Fiches of every kind, drawn from a seed: as many as wanted, all invented."""

from decimal import Decimal
from random import Random
from typing import Any

from services.projects.schemas.plan import ImportIn
from shared.contracts.projects import Axis, FunderType, FundingStatus, Stage
from tests.support.projects import fiche_body

WORKS = ("Reconversion", "Dépollution", "Extension", "Électrification", "Création", "Étude")
PLACES = ("d’une halle", "d’un quai", "d’une zone", "d’une école", "d’un atelier", "d’une friche")
COMMUNES = ("76575", "76351", "76540")


def line(draw: Random) -> dict[str, Any]:
    """Return a line of any funder at any status, whose amounts fit it."""
    status = draw.choice(list(FundingStatus))
    asked = Decimal(draw.randint(1, 10**8)) / 100
    won = status in {FundingStatus.GRANTED, FundingStatus.PARTLY_PAID, FundingStatus.PAID}
    amounts = {"amount_planned": asked}
    if status is not FundingStatus.PLANNED:
        amounts["amount_requested"] = asked
    if won:
        amounts["amount_granted"] = (asked * Decimal("0.7")).quantize(Decimal("0.01"))
        amounts["amount_paid"] = amounts["amount_granted"] if status is FundingStatus.PAID else Decimal(0)
    return {"funder": draw.choice(list(FunderType)), "funder_name": "Financeur fictif", "status": status} | amounts


def fiche(draw: Random, number: int) -> ImportIn:
    """Return a fiche at any stage, with or without a cost, a plan, indicators, and told as far as it may be."""
    aims = [("jobs_created", "4.5"), ("co2_avoided_t_year", "120"), ("companies_involved", "3")]
    given: dict[str, Any] = {
        "title": f"{draw.choice(WORKS)} {draw.choice(PLACES)} fictive {number}",
        "commune_insee": [draw.choice(COMMUNES)],
        "stage": draw.choice(list(Stage)),
        "axis": draw.choice([*Axis, None]),
        "total_cost_ht": draw.choice([None, str(draw.randint(1, 10**6))]),
        "visibility": draw.choice(["private", "territory", "territory", "public"]),
        "funding": [line(draw) for _ in range(draw.randint(0, 3))],
        "indicators": [
            {"code": code, "target": {"value": value}, "actual": draw.choice([None, {"value": "1.25"}])}
            for code, value in aims[: draw.randint(0, 3)]
        ],
        "external_ids": [{"service": "essai", "id": str(number)}],
        "source": {"label": "Essai"},
    }
    if given["visibility"] == "territory" and draw.random() < 0.2:
        given["confidential_until"] = "2030-01-01"
    return ImportIn.model_validate(fiche_body(**given))
