"""What each transition asks of a fiche; every guard yields all that is missing, never only the first."""

from collections.abc import Iterator
from datetime import date

from services.projects.rules.fiche import Fiche, Inputs, Judged, Past, Unmet
from services.projects.rules.funding import CENT, OPEN, Figures, figures, is_balanced
from services.projects.rules.words import AbandonReason, MilestoneStatus, Move, OriginKind, Outcome
from shared.contracts.projects import FundingStatus, Stage

NEED_LENGTH = 200
FAVOURABLE = frozenset({Outcome.FAVOURABLE, Outcome.FAVOURABLE_WITH_CONDITIONS})
GROUNDS = frozenset({OriginKind.DIAGNOSTIC, OriginKind.REQUEST})


def qualify(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask for a title, an axis, a commune, a sponsor."""
    if not fiche.title:
        yield Unmet("title_missing", "Donnez un titre au projet.", "title")
    if not fiche.axis:
        yield Unmet("axis_missing", "Choisissez l’axe du projet.", "axis")
    if not fiche.commune_insee:
        yield Unmet("commune_missing", "Indiquez au moins une commune.", "commune_insee")
    if not fiche.sponsor_name:
        yield Unmet("sponsor_unknown", "Indiquez le porteur du projet.", "sponsor")


def structure(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask for a shared diagnosis, and for somebody who runs the project."""
    grounded = any(kind in GROUNDS for kind in fiche.origin_kinds)
    if not grounded and len(fiche.need_statement) < NEED_LENGTH:
        sentence = (
            f"Rattachez un diagnostic ou une demande, ou décrivez le besoin en {NEED_LENGTH} caractères au moins."
        )
        yield Unmet("need_unproven", sentence, "need_statement")
    if fiche.project_manager is None:
        yield Unmet("manager_missing", "Désignez un chef de projet.", "project_manager")


def file(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask for a cost, a balanced plan, and one line really asked for."""
    if not fiche.total_cost_ht:
        yield Unmet("cost_missing", "Indiquez le coût total HT du projet.", "total_cost_ht")
    elif not is_balanced(_figures(fiche).gap):
        yield Unmet(
            "plan_unbalanced", "Équilibrez le plan de financement : le reste à financer doit être nul.", "funding"
        )
    if not any(one.status is FundingStatus.REQUESTED and one.filed_on for one in fiche.lines):
        yield Unmet("nothing_requested", "Déposez au moins une demande de financement, avec sa date.", "funding")


def reasoned(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask for a reason."""
    if not inputs.reason:
        yield Unmet("reason_missing", "Indiquez le motif.", "reason")


def commit(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask for a favourable decision after the last filing, and for money that is secured, replaceable or waived."""
    decision = _favourable(fiche, inputs)
    if decision is None:
        sentence = "Enregistrez une décision favorable, avec sa date, son comité et sa référence, postérieure au dépôt."
        yield Unmet("decision_missing", sentence, "decision")
    if not _is_secured(fiche, decision):
        sentence = (
            "Des financements ne sont pas encore acquis : attendez leur accord, désignez une ligne de repli "
            "pour chacun ou faites accepter le reste par le comité."
        )
        yield Unmet("gap_unsecured", sentence, "funding")


def start(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask for a real beginning."""
    yield from _passed(inputs.actual_start or fiche.actual_start, "actual_start", "début réel", today)


def complete(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask for no open milestone and a real end."""
    waiting = sum(one.status is MilestoneStatus.PLANNED for one in fiche.milestones)
    if waiting:
        sentence = "Un jalon reste ouvert" if waiting == 1 else f"{waiting} jalons restent ouverts"
        yield Unmet("milestones_open", f"{sentence} : marquez chacun fait ou annulé.", "milestones")
    yield from _passed(inputs.actual_end or fiche.actual_end, "actual_end", "fin réelle", today)


def evaluate(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask for what was reached, indicator by indicator."""
    for one in fiche.indicators:
        waived = one.not_measurable and one.not_measurable_reason
        if one.target is not None and one.actual is None and not waived:
            sentence = f"Indiquez le réalisé de « {one.label} », ou pourquoi il n’est pas mesurable."
            yield Unmet("actual_missing", sentence, "indicators")


def reject(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask who refused, when and why."""
    if inputs.decision is None:
        yield Unmet("decision_missing", "Indiquez le comité qui refuse et la date de sa décision.", "decision")
    elif inputs.decision.outcome in FAVOURABLE:
        yield Unmet("decision_favourable", "Une décision favorable ne peut pas fonder un refus.", "decision")
    yield from reasoned(fiche, inputs, today)


def abandon(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask for a reason of the list and for words; a duplicate names the project that is kept."""
    if inputs.abandon_reason is None:
        yield Unmet("abandon_reason_missing", "Choisissez un motif d’abandon.", "abandon_reason")
    if inputs.abandon_reason is AbandonReason.DUPLICATE and inputs.kept_project_id is None:
        yield Unmet("kept_project_missing", "Indiquez le projet conservé.", "kept_project_id")
    yield from reasoned(fiche, inputs, today)


def correct(fiche: Fiche, inputs: Inputs, today: date) -> Iterator[Unmet]:
    """Ask for a last move that can be taken back, once."""
    if last_move(fiche) is None:
        yield Unmet("nothing_to_correct", "La dernière étape ne peut pas être corrigée.", "stage")
    yield from reasoned(fiche, inputs, today)


def last_move(fiche: Fiche) -> Past | None:
    """Return the move which a correction would take back: the last one, unless it is one itself."""
    if not fiche.history:
        return None
    last = fiche.history[-1]
    return None if last.move in {None, Move.IMPORT, Move.CORRECT} else last


def _favourable(fiche: Fiche, inputs: Inputs) -> Judged | None:
    """Return the last favourable decision made since the project was last filed."""
    filings = [one.entered_on for one in fiche.history if one.to_stage is Stage.APPRAISAL and not one.undone]
    known = [*fiche.decisions, *([inputs.decision] if inputs.decision else [])]
    fit = [
        one
        for one in known
        if one.outcome in FAVOURABLE and one.reference and (not filings or one.decided_on >= filings[-1])
    ]
    return max(fit, key=lambda one: one.decided_on, default=None)


def _is_secured(fiche: Fiche, decision: Judged | None) -> bool:
    gap = _figures(fiche).gap_secured
    if gap is None:
        return False
    waiting = [one for one in fiche.lines if one.status in OPEN]
    replaceable = bool(waiting) and all(one.fallback_line_id for one in waiting)
    accepted = decision is not None and decision.accepted_gap_eur is not None and decision.accepted_gap_eur >= gap
    return gap <= CENT or replaceable or accepted


def _passed(day: date | None, field: str, words: str, today: date) -> Iterator[Unmet]:
    if day is None:
        yield Unmet(f"{field}_missing", f"Indiquez la date de {words}.", field)
    elif day > today:
        yield Unmet(f"{field}_ahead", f"La date de {words} ne peut pas être dans l’avenir.", field)


def _figures(fiche: Fiche) -> Figures:
    return figures(fiche.lines, total_cost_ht=fiche.total_cost_ht, sponsor=fiche.sponsor_type)
