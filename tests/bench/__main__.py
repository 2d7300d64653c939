"""``python -m tests.bench``: start one Kafka, measure every row on it, print the table, write the file."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console

from shared.messaging.embedded.node import LocalKafka
from shared.messaging.kafka import acknowledges
from tests.bench import machine, report, stores
from tests.bench.figures import Figure
from tests.bench.rows.grow import grow
from tests.bench.rows.idle import idle
from tests.bench.rows.lists import lists
from tests.bench.rows.rebuild import rebuild
from tests.bench.rows.relay import relay
from tests.bench.rows.visible import visible
from tests.bench.rows.writes import writes
from tests.bench.world import QUICK, USUAL, World

Row = Callable[[World], Awaitable[list[Figure]]]
ROWS: dict[str, Row] = {
    "visible": visible,
    "relay": relay,
    "rebuild": rebuild,
    "writes": writes,
    "idle": idle,
    "lists": lists,
}
WIDTH = 170  # of a file; a terminal has its own
LONG: dict[str, Row] = {"grow": grow}


def bench(
    *,
    only: Annotated[list[str] | None, typer.Option(help="Measure this row alone; may be given several times.")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Say where the time goes.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Measure almost nothing, to see that the bench works.")
    ] = False,
    grow: Annotated[bool, typer.Option("--grow", help="Also measure how each grows: many minutes more.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write everything to this file.")] = None,
) -> None:
    """Take the figures of the backbone beside their floors, in one run on one Kafka."""
    rows = ROWS | (LONG if grow or quick else {})
    unknown = sorted(set(only or ()) - set(ROWS | LONG))
    if unknown:
        raise typer.BadParameter(f"no row {', '.join(unknown)}; there are {', '.join(ROWS | LONG)}")
    chosen = {name: row for name, row in (ROWS | LONG).items() if name in only} if only else rows
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends us, nothing of ours is left behind
    asyncio.run(_run(chosen, profile=profile, quick=quick, json=json))


async def _run(rows: dict[str, Row], *, profile: bool, quick: bool, json: Path | None) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    about = machine.described()
    console.print(f"[dim]{', '.join(f'{name} {value}' for name, value in about.items())}[/]")
    with tempfile.TemporaryDirectory(prefix="estuaire-bench-") as folder:
        kafka = LocalKafka(Path(folder) / "kafka")
        began = monotonic()
        await kafka.start(probe=acknowledges)
        world = World(Path(folder), kafka, console, QUICK if quick else USUAL, profile=profile)
        world.kafka_started_s = monotonic() - began
        try:
            async with stores.postgres() as world.postgres:
                figures = [figure for name in rows for figure in await _row(world, name, rows[name])]
        finally:
            await kafka.stop()
    report.show(console, figures)
    for name, found in world.profiles.items():
        report.show_profile(console, name, found)
    if json is not None:
        report.write(json, figures, machine=about, profiles=world.profiles)


async def _row(world: World, name: str, row: Row) -> list[Figure]:
    began = monotonic()
    world.console.print(f"[bold]{name}[/]")
    figures = await row(world)
    world.console.print(f"  [dim]{monotonic() - began:.0f} s[/]")
    return figures


if __name__ == "__main__":
    typer.run(bench)
