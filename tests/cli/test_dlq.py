"""Set-aside records are listed, shown without harm, handled once more or dropped; blocked ones passed over."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlmodel import col, delete, select
from typer.testing import CliRunner, Result

from services.cli.dlq import dlq, visible
from services.cli.opening import Opened, opened
from services.cli.outbox import outbox
from shared.clock import now
from shared.contracts.base import Visibility
from shared.errors import Conflict, Invalid, NotFound, Refusal
from shared.messaging.delivery import DeadLetter, Failure, group_of
from shared.messaging.envelope import RawRecord
from shared.messaging.kafka import DeadLetters
from shared.messaging.recorder import record
from shared.messaging.registry import dead_letter_topic
from shared.messaging.topology import Topology
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.support.backbone import make_project
from tests.support.databases import Store
from tests.support.instances import environment
from tests.support.peer import Written, written
from tests.support.reading import topic_at

T = TypeVar("T")
RUN = CliRunner()
HOSTILE = "\x1b]0;titre\x07\x1b[31mrouge\u202e"


@pytest.fixture(autouse=True)
def settings(
    territory: Territory,
    topics: Topology,
    bootstrap: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stores: dict[str, Store],
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    within(stores["sqlite"].url("services.projects", folder=data, name="projects"))
    for name, value in environment(territory, tmp_path, bootstrap=bootstrap, port=8000).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "400")


def within(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def said(*words: str, app: Any = dlq) -> str:  # noqa: ANN401 - a typer application
    result: Result = RUN.invoke(app, list(words))
    assert result.exception is None, result.exception
    return result.output


def refusal(*words: str, app: Any = dlq) -> Refusal:  # noqa: ANN401 - a typer application
    result: Result = RUN.invoke(app, list(words))
    assert isinstance(result.exception, Refusal), result.output
    return result.exception


def set_aside(
    territory: Territory, bootstrap: str, one: Written, *, kind: str = "projector", reason: str = "bug:KeyError"
) -> None:
    own, peer = territory.sirens[:2]
    raw = RawRecord(topic_at(peer), 0, 7, 0, one.key, one.value, one.headers)
    letter = DeadLetter(raw, group_of(own, "projects", kind), reason, 5, Failure.BUG, now() - timedelta(minutes=1))

    async def bury() -> None:
        letters = DeadLetters(KafkaAccess(bootstrap), topic=str(dead_letter_topic("projects", epci=own)), software="v1")
        await letters.bury(letter)
        await letters.close()

    within(bury())


def rows(table: str) -> list[Any]:
    async def read() -> list[Any]:
        async with opened("projects") as here:
            found = here.manifest.metadata.tables[table]
            async with here.database.reading() as session:
                return list((await (await session.connection()).execute(found.select())).all())

    return within(read())


def test_what_is_set_aside_is_listed_until_it_is_settled(territory: Territory, bootstrap: str) -> None:
    peer = territory.sirens[1]
    for reason in ("bug:KeyError", "oversize"):
        set_aside(territory, bootstrap, written(make_project(peer)), reason=reason)

    assert "bug:KeyError" in said("list", "projects")
    assert "oversize" not in said("list", "projects", "--reason", "bug")
    said("drop", "projects", "0")

    assert "bug:KeyError" not in said("list", "projects")
    everything = said("list", "projects", "--all")
    assert "abandonné par cli:" in everything
    assert "à régler" in everything
    assert isinstance(refusal("drop", "projects", "0"), Conflict)
    assert isinstance(refusal("drop", "projects", "99"), NotFound)


def test_g11_nothing_that_is_shown_acts_upon_the_terminal(territory: Territory, bootstrap: str) -> None:
    peer = territory.sirens[1]
    one = written(make_project(peer)).raw(HOSTILE.encode() + b"\xff\x00[bold]x[/bold]" + b"y" * 5000)
    set_aside(territory, bootstrap, one.after((f"x{HOSTILE}", HOSTILE.encode())))

    shown = said("show", "projects", "0")

    assert not any(not char.isprintable() and char not in "\n\u00a0" for char in shown)
    assert "\\x1b[31mrouge\\u202e" in shown
    assert "[bold]x[/bold]" in shown
    assert "y" * 3000 not in shown
    assert visible("é’\t\x9b") == "é’\\t\\x9b"


def test_replay_handles_a_record_once_and_tells_no_topic(territory: Territory, bootstrap: str) -> None:
    set_aside(territory, bootstrap, written(make_project(territory.sirens[1], title="Revenu")))

    assert "rejoué" in said("replay", "projects", "0")

    assert [row.stage for row in rows("known_project")] == ["idea"]
    assert [row.settled_by.startswith("cli:") for row in rows("settled_letter")] == [True]
    assert isinstance(refusal("replay", "projects", "0"), Conflict)


def test_what_is_still_refused_stays(territory: Territory, bootstrap: str) -> None:
    set_aside(territory, bootstrap, written(make_project(territory.sirens[1])).raw(b"{"))

    assert "reste refusé" in refusal("replay", "projects", "0").detail
    assert rows("settled_letter") == []
    assert "à régler" in said("list", "projects")
    said("drop", "projects", "0")
    assert "déjà réglé" in refusal("replay", "projects", "0").detail


def test_a_replayed_reaction_is_not_too_old_for_having_lain_there(territory: Territory, bootstrap: str) -> None:
    set_aside(territory, bootstrap, written(make_project(territory.sirens[1])), kind="reactor")

    assert "rejoué" in said("replay", "projects", "0")
    assert rows("known_project") == [], "it went to the reactions"


async def _block(*versions: int) -> None:
    async with opened("projects") as here:
        await _tell(here, *versions)


async def _tell(here: Opened, *versions: int) -> None:
    table = here.manifest.tables.outbox
    project = make_project(here.settings.siren)
    async with here.database.transaction() as session:
        await session.exec(delete(table))
        for version in versions:
            state = project.model_copy(update={"version": version})
            record(session, table, state, fact="updated", visibility=Visibility.TERRITORY)
        await session.flush()
        first = (await session.exec(select(table).order_by(col(table.seq)))).first()
        assert first is not None
        first.blocked_at, first.last_error = now(), "TooLarge"


def test_a_blocked_row_is_passed_over_only_when_a_newer_one_says_it_all() -> None:
    within(_block(1, 2))

    assert "bloqué (TooLarge)" in said("list", "projects", "--blocked", app=outbox)
    first, second = sorted(row.seq for row in rows("outbox_message"))
    assert "partira de lui-même" in refusal("skip", "projects", str(second), app=outbox).detail
    assert "passé" in said("skip", "projects", str(first), app=outbox)
    assert isinstance(refusal("skip", "projects", str(first), app=outbox), NotFound)
    assert [row.published_at is None for row in rows("outbox_message")] == [False, True]


def test_a_blocked_row_that_is_the_newest_of_its_key_stays() -> None:
    within(_block(1))
    (only,) = [row.seq for row in rows("outbox_message")]

    assert "le plus récent de sa clé" in refusal("skip", "projects", str(only), app=outbox).detail


def test_a_topic_that_is_not_held_cannot_be_resumed(territory: Territory) -> None:
    assert isinstance(refusal("resume", "projects", topic_at(territory.sirens[1])), NotFound)
    assert isinstance(refusal("list", "facture"), Invalid)
