"""Transitions: only listed ones change a stage, and each names everything that is missing."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.projects.rules.fiche import Inputs
from services.projects.rules.health import shown_health
from services.projects.rules.stages import TRANSITIONS, destination, is_listed, move_towards, unmet_guards
from services.projects.rules.words import AbandonReason, MilestoneStatus, Move, Outcome
from shared.contracts.projects import FundingStatus, Health, Stage
from shared.ids import uuid7
from tests.support.projects import PlainDecision, PlainFiche, PlainLine, PlainMove, PlainStep

TODAY = date(2026, 6, 15)
ROAD = {
    Move.QUALIFY: (Stage.IDEA, Stage.QUALIFICATION),
    Move.STRUCTURE: (Stage.QUALIFICATION, Stage.STRUCTURING),
    Move.FILE: (Stage.STRUCTURING, Stage.APPRAISAL),
    Move.REWORK: (Stage.APPRAISAL, Stage.STRUCTURING),
    Move.COMMIT: (Stage.APPRAISAL, Stage.COMMITTED),
    Move.START: (Stage.COMMITTED, Stage.DELIVERY),
    Move.COMPLETE: (Stage.DELIVERY, Stage.COMPLETED),
    Move.EVALUATE: (Stage.COMPLETED, Stage.EVALUATED),
}
GRANTED = PlainLine(
    status=FundingStatus.GRANTED, amount_requested=Decimal(100), amount_granted=Decimal(100), filed_on=TODAY
)
WAITING = PlainLine(status=FundingStatus.REQUESTED, amount_requested=Decimal(100), filed_on=TODAY)
READY = PlainFiche(
    stage=Stage.APPRAISAL,
    total_cost_ht=Decimal(100),
    lines=(WAITING,),
    history=(PlainMove(), PlainMove(Move.FILE, Stage.STRUCTURING, Stage.APPRAISAL, date(2026, 5, 1))),
)


def codes(fiche: PlainFiche, move: Move, **inputs: Any) -> list[str]:  # noqa: ANN401 - passed on
    return [one.code for one in unmet_guards(fiche, move, inputs=Inputs(**inputs), today=TODAY)]


@pytest.mark.parametrize(("move", "ends"), ROAD.items())
def test_the_road_is_that_of_the_table(move: Move, ends: tuple[Stage, Stage]) -> None:
    start, end = ends

    assert TRANSITIONS[move].froms == {start}
    assert move_towards(start, end) is move
    assert destination(PlainFiche(stage=start), move) is end


@given(stage=st.sampled_from(Stage), to=st.sampled_from(Stage))
def test_a_stage_leads_only_where_the_table_says(stage: Stage, to: Stage) -> None:
    move = move_towards(stage, to)

    assert move is None or (is_listed(stage, move) and TRANSITIONS[move].to is to)


@given(stage=st.sampled_from(Stage), move=st.sampled_from(list(TRANSITIONS)))
def test_an_unlisted_move_is_refused_whatever_the_fiche_holds(stage: Stage, move: Move) -> None:
    refused = codes(PlainFiche(stage=stage), move)

    assert ("not_listed" in refused) is (stage not in TRANSITIONS[move].froms)


def test_qualify_names_all_that_is_missing() -> None:
    assert codes(PlainFiche(), Move.QUALIFY) == [
        "title_missing", "axis_missing", "commune_missing", "sponsor_unknown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("need", "origin", "proven"),
    [("x" * 199, (), False), ("x" * 200, (), True), ("", ("diagnostic",), True), ("", ("synergy",), False)],
)
def test_structure_asks_for_a_shared_diagnosis(need: str, origin: tuple[str, ...], proven: bool) -> None:  # noqa: FBT001 - a table
    fiche = PlainFiche(stage=Stage.QUALIFICATION, need_statement=need, origin_kinds=origin, project_manager=uuid7())

    assert codes(fiche, Move.STRUCTURE) == ([] if proven else ["need_unproven"])


@pytest.mark.parametrize(
    ("cost", "asked", "missing"),
    [
        (None, "100", ["cost_missing"]),
        ("100", "100", []),
        ("100.01", "100", []),
        ("100.02", "100", ["plan_unbalanced"]),
        ("99.98", "100", ["plan_unbalanced"]),
    ],
)
def test_file_asks_for_a_balanced_plan_to_the_cent(cost: str | None, asked: str, missing: list[str]) -> None:
    line = replace(WAITING, amount_requested=Decimal(asked))
    fiche = PlainFiche(stage=Stage.STRUCTURING, total_cost_ht=Decimal(cost) if cost else None, lines=(line,))

    assert codes(fiche, Move.FILE) == missing


def test_file_asks_for_one_line_really_filed() -> None:
    fiche = replace(READY, stage=Stage.STRUCTURING, lines=(replace(WAITING, filed_on=None),))

    assert codes(fiche, Move.FILE) == ["nothing_requested"]


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({}, []),
        ({"decided_on": date(2026, 4, 30)}, ["decision_missing"]),
        ({"reference": ""}, ["decision_missing"]),
        ({"outcome": Outcome.ADJOURNED}, ["decision_missing"]),
        ({"outcome": Outcome.FAVOURABLE_WITH_CONDITIONS}, []),
    ],
)
def test_commit_asks_for_a_favourable_decision_after_the_filing(change: dict[str, Any], missing: list[str]) -> None:
    fiche = replace(READY, lines=(GRANTED,), decisions=(replace(PlainDecision(), **change),))

    assert codes(fiche, Move.COMMIT) == missing


@pytest.mark.parametrize(
    ("line", "accepted", "missing"),
    [
        (GRANTED, None, []),
        (WAITING, None, ["gap_unsecured"]),
        (replace(WAITING, fallback_line_id=uuid7()), None, []),
        (WAITING, Decimal("99.99"), ["gap_unsecured"]),
        (WAITING, Decimal(100), []),
    ],
)
def test_commit_asks_for_money_secured_replaceable_or_waived(
    line: PlainLine, accepted: Decimal | None, missing: list[str]
) -> None:
    fiche = replace(READY, lines=(line,), decisions=(PlainDecision(accepted_gap_eur=accepted),))

    assert codes(fiche, Move.COMMIT) == missing


@pytest.mark.parametrize(
    ("move", "stage", "field"),
    [(Move.START, Stage.COMMITTED, "actual_start"), (Move.COMPLETE, Stage.DELIVERY, "actual_end")],
)
def test_a_real_date_is_known_and_past(move: Move, stage: Stage, field: str) -> None:
    fiche, tomorrow = PlainFiche(stage=stage), TODAY + timedelta(days=1)

    assert codes(fiche, move) == [f"{field}_missing"]
    assert codes(fiche, move, **{field: tomorrow}) == [f"{field}_ahead"]
    assert codes(fiche, move, **{field: TODAY}) == []


def test_complete_asks_for_no_open_milestone() -> None:
    fiche = PlainFiche(stage=Stage.DELIVERY, actual_end=TODAY, milestones=(PlainStep(), PlainStep()))

    refused = unmet_guards(fiche, Move.COMPLETE, inputs=Inputs(), today=TODAY)

    assert [one.message for one in refused] == ["2 jalons restent ouverts : marquez chacun fait ou annulé."]


def test_abandon_asks_for_words_and_a_duplicate_for_the_kept_project() -> None:
    fiche = PlainFiche(stage=Stage.STRUCTURING)

    assert codes(fiche, Move.ABANDON) == ["abandon_reason_missing", "reason_missing"]
    assert codes(fiche, Move.ABANDON, abandon_reason=AbandonReason.DUPLICATE, reason="Doublon") == [
        "kept_project_missing"
    ]


def test_reject_asks_who_refused_and_why() -> None:
    assert codes(READY, Move.REJECT) == ["decision_missing", "reason_missing"]
    assert codes(READY, Move.REJECT, decision=PlainDecision(), reason="Coût") == ["decision_favourable"]


@pytest.mark.parametrize(
    ("last", "correctable"),
    [(Move.FILE, True), (Move.CORRECT, False), (Move.IMPORT, False), (None, False)],
)
def test_a_correction_takes_back_one_real_move(last: Move | None, correctable: bool) -> None:  # noqa: FBT001 - a table
    fiche = replace(READY, history=(PlainMove(), PlainMove(last, Stage.STRUCTURING, Stage.APPRAISAL)))

    assert codes(fiche, Move.CORRECT, reason="Erreur") == ([] if correctable else ["nothing_to_correct"])
    if correctable:
        assert destination(fiche, Move.CORRECT) is Stage.STRUCTURING


@given(
    stored=st.sampled_from([Health.ON_TRACK, Health.PAUSED, Health.BLOCKED, Health.UNKNOWN]),
    stage=st.sampled_from(Stage),
    due=st.integers(-3, 3),
    end=st.integers(-3, 3),
    status=st.sampled_from(MilestoneStatus),
)
def test_health_shown_is_the_worst_of_what_is_written_and_what_dates_say(
    stored: Health, stage: Stage, due: int, end: int, status: MilestoneStatus
) -> None:
    fiche = PlainFiche(stage=stage, health=stored, planned_end=TODAY + timedelta(days=end))
    step = PlainStep(due=TODAY + timedelta(days=due), status=status)

    shown = shown_health(fiche, [step], today=TODAY)

    over = stage in {Stage.COMPLETED, Stage.EVALUATED, Stage.REJECTED, Stage.ABANDONED}
    late = not over and (end < 0 or (due < 0 and status is MilestoneStatus.PLANNED))
    said = {Health.PAUSED, Health.BLOCKED}
    assert shown is (Health.LATE if late and stored not in said else stored)
