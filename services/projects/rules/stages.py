"""The transitions of a project, who may make them, and what is missing before each, in French."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.projects.rules import guards
from services.projects.rules.fiche import Fiche, Inputs, Unmet
from services.projects.rules.words import MOVES, Move
from shared.contracts.projects import Stage

Guard = Callable[[Fiche, Inputs, date], Iterable[Unmet]]


@dataclass(frozen=True)
class Transition:
    """One listed transition; ``to`` is ``None`` when it depends on the past, ``asks`` names what the move brings."""

    move: Move
    froms: frozenset[Stage]
    to: Stage | None
    guard: Guard
    coordinator: bool = False
    asks: tuple[str, ...] = ()


_EARLY = frozenset({Stage.QUALIFICATION, Stage.STRUCTURING, Stage.APPRAISAL})
_ALIVE = _EARLY | {Stage.IDEA, Stage.COMMITTED, Stage.DELIVERY}
_ASIDE = frozenset({Stage.REJECTED, Stage.ABANDONED})

TRANSITIONS: Mapping[Move, Transition] = {
    one.move: one
    for one in (
        Transition(Move.QUALIFY, frozenset({Stage.IDEA}), Stage.QUALIFICATION, guards.qualify),
        Transition(Move.STRUCTURE, frozenset({Stage.QUALIFICATION}), Stage.STRUCTURING, guards.structure),
        Transition(Move.FILE, frozenset({Stage.STRUCTURING}), Stage.APPRAISAL, guards.file),
        Transition(Move.REWORK, frozenset({Stage.APPRAISAL}), Stage.STRUCTURING, guards.reasoned, asks=("reason",)),
        Transition(
            Move.COMMIT,
            frozenset({Stage.APPRAISAL}),
            Stage.COMMITTED,
            guards.commit,
            coordinator=True,
            asks=("decision",),
        ),
        Transition(Move.START, frozenset({Stage.COMMITTED}), Stage.DELIVERY, guards.start, asks=("actual_start",)),
        Transition(Move.COMPLETE, frozenset({Stage.DELIVERY}), Stage.COMPLETED, guards.complete, asks=("actual_end",)),
        Transition(Move.EVALUATE, frozenset({Stage.COMPLETED}), Stage.EVALUATED, guards.evaluate),
        Transition(Move.REJECT, _EARLY, Stage.REJECTED, guards.reject, coordinator=True, asks=("decision", "reason")),
        Transition(
            Move.ABANDON,
            _ALIVE,
            Stage.ABANDONED,
            guards.abandon,
            asks=("abandon_reason", "reason", "kept_project_id"),
        ),
        Transition(Move.REOPEN, _ASIDE, Stage.QUALIFICATION, guards.reasoned, coordinator=True, asks=("reason",)),
        Transition(Move.CORRECT, frozenset(Stage), None, guards.correct, coordinator=True, asks=("reason",)),
    )
}


def move_towards(stage: Stage, to: Stage) -> Move | None:
    """Return the transition that leads from one stage to another, if one is listed; ``correct`` is asked by name."""
    return next((one.move for one in TRANSITIONS.values() if stage in one.froms and one.to is to), None)


def is_listed(stage: Stage, move: Move) -> bool:
    """Tell whether ``move`` starts from ``stage``."""
    transition = TRANSITIONS.get(move)
    return transition is not None and stage in transition.froms


def listed_from(stage: Stage) -> Sequence[Transition]:
    """Return the transitions that start from a stage, in the order of the table."""
    return [one for one in TRANSITIONS.values() if stage in one.froms]


def unmet_guards(fiche: Fiche, move: Move, *, inputs: Inputs, today: date) -> list[Unmet]:
    """Return every guard of ``move`` that is not met; empty when the move may be made."""
    if not is_listed(fiche.stage, move):
        return [Unmet("not_listed", f"« {MOVES[move]} » ne suit pas l’étape actuelle.", "stage")]
    return list(TRANSITIONS[move].guard(fiche, inputs, today))


def destination(fiche: Fiche, move: Move) -> Stage:
    """Return the stage which ``move`` leads to; the guards were met."""
    to = TRANSITIONS[move].to
    if to is not None:
        return to
    undone = guards.last_move(fiche)
    if undone is None or undone.from_stage is None:
        raise ValueError("nothing to correct")
    return undone.from_stage
