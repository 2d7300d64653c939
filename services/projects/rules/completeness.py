"""How much of a fiche is written: ten things, each a tenth, and what is still to be said."""

from collections.abc import Iterator
from datetime import date
from typing import Protocol

from services.projects.rules.fiche import Fiche, Unmet
from services.projects.rules.funding import figures, is_balanced

CRITERIA = 10
SUMMARY_LENGTH = 200


class Described(Fiche, Protocol):
    """What completeness reads of a project besides what guards read."""

    @property
    def summary(self) -> str:
        """What it is about."""

    @property
    def objectives(self) -> str:
        """What it is for."""

    @property
    def planned_start(self) -> date | None:
        """When it should begin."""

    @property
    def planned_end(self) -> date | None:
        """When it should end."""


def missing(fiche: Described) -> list[Unmet]:
    """Return what a fiche does not say yet, in the order of its form."""
    return [*_missing_words(fiche), *_missing_plan(fiche)]


def completeness(fiche: Described) -> int:
    """Return how much of a fiche is written, 0 to 100."""
    return 100 - len(missing(fiche)) * 100 // CRITERIA


def _missing_words(fiche: Described) -> Iterator[Unmet]:
    if len(fiche.summary) < SUMMARY_LENGTH:
        yield Unmet("summary_short", f"Décrivez le projet en {SUMMARY_LENGTH} caractères au moins.", "summary")
    if not fiche.axis:
        yield Unmet("axis_missing", "Choisissez l’axe du projet.", "axis")
    if not fiche.commune_insee:
        yield Unmet("commune_missing", "Indiquez au moins une commune.", "commune_insee")
    if not fiche.sponsor_name:
        yield Unmet("sponsor_unknown", "Indiquez le porteur du projet.", "sponsor")
    if fiche.project_manager is None:
        yield Unmet("manager_missing", "Désignez un chef de projet.", "project_manager")
    if not fiche.objectives:
        yield Unmet("objectives_missing", "Écrivez les objectifs.", "objectives")


def _missing_plan(fiche: Described) -> Iterator[Unmet]:
    if not (fiche.planned_start and fiche.planned_end):
        yield Unmet("dates_missing", "Indiquez le début et la fin prévus.", "planned_end")
    if not fiche.milestones:
        yield Unmet("milestones_missing", "Ajoutez un jalon.", "milestones")
    sums = figures(fiche.lines, total_cost_ht=fiche.total_cost_ht, sponsor=fiche.sponsor_type)
    if not (fiche.total_cost_ht and is_balanced(sums.gap)):
        yield Unmet("plan_unbalanced", "Équilibrez le plan de financement.", "funding")
    if not any(one.target for one in fiche.indicators):
        yield Unmet("target_missing", "Ajoutez un indicateur avec sa cible.", "indicators")
