"""Lives of the test service that end at a crash point: one process each, forked from this one, which has no threads.

``python -m tests.support.crashing`` reads a list of lives as JSON and writes how each has ended.
"""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.messaging.delivery import group_of
from shared.messaging.recorder import record
from shared.messaging.registry import topic_of
from tests.support.backbone import SERVICE, Bench, Outbox, make_project, open_bench
from tests.support.peer import handled
from tests.support.topics import dump
from tests.support.waiting import doing, eventually

KEYS, VERSIONS = 3, 4
NEVER = "jamais"
WITHIN_S = 60


@dataclass(frozen=True)
class Life:
    """One run of the test service, up to a crash point or, without one, until everything is done."""

    name: str
    folder: str
    epci: str
    bootstrap: str
    url: str
    crash_at: str = ""

    @property
    def topic(self) -> str:
        """Return where it tells the territory."""
        return str(topic_of(Project, visibility=Visibility.TERRITORY, epci=self.epci))

    @property
    def groups(self) -> list[str]:
        """Return its two consumer groups."""
        return [group_of(self.epci, SERVICE, kind) for kind in ("projector", "reactor")]

    @property
    def ledger(self) -> Path:
        """Return the file in which it notes each change before and after its commit."""
        return Path(self.folder) / "ledger"

    def noted(self, word: str) -> set[tuple[str, int]]:
        """Return the changes noted as ``tried`` or ``done``."""
        lines = (line.split() for line in self.ledger.read_text(encoding="utf-8").splitlines())
        return {(key, int(version)) for said, key, version in lines if said == word}

    def bench(self) -> Bench:
        """Return the test service on this life’s database."""
        return open_bench(self.url, epci=self.epci, bootstrap=self.bootstrap, members=[self.epci])


async def live(life: Life) -> None:
    """Make the changes, unless an earlier life did, then publish and consume until nothing is left to do."""
    bench = life.bench()
    if not await bench.rows(Outbox):
        await change(bench, life)
    letters = bench.letters()

    async def nothing_left() -> bool:
        if await bench.backlog():
            return False
        await asyncio.sleep(0.5)  # thirteen lives ask at once
        end = (await dump(life.bootstrap, life.topic))[-1].offset + 1
        return await handled(life.bootstrap, life.topic, groups=life.groups) == [end, end]

    async with doing(bench.relaying(), bench.subscribers(bench.delivery(letters)).run()):
        await eventually(nothing_left, within=WITHIN_S)
    await letters.close()
    await bench.database.close()


async def change(bench: Bench, life: Life) -> None:
    """Make the changes of a life, each noted before and after its commit."""
    for number in range(KEYS):
        project = make_project(life.epci, title=f"Projet {number}")
        for version in range(1, VERSIONS + 1):
            _note(life, "tried", project.id, version)
            await bench.tell(project.model_copy(update={"version": version}))
            _note(life, "done", project.id, version)
        with suppress(ZeroDivisionError):
            await _roll_back(bench, project)


async def _roll_back(bench: Bench, project: Project) -> None:
    async with bench.database.transaction() as session:
        undone = project.model_copy(update={"version": VERSIONS + 1, "title": NEVER})
        record(session, Outbox, undone, fact="updated", visibility=Visibility.PUBLIC)
        await session.flush()
        raise ZeroDivisionError


def _note(life: Life, word: str, key: UUID, version: int) -> None:
    with life.ledger.open("a", encoding="utf-8") as ledger:
        ledger.write(f"{word} {key} {version}\n")


def _end(life: Life) -> int:
    """Live in this process and return its exit code."""
    log = os.open(f"{life.folder}/life.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ |= {"ESTUAIRE_TESTING": "1", "ESTUAIRE_CRASH_AT": life.crash_at}
    try:
        asyncio.run(live(life))
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def live_once() -> None:
    """Be the process of one life: its folder, and itself as JSON."""
    sys.exit(_end(Life(**json.loads(sys.argv[1]))))


def _main() -> None:
    names: dict[int, str] = {}
    for one in json.load(sys.stdin):
        life = Life(**one)
        child = os.fork()
        if child == 0:
            os._exit(_end(life))
        names[child] = life.name
    codes: dict[str, int] = {}
    while names:
        child, status = os.wait()
        codes[names.pop(child)] = os.waitstatus_to_exitcode(status)
    json.dump(codes, sys.stdout)


def lives(all_of_them: Sequence[Life]) -> bytes:
    """Return the standard input of ``python -m tests.support.crashing``."""
    return json.dumps([asdict(one) for one in all_of_them]).encode()


if __name__ == "__main__":
    _main()
