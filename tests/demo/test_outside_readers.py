"""Two readers that know the document alone, in two languages, see the same territory: the one that is there."""

import asyncio
import json
import subprocess
from typing import Any

import pytest

from shared.messaging.topology import Topology
from shared.territory.members import Territory
from tests.support.backbone import make_project
from tests.support.hostile import ACCEPTED, REFUSED
from tests.support.outsiders import java_reader, printed, python_reader, run
from tests.support.peer import Written, send, send_with_unreadable_name, written

MANY = 1_200  # more than two polls of 500
# Of the corpus, by their names there: what speaks for another EPCI or object, and what nobody can read.
OF_OTHERS = ("another EPCI in the source", "another EPCI in ce_epci", "another owner", "another subject")
UNREADABLE = (
    *("half a value", "not a number", "10^5 levels", "UTF-16", "a list", "a null that is no tombstone"),
    *("nothing that is no tombstone", "a null header", "no header", "a tombstone without headers", "an empty key"),
    *("a key that is no text", "sequence 2^63-1", "no sequence", "a word for a sequence"),
)


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    """Return the commands of both readers."""
    folder = tmp_path_factory.mktemp("outsiders")
    return python_reader(folder), java_reader(folder)


def versions(siren: str, *, of: int, title: str, skip: int = 0) -> list[Written]:
    """Return the first versions of one project, as records."""
    first = make_project(siren, title=f"{title}, version 1")
    later = [first.model_copy(update={"version": n, "title": f"{title}, version {n}"}) for n in range(2, of + 1)]
    return [written(state) for state in (first, *later)][skip:]


def gone(record: Written, *, version: int) -> Written:
    """Return the tombstone of a project."""
    return record.without("content-type").head("ce_sequence", b"%012d" % version).raw(None)


async def read(
    readers: tuple[list[str], list[str]], bootstrap: str, pattern: str, *, topics: int = 1
) -> list[dict[str, Any]]:
    """Return what both readers print, which must be the same to the letter; of several topics none comes first."""
    ended: list[subprocess.CompletedProcess[str]] = await asyncio.gather(
        *(asyncio.to_thread(run, one, bootstrap, pattern) for one in readers)
    )
    told = [[json.loads(line) for line in one.stdout.splitlines()] for one in ended]
    assert [(one.returncode, one.stderr) for one in ended] == [(0, "")] * len(ended)
    if topics > 1:
        told = [sorted(one, key=lambda project: str(project["id"])) for one in told]
    assert told[0] == told[1], "Python and Java do not see the same"
    return told[0]


async def test_both_keep_the_newest_of_each_key_and_forget_what_is_gone(
    readers: tuple[list[str], list[str]], bootstrap: str, territory: Territory, topics: Topology
) -> None:
    siren, neighbour = territory.sirens[:2]
    moved, late, buried, back = (versions(siren, of=3, title=one) for one in ("A", "B", "C", "D"))
    accents = make_project(neighbour, title="Chez le voisin, « à 7\u202fh » — œuvre n° 1 😀")
    records = [
        *moved,
        *(late[2], late[0], late[1]),  # an older one after a newer one
        *(buried[0], gone(buried[0], version=3), buried[1]),  # nothing comes back under a lower version
        *(back[0], gone(back[0], version=2), back[2]),  # under a higher one it does
        *(moved[2], moved[2]),  # twice
    ]
    await send(bootstrap, f"ti.territory.{siren}.project.v1", records)
    await send(bootstrap, f"ti.territory.{neighbour}.project.v1", [written(accents)])

    own = await read(readers, bootstrap, rf"ti\.territory\.{siren}\.project\.v1")
    both = await read(readers, bootstrap, rf"ti\.territory\.({siren}|{neighbour})\.project\.v1", topics=2)

    assert [one["title"] for one in own] == ["A, version 3", "B, version 3", "D, version 3"]
    assert {one["title"] for one in both} == {*(one["title"] for one in own), accents.title}


async def test_both_read_in_order_what_takes_several_polls(
    readers: tuple[list[str], list[str]], bootstrap: str, siren: str, topics: Topology
) -> None:
    states = [make_project(siren, title=f"Projet {number}") for number in range(MANY)]
    again = [one.model_copy(update={"version": 2, "title": f"{one.title} bis"}) for one in states[::2]]
    await send(bootstrap, f"ti.territory.{siren}.project.v1", [written(state) for state in (*states, *again)])

    told = await read(readers, bootstrap, rf"ti\.territory\.{siren}\.project\.v1")

    assert [one["title"] for one in told] == [
        f"Projet {number}{'' if number % 2 else ' bis'}" for number in range(MANY)
    ]


async def test_no_record_of_the_corpus_stops_one_of_them_or_speaks_for_another(
    readers: tuple[list[str], list[str]], bootstrap: str, siren: str, topics: Topology
) -> None:
    topic, right, sent = f"ti.territory.{siren}.project.v1", {}, []
    for name, spoil in {**{one: how for one, (_, how) in REFUSED.items()}, **ACCEPTED}.items():
        right[name], second = versions(siren, of=2, title=name)
        sent += [right[name], spoil(second)]
    await send(bootstrap, topic, sent)
    await send_with_unreadable_name(bootstrap, topic)
    await send(bootstrap, topic, versions(siren, of=1, title="Le dernier"))

    told = await read(readers, bootstrap, rf"ti\.territory\.{siren}\.project\.v1")

    seen = {(one["id"], one["version"]) for one in told}
    for name in (*OF_OTHERS, *UNREADABLE):
        assert ((right[name].key or b"").decode(), 1) in seen, name
    for name in ACCEPTED:
        assert ((right[name].key or b"").decode(), 2) in seen, name
    assert told[-1]["title"] == "Le dernier, version 1"


def test_each_is_as_short_as_promised() -> None:
    lengths = {one: len([line for line in printed(one).splitlines() if line]) for one in ("python", "java")}

    assert lengths["python"] <= 40
    assert lengths["java"] <= 60
