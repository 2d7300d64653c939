"""The communes of reference: INSEE code, name, EPCI, population, centre (COG 2026, see data/SOURCE.md)."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator

from shared.fields import Insee


@dataclass(frozen=True)
class Commune:
    """One commune; ``lon`` and ``lat`` are WGS 84 degrees of its centre."""

    insee: str
    name: str
    departement: str
    epci: str
    population: int
    lon: float
    lat: float


@cache
def communes() -> dict[str, Commune]:
    """Return the communes of the reference table by INSEE code."""
    table = files("shared.territory").joinpath("data/communes.csv").read_text(encoding="utf-8")
    return {
        row["code_insee"]: Commune(
            insee=row["code_insee"],
            name=row["nom"],
            departement=row["departement"],
            epci=row["siren_epci"],
            population=int(row["population_municipale"]),
            lon=float(row["lon"]),
            lat=float(row["lat"]),
        )
        for row in csv.DictReader(table.splitlines())
    }


def commune_name(insee: str) -> str:
    """Return the name of a commune, or its code when it is outside the table."""
    found = communes().get(insee)
    return found.name if found else insee


def _known(insee: str) -> str:
    if insee not in communes():
        raise ValueError("Cette commune n’est pas dans la table de référence du territoire.")
    return insee


KnownCommune = Annotated[Insee, AfterValidator(_known)]
