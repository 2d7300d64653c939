"""Any sequence of acts leaves the seats counted, the queue in order, and one live registration per address."""

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.events.commands.events import change_event
from services.events.commands.requests import (
    accept_offer,
    cancel_by_person,
    confirm_registration,
    decline_offer,
    request_registration,
)
from services.events.commands.upkeep import expire_due
from services.events.manifest import SERVICE
from services.events.rules.registrations import TABLE
from services.events.schemas import EventChange
from shared import clock
from shared.contracts.events import RegistrationState
from shared.db.engine import Database
from shared.db.session import Origin, Session
from shared.errors import Refusal
from shared.ids import uuid7
from tests.support.databases import Store
from tests.support.events import Office, assert_counted, form
from tests.support.territory import random_siren

PEOPLE = st.integers(min_value=0, max_value=7)
ENDINGS = {"registered", "declined", "expired", "cancelled"}


class Agenda(RuleBasedStateMachine):
    """One event of few seats, eight people who do as they like, and a clock that runs."""

    store: ClassVar[Store]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        made = self.store.url(SERVICE.package, folder=Path(self.folder.name), name="events")
        url = self.loop.run_until_complete(made)
        siren = random_siren()
        origin = Origin(epci=siren, service="events", instance=uuid7(), base_url="http://agenda.example.org")
        self.office = Office(siren, Database(url, origin))
        self.clock = contextlib.ExitStack()

    @initialize(mode=st.sampled_from(["timed", "direct"]))
    def open(self, mode: str) -> None:
        publish = self.office.publish(capacity=2, offer_mode=mode)
        self.event_id = self.loop.run_until_complete(publish)

    @rule(person=PEOPLE)
    def ask(self, person: int) -> None:
        asked = form(f"n{person}@example.org")
        self.act(lambda session: request_registration(session, self.office.visitor, self.event_id, asked))

    @rule(person=PEOPLE)
    def confirm(self, person: int) -> None:
        self.on_last(person, confirm_registration)

    @rule(person=PEOPLE)
    def accept(self, person: int) -> None:
        self.on_last(person, accept_offer)

    @rule(person=PEOPLE)
    def decline(self, person: int) -> None:
        self.on_last(person, decline_offer)

    @rule(person=PEOPLE)
    def cancel(self, person: int) -> None:
        self.on_last(person, cancel_by_person)

    @rule(capacity=st.integers(min_value=1, max_value=4))
    def resize(self, capacity: int) -> None:
        version = self.loop.run_until_complete(self.office.event(self.event_id)).revision
        change = EventChange(capacity=capacity)
        self.act(lambda session: change_event(session, self.office.agent, self.event_id, change, version=version))

    @rule(hours=st.sampled_from([1, 12, 30, 80]))
    def wait(self, hours: int) -> None:
        self.clock.enter_context(clock.shifted(timedelta(hours=hours)))

    @rule()
    def tidy(self) -> None:
        self.act(lambda session: expire_due(session, self.office.house))

    @invariant()
    def counted(self) -> None:
        self.loop.run_until_complete(assert_counted(self.office, self.event_id))

    @invariant()
    def an_offer_ends_once(self) -> None:
        self.loop.run_until_complete(self._offers_end_once())

    async def _offers_end_once(self) -> None:
        for one in await self.office.registrations(self.event_id):
            facts = await self.office.facts("registration", one.id)
            if "offered" in facts:
                after = facts[facts.index("offered") + 1 :]
                assert facts.count("offered") == 1
                assert not after or after[0] in ENDINGS
            assert facts[-1] == TABLE[one.state].fact

    def on_last(self, person: int, act: Callable[[Session, Any, Any], Awaitable[None]]) -> None:
        everyone = self.loop.run_until_complete(self.office.registrations(self.event_id))
        mine = [one for one in everyone if one.email == f"n{person}@example.org"]
        if mine:
            self.act(lambda session: act(session, self.office.house, mine[-1].id))

    def act(self, act: Callable[[Session], Awaitable[object]]) -> None:
        async def run() -> None:
            with contextlib.suppress(Refusal):
                async with self.office.transaction() as session:
                    await act(session)

        self.loop.run_until_complete(run())

    def teardown(self) -> None:
        self.clock.close()
        self.loop.run_until_complete(self.office.database.close())
        self.loop.close()
        self.folder.cleanup()


@pytest.mark.timeout(300)
def test_seats_and_queue_hold_under_any_sequence_of_acts(store: Store) -> None:
    checks = settings(
        max_examples=12,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )

    machine = type("AgendaHere", (Agenda,), {"store": store})
    run_state_machine_as_test(machine, settings=checks)


def test_the_endings_of_an_offer_are_those_of_the_table() -> None:
    assert {TABLE[state].fact for state in TABLE[RegistrationState.OFFERED].leads_to} == ENDINGS
