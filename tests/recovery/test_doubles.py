"""Two databases that speak for one SIREN: the later one is refused before it says anything, two at once both stop."""

from pathlib import Path

import pytest

from shared.messaging.topology import Topology
from shared.outbound import HttpError
from shared.territory.members import Territory
from tests.support.broker import free_port
from tests.support.instances import Served, environment, estuaire, serving
from tests.support.topics import dump
from tests.support.waiting import eventually

# Whole instances live here, each in a process of its own.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def twins(tmp_path: Path, territory: Territory, topics: Topology, bootstrap: str) -> list[dict[str, str]]:
    """Return the settings of two instances of one SIREN, each with its own databases."""
    found = []
    for name in ("right", "wrong"):
        (tmp_path / name).mkdir()
        made = environment(territory, tmp_path / name, bootstrap=bootstrap, port=free_port())
        found.append(made | {"ESTUAIRE_HEARTBEAT_SECONDS": "1"})
    return found


async def _held(served: Served) -> str:
    try:
        [service] = (await served.get("/api/v1/status")).json()["services"]
    except HttpError:
        return "starting"
    return str(service["held"])


async def _is_free(served: Served) -> bool:
    return await _held(served) == ""


async def _is_refused(served: Served) -> bool:
    return "autre base" in await _held(served)


async def _speakers(bootstrap: str, territory: Territory) -> set[bytes | None]:
    beats = await dump(bootstrap, f"ti.territory.{territory.sirens[0]}.heartbeat.v1")
    return {dict(one.headers)["ce_instance"] for one in beats}


async def test_f22_invariant_22_the_second_instance_of_a_siren_is_refused_before_it_publishes(
    tmp_path: Path, twins: list[dict[str, str]], bootstrap: str, territory: Territory
) -> None:
    with serving(twins[0], tmp_path / "right", "projects") as right:
        await eventually(lambda: _is_free(right), within=90)
        await eventually(lambda: _has_spoken(bootstrap, territory), within=30)
        with serving(twins[1], tmp_path / "wrong", "projects") as wrong:
            await eventually(wrong.answers, within=90)
            await eventually(lambda: _is_refused(wrong), within=30)
            assert (await wrong.post("/api/v1/projects", {"title": "Double", "kind": "study"})).status_code == 201
            ready = (await wrong.get("/readyz")).json()
            await eventually(lambda: _has_heard(wrong), within=30)
            told = estuaire(twins[1], "restore-check", "--delete")
            speakers = await _speakers(bootstrap, territory)
            wrong.stop()
        assert await _is_free(right)
        right.stop()

    assert (told.returncode, "La comparaison s’arrête là" in told.stdout) == (1, True)
    assert "Connus des sujets" not in told.stdout
    assert len(speakers) == 1
    assert ready["status"] == "degraded"
    assert "restore-check" in ready["held"]["projects"]
    assert "publishing_refused" in (tmp_path / "wrong" / "serve.log").read_text()


async def _has_spoken(bootstrap: str, territory: Territory) -> bool:
    return len(await _speakers(bootstrap, territory)) == 1


async def _has_heard(served: Served) -> bool:
    """Tell whether the consumers go on although nothing is published."""
    [service] = (await served.get("/api/v1/status")).json()["services"]
    return bool(service["backlog"]) and (await served.get("/readyz")).json()["kafka"] == "connected"


async def test_f22_two_started_at_once_both_stop_until_the_operator_says_which_is_right(
    tmp_path: Path, twins: list[dict[str, str]]
) -> None:
    with (
        serving(twins[0], tmp_path / "right", "projects") as right,
        serving(twins[1], tmp_path / "wrong", "projects") as wrong,
    ):
        await eventually(right.answers, within=90)
        await eventually(wrong.answers, within=90)
        # One of them may have spoken before the other looked; then only that other is refused.
        await eventually(lambda: _any_refused(right, wrong), within=60)
        wrong.stop()
        adopted = estuaire(twins[0], "restore-check", "--adopt")
        assert adopted.returncode == 0, adopted.stderr
        await eventually(lambda: _is_free(right), within=30)
        right.stop()


async def _any_refused(*some: Served) -> bool:
    return any([await _is_refused(one) for one in some])
