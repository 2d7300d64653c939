"""What people write into cells, read as they mean it; whatever is not understood is refused in a French sentence."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache
from typing import TypeVar
from uuid import UUID

from services.projects.rules.words import KINDS, PRIORITIES
from shared.contracts.labels import AXES, STAGES
from shared.contracts.projects import Axis, FunderType, Health, Kind, Priority, Stage
from shared.stems import folded
from shared.territory.communes import communes as known_communes

E = TypeVar("E", bound=StrEnum)
_SPLIT = re.compile(r"[;\n,]+")
_MONEY = re.compile(r"(?i)\s|\u202f|\u00a0|€|eur(os?)?|ht$")
# Statuses of Territoires en Transitions: the stage they say, and the health.
_STATUSES: Mapping[str, tuple[Stage | None, Health]] = {
    "a discuter": (Stage.IDEA, Health.ON_TRACK),
    "a venir": (Stage.QUALIFICATION, Health.ON_TRACK),
    "en cours": (None, Health.ON_TRACK),
    "en pause": (None, Health.PAUSED),
    "bloque": (None, Health.BLOCKED),
    "en retard": (None, Health.LATE),
    "realise": (Stage.COMPLETED, Health.ON_TRACK),
    "abandonne": (Stage.ABANDONED, Health.ON_TRACK),
}
_FUNDERS: Mapping[str, FunderType] = {
    "region": FunderType.REGION,
    "departement": FunderType.DEPARTEMENT,
    "etat": FunderType.STATE,
    "detr": FunderType.STATE,
    "dsil": FunderType.STATE,
    "fonds vert": FunderType.STATE,
    "ademe": FunderType.ADEME,
    "bpifrance": FunderType.BPIFRANCE,
    "banque des territoires": FunderType.BANQUE_DES_TERRITOIRES,
    "feder": FunderType.FEDER,
    "ftj": FunderType.FTJ,
    "fse": FunderType.FSE,
    "agence de l'eau": FunderType.WATER_AGENCY,
    "commune": FunderType.COMMUNE,
    "agglo": FunderType.EPCI,
    "metropole": FunderType.EPCI,
    "communaute": FunderType.EPCI,
}


def text(cell: str) -> str:
    """Return what is written."""
    return cell.strip()


def several(cell: str) -> list[str]:
    """Return what is written between commas, semicolons and line ends."""
    return [one.strip() for one in _SPLIT.split(cell) if one.strip()]


def codes(cell: str) -> list[str]:
    """Return the same as codes: without accents, in lower case, with dashes."""
    return ["-".join(re.findall(r"[a-z0-9]+", folded(one)))[:64] for one in several(cell)]


def euros(cell: str) -> Decimal:
    """Return an amount, however thousands and decimals are written; the last separator is that of the decimals.

    Raises:
        ValueError: it is none, or may be a thousand times more or less.
    """
    plain = _MONEY.sub("", cell)
    if re.fullmatch(r"\d{1,3}[.,]\d{3}", plain):
        raise ValueError("Écrivez ce montant sans séparateur de milliers\u00a0: 125000, ou 125,00 avec ses centimes.")
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d*)?|\d{1,3}(,\d{3})+(\.\d*)?", plain):
        thousands = next(mark for mark in plain if mark in ".,")
        plain = plain.replace(thousands, "")
    found = _number(plain.replace(",", "."), "Écrivez un montant en euros\u00a0: 125000 ou 125 000,50.")
    return found.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def quantity(cell: str) -> Decimal:
    """Return a number, to four decimals.

    Raises:
        ValueError: it is none.
    """
    found = _number(re.sub(r"\s", "", cell).replace(",", "."), "Écrivez un nombre.")
    return found.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP).normalize()


def _number(text: str, hint: str) -> Decimal:
    if not re.fullmatch(r"-?\d{1,15}(\.\d{0,40})?", text):
        raise ValueError(hint)
    return Decimal(text)


def day(cell: str) -> date:
    """Return a day: 2026-11-30, 30/11/2026, or a year, which begins on its first day.

    Raises:
        ValueError: it is none.
    """
    plain = cell.strip().split("T")[0].split(" ")[0]
    french = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", plain)
    try:
        if french:
            return date(int(french[3]), int(french[2]), int(french[1]))
        return date(int(plain), 1, 1) if re.fullmatch(r"\d{4}", plain) else date.fromisoformat(plain)
    except ValueError as refused:
        raise ValueError("Écrivez une date\u00a0: 30/11/2026.") from refused


def identifier(cell: str) -> UUID:
    """Return an identifier of ours.

    Raises:
        ValueError: it is none.
    """
    try:
        return UUID(cell)
    except ValueError as refused:
        raise ValueError("Cet identifiant n’est pas de ceux d’Estuaire.") from refused


def outside(cell: str) -> str:
    """Return what another system calls a project, as the database writes it."""
    return unicodedata.normalize("NFC", cell).strip()


def status(cell: str) -> tuple[Stage | None, Health]:
    """Return the stage and the health that a status says; no stage where the dates have to tell.

    Raises:
        ValueError: it is none.
    """
    found = _STATUSES.get(folded(cell).strip())
    if found is None:
        raise ValueError(f"Statut inconnu. Choisissez parmi\u00a0: {', '.join(_STATUSES)}.")
    return found


def priority(cell: str) -> Priority:
    """Return a priority, in our words or in those of Territoires en Transitions."""
    other = {"eleve": Priority.HIGH, "elevee": Priority.HIGH, "moyen": Priority.MEDIUM, "bas": Priority.LOW}
    return other.get(folded(cell).strip()) or _one_of(Priority, PRIORITIES, cell)


def axis(cell: str) -> Axis:
    """Return an axis, by its French name or its code."""
    return _one_of(Axis, AXES, cell)


def kind(cell: str) -> Kind:
    """Return a kind, by its French name or its code."""
    return _one_of(Kind, KINDS, cell)


def stage(cell: str) -> Stage:
    """Return a stage, by its French name or its code."""
    return _one_of(Stage, STAGES, cell)


def communes(cell: str) -> list[str]:
    """Return communes of the territory as INSEE codes, by their names or codes.

    Raises:
        ValueError: one of them is unknown.
    """
    found = []
    for one in several(cell):
        code = one if one in known_communes() else _by_name().get(_name(one))
        if code is None:
            raise ValueError(f"« {one[:60]} » n’est pas une commune du territoire.")
        found.append(code)
    return found


def funder(name: str) -> FunderType:
    """Return the type of a funder as far as its name tells."""
    plain = folded(name)
    return next((kind for word, kind in _FUNDERS.items() if word in plain), FunderType.OTHER)


def _one_of(words: type[E], labels: Mapping[str, str], cell: str) -> E:
    plain = folded(cell).strip()
    for one in words:
        if plain in {one.value, folded(labels[one])}:
            return one
    raise ValueError(f"Valeur inconnue. Choisissez parmi\u00a0: {', '.join(labels.values())}.")


@cache
def _by_name() -> dict[str, str]:
    return {_name(one.name): one.insee for one in known_communes().values()}


def _name(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", folded(text)))
