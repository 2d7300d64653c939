"""The columns of spreadsheets of projects: how they are recognised, and what a cell of each says.

Source of the 28 headings: the fiche-action workbook of Territoires en Transitions (header in row 2, data from row 4).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.projects.rules import cells
from shared.stems import folded

Read = Callable[[str], Any]


@dataclass(frozen=True)
class Known:
    """One column that is understood: what it becomes, how its cells are read, by which headings it is recognised."""

    name: str
    headings: tuple[str, ...]
    read: Read


COLUMNS: Mapping[str, Known] = {
    one.name: one
    for one in (
        Known("title", ("Titre de l'action", "Titre", "Intitulé", "Nom du projet", "title"), cells.text),
        Known("milestone", ("Titre de la sous-action", "Sous-action", "Jalon"), cells.text),
        Known("summary", ("Descriptif", "Description", "summary"), cells.text),
        Known("public_summary", ("Résumé public", "Résumé", "public_summary"), cells.text),
        Known("objectives", ("Objectifs", "objectives"), cells.text),
        Known("sponsor", ("Structure pilote", "Porteur", "Maître d'ouvrage", "sponsor"), cells.text),
        Known("partners", ("Partenaires",), cells.several),
        Known(
            "total_cost_ht",
            ("Budget prévisionnel total € HT", "Coût total HT (€)", "Coût total", "Budget"),
            cells.euros,
        ),
        Known("funder_1", ("Financeur 1",), cells.text),
        Known("amount_1", ("Montant € HT 1", "Montant € HT", "Montant 1"), cells.euros),
        Known("funder_2", ("Financeur 2",), cells.text),
        Known("amount_2", ("Montant € HT 2", "Montant 2"), cells.euros),
        Known("funder_3", ("Financeur 3",), cells.text),
        Known("amount_3", ("Montant € HT 3", "Montant 3"), cells.euros),
        Known("status", ("Statut", "Avancement"), cells.status),
        Known("priority", ("Niveau de priorité", "Priorité", "priority"), cells.priority),
        Known("planned_start", ("Date de début", "Début prévu", "Début", "planned_start"), cells.day),
        Known("planned_end", ("Date de fin", "Fin prévue", "Fin", "planned_end"), cells.day),
        Known("axis", ("Axe TI", "Axe du programme", "axis"), cells.axis),
        Known("kind", ("Nature", "Type de projet", "kind"), cells.kind),
        Known("communes", ("Communes", "Commune", "commune_insee"), cells.communes),
        Known("filieres", ("Filières", "Filière", "filieres"), cells.codes),
        Known("jobs_created", ("Emplois créés",), cells.quantity),
        Known("jobs_maintained", ("Emplois maintenus",), cells.quantity),
        Known("stage", ("Étape", "stage"), cells.stage),
        Known("external_id", ("Identifiant externe", "external_id"), cells.outside),
        Known("id", ("Identifiant", "id"), cells.identifier),
    )
}
KEPT = (
    "Axe", "Sous-axe", "Sous-sous axe", "Instances de gouvernance", "Indicateurs liés", "Moyens humains et techniques",
    "Direction ou service pilote", "Personne pilote", "Élu·e référent·e", "Participation Citoyenne", "Financements",
    "EPCI partenaires", "Industriel",
)  # fmt: skip
"""Headings of the workbook whose cells are kept as the need observed, word for word: nothing of them is understood."""


def recognised(headings: Sequence[str]) -> dict[int, str]:
    """Return what columns are, by their place, as far as their headings tell; each name once, the first that fits.

    The three amounts of the workbook have the same heading: each goes with the funder before it.
    """
    by_heading = {_plain(heading): known.name for known in COLUMNS.values() for heading in known.headings}
    found: dict[int, str] = {}
    for place, heading in enumerate(headings):
        name = by_heading.get(_plain(heading))
        before = found.get(place - 1, "")
        if before.startswith("funder_") and _plain(heading).startswith("montant"):
            name = before.replace("funder_", "amount_")
        if name and name not in found.values():
            found[place] = name
    return found


def header_row(rows: Sequence[Sequence[str]]) -> int:
    """Return the place of the row that most looks like headings, among the first ten."""
    return max(range(min(len(rows), 10)), key=lambda place: (len(recognised(rows[place])), -place), default=0)


def is_kept(heading: str) -> bool:
    """Tell whether cells under this heading are kept word for word."""
    return _plain(heading) in _KEPT


def _plain(heading: str) -> str:
    return " ".join(folded(heading).replace("’", "'").replace("·", "").split())


_KEPT = frozenset(_plain(one) for one in KEPT)
