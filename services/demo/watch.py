"""The live table: per EPCI what was logged, published, received and mailed, until all agree."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from services.demo.doors import Door, Ledger
from shared.errors import Refusal
from shared.outbound import HttpError

PAUSE = 0.5


@dataclass(frozen=True)
class Row:
    """One EPCI at one moment; ``None`` while its instance is down."""

    logged: int
    published: int | None = None
    waiting: int | None = None
    received: int | None = None
    mailed: int | None = None


class Watch:
    """Shows the seven instances while something happens; on a terminal as a table that lives, else as lines."""

    def __init__(self, doors: Sequence[Door], ledger: Ledger, console: Console) -> None:
        self._doors = doors
        self._ledger = ledger
        self._console = console
        self._task: asyncio.Task[None] | None = None
        self.said = ""

    def say(self, sentence: str) -> None:
        """Tell what happens now."""
        self.said = sentence
        if not self._console.is_terminal:
            self._console.print(sentence)

    async def __aenter__(self) -> "Watch":
        if self._console.is_terminal:
            self._task = asyncio.create_task(self._show())
        return self

    async def __aexit__(self, *ended: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _show(self) -> None:
        with Live(console=self._console, auto_refresh=False) as live:
            try:
                while True:
                    live.update(self.table(await self.rows()), refresh=True)
                    await asyncio.sleep(PAUSE)
            finally:
                live.refresh()

    async def rows(self) -> dict[str, Row]:
        """Return the present row of each EPCI."""
        rows = await asyncio.gather(*(self._row(door) for door in self._doors))
        return {door.place.code: row for door, row in zip(self._doors, rows, strict=True)}

    async def _row(self, door: Door) -> Row:
        logged = self._ledger.counts.get(f"{door.place.code}.logged", 0)
        try:
            status = (await door.once("/api/v1/status", role="admin")).json()
            mails = (await door.once("/api/v1/deliveries/summary", role="coordinator")).json()
        except (HttpError, Refusal):
            return Row(logged)
        backlog = sum(service["backlog"] for service in status["services"])
        return Row(
            logged=logged,
            published=sum(service["recorded"] for service in status["services"]) - backlog,
            waiting=backlog,
            received=sum(received(service["positions"]) for service in status["services"]),
            mailed=int(mails["states"].get("accepted", 0)),
        )

    def table(self, rows: Mapping[str, Row]) -> Table:
        """Return the table of these rows."""
        table = Table(title=self.said, title_justify="left")
        for heading in ("EPCI", "saisis", "publiés", "en attente", "reçus", "courriels"):
            table.add_column(heading, justify="left" if heading == "EPCI" else "right")
        for door in self._doors:
            row = rows[door.place.code]
            cells = (row.logged, row.published, row.waiting, row.received, row.mailed)
            table.add_row(door.place.name, *("–" if cell is None else str(cell) for cell in cells))
        return table


def received(positions: Mapping[str, Mapping[str, Any]]) -> int:
    """Return how many records the projectors of a service have applied."""
    return sum(sum(topics.values()) for group, topics in positions.items() if ".projector." in group)
