"""What leaves the EPCI: nothing unmarked, nothing private, no natural person, a bare card while confidential."""

import json
from typing import Any

import pytest

from services.projects.commands import fiche, follow_up, funding
from services.projects.commands.telling import take
from services.projects.schemas.plan import FundingIn, FundingStepIn, ImportIn, MilestoneIn
from services.projects.schemas.requests import ProjectPatch
from shared.contracts.base import Visibility
from shared.errors import Forbidden
from shared.identity.access import Scope
from shared.ids import uuid7
from shared.territory.members import Territory
from tests.support.projects import Epci, content, facts, fiche_body, make_project, outbox

SECRETS = {
    "need_statement": "SECRET-besoin " * 20,
    "tags": ["SECRET-étiquette"],
    "health": "blocked",
    "health_reason": "SECRET-motif",
    "origin": [{"kind": "request", "id": "019aa000-0000-7000-8000-0000000000aa"}],
}
BARE = {"id", "home_epci", "version", "updated_at", "axis", "stage"}
EMPTY: list[object] = [None, "", [], False, "0.00"]


def filled(value: dict[str, Any]) -> set[str]:
    """Return the fields of a record that say something."""
    silent = {"kind": "other", "visibility": "territory", "health": "unknown", "confidential": True}
    silent |= {"sponsor": {"type": "other", "siret": None, "name": ""}, "amounts_public": False}
    return {name for name, one in value.items() if one not in EMPTY and silent.get(name) != one and not _nothing(one)}


def _nothing(value: object) -> bool:
    return isinstance(value, dict) and all(one in [*EMPTY, "other"] for one in value.values())


async def test_fields_without_a_mark_never_leave(home: Epci, coordinator: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        await make_project(session, coordinator, territory, visibility="public", **SECRETS)
        sent = await outbox(session)

    assert facts(sent) == facts(sent, scope="public") == ["created"]
    for row in sent:
        assert "SECRET" not in json.dumps(content(row), ensure_ascii=False)
        assert SECRETS["origin"][0]["id"] not in json.dumps(content(row))  # type: ignore[index]


async def test_the_public_topic_has_no_note_line_person_or_summary(
    home: Epci, coordinator: Scope, territory: Territory
) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory, visibility="public")
        line = FundingIn.model_validate({"funder": "region", "amount_planned": "10"})
        await funding.add_line(session, coordinator, project.id, line)
        await follow_up.add_milestone(session, coordinator, project.id, MilestoneIn(label="Toiture"))
        rows = await outbox(session)

    public = content([row for row in rows if ".public." in row.topic][-1])
    internal = content([row for row in rows if ".territory." in row.topic][-1])
    hidden = {"summary", "objectives", "funding", "milestones", "project_manager", "health", "visibility"}
    assert not hidden & set(public)
    assert hidden <= set(internal)
    assert public["sponsor"] == {"type": "company"}
    assert internal["sponsor"]["name"] == "Ateliers Fictifs du Robec"


async def test_a_private_project_is_not_published_at_all(home: Epci, coordinator: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory, visibility="private")
        await fiche.change_project(
            session, coordinator, project.id, ProjectPatch.model_validate({"title": "Nouveau titre"}), version=1
        )
        await fiche.withdraw_project(session, coordinator, project.id, version=2)
        sent = await outbox(session)

    assert sent == []


async def test_a_natural_person_is_never_named(home: Epci, coordinator: Scope, territory: Territory) -> None:
    person = {"type": "natural_person", "name": "Camille Exemple", "siret": "99910010000018"}
    async with home.database.transaction() as session:
        await make_project(session, coordinator, territory, visibility="public", sponsor=person)
        sent = await outbox(session)

    for row in sent:
        text = json.dumps(content(row), ensure_ascii=False)
        assert "Camille" not in text
        assert "99910010000018" not in text


async def test_a_confidential_project_leaves_a_bare_card(home: Epci, agent: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, agent, territory)
        patch = ProjectPatch.model_validate({"confidential_until": "2031-01-01"})
        await fiche.change_project(session, agent, project.id, patch, version=1)
        rows = await outbox(session)
        lift = ProjectPatch.model_validate({"confidential_until": None})
        with pytest.raises(Forbidden):
            await fiche.change_project(session, agent, project.id, lift, version=2)

    card = content(rows[-1])
    assert filled(card) == BARE
    assert card["confidential"] is True


@pytest.mark.parametrize(
    ("stage", "kind", "given", "shown"),
    [
        ("appraisal", "study", {}, False),
        ("committed", "study", {}, True),
        ("evaluated", "study", {}, True),
        ("abandoned", "study", {}, False),
        ("committed", "company_investment", {}, False),
        ("committed", "company_investment", {"amounts_public": True}, True),
        ("delivery", "study", {"amounts_public": False}, False),
    ],
)
async def test_the_public_reads_amounts_from_committed_on_if_allowed(
    home: Epci,
    coordinator: Scope,
    territory: Territory,
    stage: str,
    kind: str,
    given: dict[str, Any],
    shown: bool,  # noqa: FBT001 - a column of the table
) -> None:
    body = fiche_body(
        stage=stage,
        kind=kind,
        visibility="public",
        external_ids=[{"service": "demo", "id": str(uuid7())}],
        source={"label": "haropaport.com"},
        **given,
    )
    async with home.database.transaction() as session:
        await fiche.import_project(session, coordinator, ImportIn.model_validate(body), territory=territory)
        rows = await outbox(session)

    public = next(content(row) for row in rows if ".public." in row.topic)
    internal = next(content(row) for row in rows if ".territory." in row.topic)
    assert public["totals"]["total_cost_ht"] == ("1000.00" if shown else None)
    assert internal["totals"]["total_cost_ht"] == "1000.00"


async def test_a_withdrawn_project_leaves_a_bare_state_then_a_tombstone(
    home: Epci, coordinator: Scope, territory: Territory
) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory, visibility="public")
        await fiche.withdraw_project(session, coordinator, project.id, version=1)
        rows = await outbox(session)

    assert facts(rows) == facts(rows, scope="public") == ["created", "withdrawn", "withdrawn"]
    last = [row for row in rows if ".territory." in row.topic]
    assert [row.aggregate_version for row in last] == [1, 2, 3]
    assert filled(content(last[1])) == BARE
    assert last[2].payload is None


async def test_widening_publishes_where_nothing_was(home: Epci, coordinator: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory, visibility="private")
        await fiche.show_project(session, coordinator, project.id, visibility=Visibility.PUBLIC, version=1)
        rows = await outbox(session)

    assert facts(rows) == facts(rows, scope="public") == ["visibility_changed"]


async def test_every_change_of_money_is_told_with_its_sums(home: Epci, agent: Scope, territory: Territory) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, agent, territory)
        line = FundingIn.model_validate({"funder": "ademe", "amount_planned": "750.50"})
        project = await funding.add_line(session, agent, project.id, line)
        step = FundingStepIn.model_validate({"step": "request"})
        await funding.step_line(session, agent, project.id, project.lines[0].id, step, version=project.version)
        rows = await outbox(session)
        taken = await take(session, agent, project.id)

    assert facts(rows) == ["created", "funding_changed", "funding_changed"]
    last = content(rows[-1])
    assert (last["version"], last["totals"]["requested"], last["changed"]) == (3, "750.50", ["funding", "totals"])
    assert last["version"] == taken.version
