"""Projects of several EPCI: each writes its own half, and the published status is that of the table."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.projects.commands import keeping, sharing
from services.projects.commands.fiche import withdraw_project
from services.projects.consumers import hear_answer
from services.projects.errors import ParticipationRefused, PartNotFound, ProjectNotFound
from services.projects.queries.participations import find_own_answer, list_invitations
from services.projects.queries.portfolio import list_page
from services.projects.queries.projects import get_project, get_territory_project
from services.projects.rules.participations import published_status
from services.projects.rules.words import Entry
from services.projects.schemas.requests import InvitationIn, ParticipationIn
from services.projects.schemas.wanted import Listed
from shared.contracts import projects as wire
from shared.contracts.projects import Answer, ParticipantStatus
from shared.identity.access import Role, instance_scope
from shared.messaging.envelope import Refused
from shared.messaging.registry import Record
from shared.territory.members import Territory
from tests.support.projects import Epci, facts, make_project, outbox, people

TABLE = [
    ("invited", None, "invited"),
    ("invited", "accepted", "accepted"),
    ("invited", "declined", "declined"),
    ("none", "proposed", "proposed"),
    ("agreed", "proposed", "accepted"),
    ("turned_down", "proposed", "refused"),
    ("invited", "left", "left"),
    ("agreed", "left", "left"),
    ("turned_down", "left", "left"),
    ("removed", None, "removed"),
    ("removed", "accepted", "removed"),
    ("removed", "left", "removed"),
]


@pytest.mark.parametrize(("entry", "answer", "status"), TABLE)
def test_the_published_status_is_that_of_the_table(entry: str, answer: str | None, status: str) -> None:
    said = Answer(answer) if answer else None

    assert published_status(Entry(entry), entry_round=3, answer=said, answer_round=3) == status


@given(answer=st.sampled_from(Answer), older=st.integers(1, 4))
def test_an_answer_of_an_older_round_counts_for_nothing(answer: Answer, older: int) -> None:
    status = published_status(Entry.INVITED, entry_round=5, answer=answer, answer_round=older)

    assert status is ParticipantStatus.INVITED


class Two:
    """An owner and a partner that hear each other whenever ``carry`` is called, and only then."""

    def __init__(self, owner: Epci, partner: Epci, territory: Territory) -> None:
        self.owner, self.partner, self.territory = owner, partner, territory
        self.scope, self.other = people(owner.siren), people(partner.siren)

    async def log(self, **given: object) -> UUID:
        async with self.owner.database.transaction() as session:
            return (await make_project(session, self.scope, self.territory, **given)).id

    async def invite(self, project_id: UUID) -> None:
        wanted = InvitationIn.model_validate({"siren": self.partner.siren})
        async with self.owner.database.transaction() as session:
            await sharing.invite_epci(session, self.scope, project_id, wanted, territory=self.territory)

    async def remove(self, project_id: UUID) -> None:
        async with self.owner.database.transaction() as session:
            project = await get_project(session, self.scope, project_id)
            await sharing.remove_epci(session, self.scope, project_id, self.partner.siren, version=project.version)

    async def answer(self, project_id: UUID, answer: str, reason: str = "") -> None:
        body = {"owner_siren": self.owner.siren, "project_id": project_id, "answer": answer, "reason": reason}
        async with self.partner.database.transaction() as session:
            await sharing.answer_project(session, self.other, ParticipationIn.model_validate(body))

    async def carry(self, *, to: Epci | None = None) -> None:
        """Let each side hear the other, then let the owner’s job compare."""
        members = self.territory.sirens
        ways = [(self.owner, self.partner), (self.partner, self.owner)]
        for sender, reader in ways:
            if to is None or to is reader:
                await hear(reader, await sender.sent(members))
        async with self.owner.database.transaction() as session:
            await sharing.reconcile_participations(session, instance_scope(self.owner.siren))

    async def status(self, project_id: UUID) -> str | None:
        async with self.owner.database.reading() as session:
            project = await get_project(session, self.scope, project_id)
        return next((one.status.value for one in project.participants), None)


async def hear(reader: Epci, records: Sequence[Record[Any]]) -> None:
    async with reader.database.transaction() as session:
        await keeping.keep_projects(session, [one for one in records if one.aggregate == "project"])
        await keeping.keep_participations(session, [one for one in records if one.aggregate == "participation"])


@pytest.fixture
def two(home: Epci, partner: Epci, territory: Territory) -> Two:
    return Two(home, partner, territory)


async def test_an_invitation_is_seen_answered_and_published(two: Two) -> None:
    project_id = await two.log()
    await two.invite(project_id)
    await two.carry()
    async with two.partner.database.reading() as session:
        asked = await list_invitations(session, two.other)
    await two.answer(project_id, "accepted")
    await two.carry()
    await two.carry()

    assert [(one.project_id, one.status, one.round) for one in asked] == [(project_id, "invited", 1)]
    assert await two.status(project_id) == "accepted"
    async with two.partner.database.reading() as session:
        seen = await list_invitations(session, two.other)
    assert [(one.status, one.answer.answer if one.answer else None) for one in seen] == [("accepted", Answer.ACCEPTED)]


async def test_a_refusal_carries_its_reason_and_a_new_invitation_starts_a_new_round(two: Two) -> None:
    project_id = await two.log()
    await two.invite(project_id)
    await two.carry()
    await two.answer(project_id, "declined", reason="Une démarche semblable est engagée.")
    await two.carry()
    declined = await two.status(project_id)
    await two.invite(project_id)
    await two.carry()

    assert declined == "declined"
    assert await two.status(project_id) == "invited"


async def test_one_who_left_is_deleted_and_stays_left(two: Two) -> None:
    project_id = await two.log()
    await two.invite(project_id)
    await two.carry()
    await two.answer(project_id, "accepted")
    await two.carry()
    await two.answer(project_id, "left", reason="Priorités revues.")
    async with two.partner.database.reading() as session:
        rows = await outbox(session)
    await two.carry()

    assert facts(rows) == ["accepted", "left", "left"]
    assert [row.payload is None for row in rows] == [False, False, True]
    assert await two.status(project_id) == "left"


async def test_an_epci_that_proposes_itself_is_agreed_to_by_an_invitation(two: Two) -> None:
    project_id = await two.log()
    await two.carry()
    await two.answer(project_id, "proposed")
    await two.carry()
    proposed = await two.status(project_id)
    await two.invite(project_id)

    assert (proposed, await two.status(project_id)) == ("proposed", "accepted")


async def test_answers_missed_for_ten_days_are_found_by_the_job(two: Two) -> None:
    project_id = await two.log()
    await two.invite(project_id)
    await two.carry(to=two.partner)
    await two.answer(project_id, "accepted")

    before = await two.status(project_id)
    await two.carry(to=two.owner)

    assert (before, await two.status(project_id)) == ("invited", "accepted")


async def test_the_reaction_compares_at_once(two: Two) -> None:
    project_id = await two.log()
    await two.invite(project_id)
    await two.carry(to=two.partner)
    await two.answer(project_id, "accepted")
    records = await two.partner.sent(two.territory.sirens)

    await hear(two.owner, records)
    async with two.owner.database.transaction() as session:
        await hear_answer(session, next(one for one in records if one.aggregate == "participation"))

    assert await two.status(project_id) == "accepted"


async def test_a_comparison_without_news_publishes_nothing(two: Two) -> None:
    project_id = await two.log()
    await two.invite(project_id)
    await two.carry()
    await two.answer(project_id, "accepted")
    await two.carry()
    await two.owner.sent(two.territory.sirens)

    await two.carry()

    assert await two.owner.sent(two.territory.sirens) == []


async def test_an_uninvited_answer_changes_nothing(two: Two) -> None:
    project_id = await two.log()
    await two.carry()

    with pytest.raises(ParticipationRefused):
        await two.answer(project_id, "accepted")

    assert await two.status(project_id) is None


@pytest.mark.parametrize("given", [{"visibility": "private"}, {"confidential_until": "2030-01-01"}])
async def test_nobody_is_invited_into_what_they_cannot_see(two: Two, given: dict[str, str]) -> None:
    project_id = await two.log(**given)

    with pytest.raises(ParticipationRefused):
        await two.invite(project_id)


async def test_a_project_of_another_epci_is_listed_and_read_and_forgotten_when_withdrawn(two: Two) -> None:
    project_id = await two.log()
    await two.carry()
    reader = people(two.partner.siren, Role.INTEGRATOR)
    async with two.partner.database.reading() as session:
        page, _ = await list_page(session, reader, Listed(), behind=None, limit=50)
        title = (await get_territory_project(session, reader, two.owner.siren, project_id)).title
    async with two.owner.database.transaction() as session:
        await withdraw_project(session, two.scope, project_id, version=1)
    await two.carry()
    assert [(card.id, card.own, card.title) for card in page] == [(project_id, False, title)]
    async with two.partner.database.reading() as session:
        assert await list_page(session, reader, Listed(), behind=None, limit=50) == ([], None)
        with pytest.raises(ProjectNotFound):
            await get_territory_project(session, reader, two.owner.siren, project_id)


ACTS = ("invite", "remove", "accepted", "declined", "left", "proposed", "carry")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_any_interleaving_ends_at_the_status_of_the_table(two: Two, seed: int) -> None:
    project_id = await two.log()
    order = random.Random(seed)  # noqa: S311 - no secret
    for act in order.choices(ACTS, k=10):
        await _try(two, act, project_id)
    await two.carry()
    await two.carry()

    entry, status, turn = await _entry(two, project_id)
    answer, answered = await _answer(two, project_id)
    assert status == published_status(entry, entry_round=turn, answer=answer, answer_round=answered)


async def _try(two: Two, act: str, project_id: UUID) -> None:
    acts = {"invite": two.invite, "remove": two.remove}
    try:
        if act == "carry":
            await two.carry()
        elif act in acts:
            await acts[act](project_id)
        else:
            await two.answer(project_id, act, reason="Motif.")
    except (ParticipationRefused, ProjectNotFound, PartNotFound):
        pass  # refused acts are part of the game


async def _entry(two: Two, project_id: UUID) -> tuple[Entry, ParticipantStatus | None, int]:
    async with two.owner.database.reading() as session:
        project = await get_project(session, two.scope, project_id)
    found = next(iter(project.participants), None)
    return (found.entry, found.status, found.round) if found else (Entry.NONE, None, 1)


async def _answer(two: Two, project_id: UUID) -> tuple[Answer | None, int]:
    async with two.partner.database.reading() as session:
        said = await find_own_answer(session, two.other, owner_siren=two.owner.siren, project_id=project_id)
    return (said.answer, said.round) if said else (None, 0)


async def test_a_deletion_that_leaps_over_every_later_answer_is_refused(two: Two, territory: Territory) -> None:
    await two.invite(project_id := await two.log())
    await two.carry()
    await two.answer(project_id, "accepted")
    answered = next(one for one in await two.partner.sent(territory.sirens) if one.aggregate == "participation")
    gone = replace(answered, state=None, version=answered.version + wire.Participation.max_jump + 1)
    await hear(two.owner, [answered])

    with pytest.raises(Refused, match="version_jump"):
        await hear(two.owner, [gone])
