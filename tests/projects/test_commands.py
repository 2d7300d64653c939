"""Commands on a real database: references, moves and their traces, health, imports, limits."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.projects.commands import fiche, follow_up, funding, moves
from services.projects.errors import AlreadyKnown, FundingRefused, ListFull, MoveRefused, PartNotFound
from services.projects.models import Project
from services.projects.queries.home import load_home
from services.projects.rules.stages import TRANSITIONS, is_listed
from services.projects.rules.words import Move
from services.projects.schemas.plan import FundingIn, FundingPatch, FundingStepIn, ImportIn, MilestoneIn
from services.projects.schemas.requests import MoveIn, ProjectIn, ProjectPatch
from shared.clock import shifted, today
from shared.contracts.base import Visibility
from shared.contracts.projects import FundingStatus, Health, Stage
from shared.db.session import Session
from shared.errors import Invalid, StaleVersion
from shared.identity.access import Scope, instance_scope, visitor_scope
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.support.projects import Epci, facts, fiche_body, make_project, moved, outbox

ABANDONED = {"abandon_reason": "market", "reason": "Plus de demande."}


async def planned(session: Session, scope: Scope, project: Project, **given: object) -> Project:
    line = FundingIn.model_validate({"funder": "region", "amount_planned": "100.00"} | given)
    return await funding.add_line(session, scope, project.id, line)


async def stepped(session: Session, scope: Scope, project: Project, step: str, **given: object) -> Project:
    wanted = FundingStepIn.model_validate({"step": step} | given)
    return await funding.step_line(session, scope, project.id, project.lines[-1].id, wanted, version=project.version)


async def test_references_count_within_the_year(home: Epci, agent: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        first = await make_project(session, agent, territory)
        second = await make_project(session, agent, territory)

    year, code = today().year, territory.members[0].code
    assert [first.reference, second.reference] == [f"ESSAI-{code}-{year}-0001", f"ESSAI-{code}-{year}-0002"]


async def test_a_refused_move_tells_nobody(home: Epci, coordinator: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory)
        with pytest.raises(MoveRefused):
            await moved(session, coordinator, project, "file")
        sent = await outbox(session)

    assert facts(sent) == ["created"]
    assert (project.stage, project.version) == (Stage.IDEA, 1)


async def test_a_move_upon_an_old_version_is_refused(home: Epci, agent: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, agent, territory)
        await moved(session, agent, project, "qualify")
        with pytest.raises(StaleVersion):
            await moves.move_project(session, agent, project.id, MoveIn(move=Move.STRUCTURE), version=1)


async def test_abandoning_withdraws_open_lines_and_keeps_granted_ones(
    home: Epci, coordinator: Scope, territory: Territory
) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory)
        await planned(session, coordinator, project)
        await stepped(session, coordinator, project, "request")
        await stepped(session, coordinator, project, "grant")
        await planned(session, coordinator, project)
        await moved(session, coordinator, project, "abandon", **ABANDONED)
        after = [line.status for line in project.lines]
        await moved(session, coordinator, project, "correct", reason="Erreur de saisie")
        sent = await outbox(session)

    assert after == [FundingStatus.GRANTED, FundingStatus.WITHDRAWN]
    assert [line.status for line in project.lines] == [FundingStatus.GRANTED, FundingStatus.PLANNED]
    assert project.stage is Stage.IDEA
    assert facts(sent)[-2:] == ["stage_changed", "updated"]  # a correction is silent in feeds


async def test_reopening_starts_a_new_attempt_and_a_correction_ends_it(
    home: Epci, coordinator: Scope, territory: Territory
) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory)
        await moved(session, coordinator, project, "abandon", **ABANDONED)
        await moved(session, coordinator, project, "reopen", reason="Un repreneur")
        reopened = (project.stage, project.attempt)
        await moved(session, coordinator, project, "correct", reason="Erreur")
        with pytest.raises(MoveRefused):
            await moved(session, coordinator, project, "correct", reason="Encore")

    assert reopened == (Stage.QUALIFICATION, 2)
    assert (project.stage, project.attempt) == (Stage.ABANDONED, 1)
    assert [one.undone for one in project.history] == [False, False, True, False]


async def test_a_refused_line_is_asked_for_again_as_a_new_attempt(
    home: Epci, agent: Scope, territory: Territory
) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, agent, territory)
        await planned(session, agent, project)
        refused = project.lines[-1].id
        await stepped(session, agent, project, "request")
        await stepped(session, agent, project, "refuse")
        await stepped(session, agent, project, "request", amount="80.00")
        wanted = FundingStepIn.model_validate({"step": "request"})
        with pytest.raises(FundingRefused):
            await funding.step_line(session, agent, project.id, refused, wanted, version=project.version)

    first, second = project.lines
    assert (first.status, first.amount_requested) == (FundingStatus.REFUSED, Decimal("100.00"))
    assert (second.status, second.attempt, second.retry_of) == (FundingStatus.REQUESTED, 2, first.id)


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([("pay", "40.00")], "partly_paid"),
        ([("pay", "40.00"), ("pay", "60.00")], "paid"),
        ([("pay", None)], "paid"),
    ],
)
async def test_payments_add_up(
    home: Epci, agent: Scope, territory: Territory, steps: list[tuple[str, str | None]], status: str
) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, agent, territory)
        await planned(session, agent, project)
        await stepped(session, agent, project, "request")
        await stepped(session, agent, project, "grant")
        for step, amount in steps:
            await stepped(session, agent, project, step, amount=amount)
        with pytest.raises(FundingRefused):
            await stepped(session, agent, project, "pay", amount="100.01")

    assert project.lines[0].status == status


async def test_a_closed_line_is_not_edited_and_a_fallback_is_of_the_same_plan(
    home: Epci, agent: Scope, territory: Territory
) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, agent, territory)
        await planned(session, agent, project)
        line = project.lines[0].id
        for stranger in (line, uuid7()):
            patch = FundingPatch(fallback_line_id=stranger)
            with pytest.raises(PartNotFound):
                await funding.change_line(session, agent, project.id, line, patch, version=project.version)
        await stepped(session, agent, project, "withdraw")
        patch = FundingPatch(scheme="Fonds vert")
        with pytest.raises(FundingRefused):
            await funding.change_line(session, agent, project.id, line, patch, version=project.version)


async def test_a_plan_holds_sixty_lines(home: Epci, agent: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, agent, territory)
        for _ in range(60):
            await planned(session, agent, project)
        with pytest.raises(ListFull):
            await planned(session, agent, project)


async def test_a_fact_of_tomorrow_is_refused(home: Epci, agent: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, agent, territory)
        await planned(session, agent, project)
        with pytest.raises(Invalid):
            await stepped(session, agent, project, "request", on=today() + timedelta(days=1))


async def test_the_calendar_makes_a_project_late_and_it_is_told_once(
    home: Epci, agent: Scope, territory: Territory
) -> None:
    job = instance_scope(home.siren)
    async with home.database.transaction() as session:
        project = await make_project(session, agent, territory)
        step = MilestoneIn(label="Toiture", due=today() + timedelta(days=1))
        await follow_up.add_milestone(session, agent, project.id, step)
        first = await moves.refresh_health(session, job)
        with shifted(timedelta(days=3)):
            looked_at = await moves.refresh_health(session, job)
            again = await moves.refresh_health(session, job)
        sent = await outbox(session)

    assert (first, looked_at, again) == (0, 1, 0)
    assert project.health_shown is Health.LATE
    assert facts(sent) == ["created", "updated", "health_changed"]


async def test_new_dates_end_a_reported_delay(home: Epci, coordinator: Scope, territory: Territory) -> None:
    body = fiche_body(
        external_ids=[{"service": "demo", "id": "retard"}], source={"label": "Presse"}, late_reported=True
    )
    async with home.database.transaction() as session:
        project, _ = await fiche.import_project(
            session, coordinator, ImportIn.model_validate(body), territory=territory
        )
        before = project.health_shown
        patch = ProjectPatch(planned_end=today() + timedelta(days=90))
        await fiche.change_project(session, coordinator, project.id, patch, version=1)

    assert (before, project.health_shown) == (Health.LATE, Health.ON_TRACK)


async def test_an_external_identifier_belongs_to_one_project(
    home: Epci, coordinator: Scope, territory: Territory
) -> None:
    ids = [{"service": "tet", "id": "12"}]
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory, external_ids=ids)
        body = ProjectIn.model_validate(fiche_body(external_ids=ids))
        with pytest.raises(AlreadyKnown):
            await fiche.create_project(session, coordinator, body, territory=territory)
        await fiche.withdraw_project(session, coordinator, project.id, version=1)
        wanted = ImportIn.model_validate(fiche_body(external_ids=ids, source={"label": "Presse"}))
        with pytest.raises(AlreadyKnown):
            await fiche.import_project(session, coordinator, wanted, territory=territory)


async def test_the_public_page_shows_public_projects_only(home: Epci, coordinator: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        await make_project(session, coordinator, territory, title="Pour le territoire")
        await make_project(session, coordinator, territory, title="Interne", visibility="private")
        shown = await make_project(session, coordinator, territory, title="Pour tous", visibility="public")
        hidden = {"visibility": "public", "confidential_until": "2031-01-01"}
        await make_project(session, coordinator, territory, title="Confidentiel", **hidden)
        page = await load_home(session, visitor_scope(home.siren))

    [row] = page["rows"]
    assert (row.title, row.stage, row.rank, row.cost) == ("Pour tous", "Idée recensée", 1, None)
    assert page["rows"][0].id == shown.id
    assert [(one.label, one.value) for one in page["figures"]] == [("Projets publics", 1), ("En réalisation", 0)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.sampled_from(list(TRANSITIONS)), min_size=1, max_size=8))
async def test_whatever_is_tried_only_listed_moves_change_the_stage(
    home: Epci, coordinator: Scope, territory: Territory, order: list[Move]
) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory, visibility=Visibility.PRIVATE.value)
        for move in order:
            before, version, past = project.stage, project.version, len(project.history)
            unmet = await _unmet(session, coordinator, project, move)
            steps = 0 if unmet else 1
            assert bool(unmet) or is_listed(before, move)
            assert (project.stage is before) is (steps == 0)
            assert (project.version, len(project.history)) == (version + steps, past + steps)


async def _unmet(session: Session, scope: Scope, project: Project, move: Move) -> list[object]:
    """Try a move; return what it lacked, empty when it was made."""
    try:
        await moved(session, scope, project, move, **ABANDONED, actual_start=today())
    except MoveRefused as refused:
        unmet = refused.facts["unmet"]
        return unmet if isinstance(unmet, list) else []
    return []
