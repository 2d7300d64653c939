"""``estuaire rebuild``: copies of what others tell, made anew from the topics while the instance goes on."""

import asyncio
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.cli import tables
from services.cli.databases import chosen, clusters_of, opened
from services.cli.settings import read_settings
from shared.instance.recovery import subject_of
from shared.messaging.replay.rebuild import Report
from shared.messaging.replay.rebuild import rebuild as make_anew
from shared.territory.members import read_territory
from shared.web.formats import pluriel

console = tables.console()


def rebuild(
    service: Annotated[str, typer.Argument(help="Service dont les copies sont à refaire.")],
) -> None:
    """Refait les copies d’un service en relisant Kafka, pendant que l’instance fonctionne, puis les échange."""
    _show(asyncio.run(_rebuild(service)))


async def _rebuild(service: str) -> Report:
    settings = read_settings()
    names = await chosen([service], settings)
    territory = read_territory(settings.territory_file)
    clusters = clusters_of(settings)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    async with opened(names, settings, territory) as [running]:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("Relecture", total=None)

            def tell(read: int, of: int) -> None:
                progress.update(task, completed=read, total=of)

            return await make_anew(subject_of(running, settings, territory), clusters, progress=tell)


def _show(report: Report) -> None:
    shown = tables.table("Table", "Avant", "Après", "Différentes", "Fantômes retirés", "Empreinte")
    for one in report.tables:
        counts = (one.before, one.after, one.different, one.ghosts)
        shown.add_row(one.table, *map(str, counts), one.digest[:12])
    console.print(shown)
    refused = pluriel(report.refused, "illisible laissé", "illisibles laissés")
    set_aside = f", {refused} de côté" if report.refused else ""
    read = pluriel(report.records, "enregistrement relu", "enregistrements relus")
    console.print(f"{read}{set_aside}. Les copies sont échangées.")
