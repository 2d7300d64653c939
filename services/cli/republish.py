"""``estuaire republish``: fill a Kafka that was lost again, from what the databases told it."""

import asyncio
from typing import Annotated

import typer

from services.cli.databases import chosen, opened
from services.cli.settings import read_settings
from shared.messaging.restating import republish as send_again
from shared.territory.members import read_territory
from shared.web.formats import pluriel


def republish(
    service: Annotated[str | None, typer.Argument(help="Service concerné\u202f; tous si rien n’est dit.")] = None,
) -> None:
    """Republie le dernier état de chaque fiche, après la perte de Kafka\u202f; aucun courriel n’en part."""
    for name, count in asyncio.run(_republish([service] if service else None)).items():
        typer.echo(f"{name}\u00a0: {pluriel(count, 'enregistrement')} à republier.")
    typer.echo("Ils partent dès que l’instance est en marche et que Kafka répond.")


async def _republish(services: list[str] | None) -> dict[str, int]:
    settings = read_settings()
    counts = {}
    async with opened(await chosen(services, settings), settings, read_territory(settings.territory_file)) as running:
        for one in running:
            async with one.database.transaction() as session:
                counts[one.manifest.name] = await send_again(session, one.manifest.tables.outbox)
    return counts
