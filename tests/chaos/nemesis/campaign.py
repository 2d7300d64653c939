"""The campaign: every fault at its moment, several at once, each written down, everything healed at the end."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.chaos.nemesis.faults import DOINGS, Stage
from tests.chaos.nemesis.schedule import Fault

LOOK_SECONDS = 0.2
AT_ONCE = 4
HEAL_SECONDS = 180.0


class Campaign:
    """Breaks things as the run comes along."""

    def __init__(self, stage: Stage, schedule: Sequence[Fault], *, file: Path, say: Callable[[str], None]) -> None:
        self.stage = stage
        self.done: Counter[str] = Counter()
        self._schedule = schedule
        self._file = file
        self._say = say
        self._began = time.monotonic()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def run(self, progress: Callable[[], float]) -> None:
        """Do every fault at its moment of ``progress``, from 0 to 1, then heal everything.

        Raises what a fault could not undo.
        """
        faults: list[asyncio.Task[None]] = []
        try:
            for fault in self._schedule:
                while progress() < fault.at:  # noqa: ASYNC110 - how far the run is gets measured, nobody sets an event
                    await asyncio.sleep(LOOK_SECONDS)
                await self._room.acquire()
                faults.append(asyncio.create_task(self._do(fault)))
                _raise_failures(faults)
            await asyncio.gather(*faults)
        finally:
            for task in faults:
                task.cancel()
            await asyncio.gather(*faults, return_exceptions=True)
        await self.heal()

    def progress(self) -> float:
        """Return how much of the campaign is over, from 0 to 1."""
        return self.done.total() / len(self._schedule) if self._schedule else 1.0

    async def heal(self) -> None:
        """Bring everything back."""
        async with asyncio.timeout(HEAL_SECONDS):
            await self.stage.stores.restart()
            await self.stage.cluster.heal()
            await self.stage.post.open()
            await self.stage.fleet.heal()

    async def _do(self, fault: Fault) -> None:
        began = time.monotonic()
        self._note(fault, "begins")
        try:
            told = await DOINGS[fault.kind](self.stage, fault)
        except BaseException as error:
            self._note(fault, "failed", told=repr(error))
            raise
        finally:
            self._room.release()
        self.done[fault.kind] += 1
        self._note(fault, "ended", told=told, lasted=round(time.monotonic() - began, 2))

    def _note(self, fault: Fault, what: str, **more: object) -> None:
        moment = round(time.monotonic() - self._began, 2)
        line = {"at_s": moment, "what": what, **asdict(fault), **more}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        if what != "begins":
            self._say(f"{moment:7.1f} s  {fault.number:3} {fault.row:<8} {fault.kind:<17} {more['told']}")


def _raise_failures(faults: Sequence[asyncio.Task[None]]) -> None:
    for task in faults:
        if task.done():
            task.result()
