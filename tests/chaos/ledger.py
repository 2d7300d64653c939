"""What users were told: one line per act, on disk before the act counts."""

import asyncio
import json
import os
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self


class Outcome(StrEnum):
    """What the user knows of an act."""

    OK = "ok"  # answered 2xx: it is promised
    REFUSED = "refused"  # answered 4xx, or never sent: it must not be there
    UNKNOWN = "unknown"  # no answer: it may be there once, or not at all


@dataclass(frozen=True)
class Line:
    """One act of one user; ``mark`` is what is written by this act alone."""

    mark: str
    act: str
    epci: str
    outcome: Outcome
    status: int
    aggregate: str = ""
    id: str = ""
    version: int = 0
    visibility: str = ""
    more: str = ""
    at: float = 0


class Ledger:
    """An append-only file of lines."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: list[Line] = []
        self.began = time.monotonic()
        self._opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._syncing: asyncio.Task[None] | None = None

    async def note(self, line: Line) -> Line:
        """Write a line; return once it is on disk, together with those noted at the same time."""
        timed = Line(**{**asdict(line), "at": round(time.monotonic() - self.began, 3)})
        os.write(self._opened, (json.dumps(asdict(timed), ensure_ascii=False) + "\n").encode())
        self.lines.append(timed)
        before = self._syncing
        if before is not None and not before.done():
            await before  # it may have begun before our line was written
        if self._syncing is before or self._syncing is None or self._syncing.done():
            self._syncing = asyncio.create_task(asyncio.to_thread(os.fsync, self._opened))
        await self._syncing
        return timed

    def close(self) -> None:
        """Close the file."""
        os.close(self._opened)

    @classmethod
    def read(cls, file: Path) -> list[Line]:
        """Return the lines of a file."""
        lines = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
        return [Line(**{**line, "outcome": Outcome(line["outcome"])}) for line in lines]

    def counts(self) -> dict[Outcome, int]:
        """Return how many acts ended how."""
        return {outcome: sum(line.outcome is outcome for line in self.lines) for outcome in Outcome}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
