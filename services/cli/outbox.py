"""``estuaire outbox``: what waits to be published, and what Kafka refuses for good."""

import asyncio
from typing import Annotated

import typer

from services.cli.opening import ServiceName, opened, operator
from services.cli.tables import console, table
from shared.messaging.waiting import list_waiting, skip_row

outbox = typer.Typer(help="Messages à publier.", no_args_is_help=True)


@outbox.command("list")
def list_(
    service: ServiceName,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Les plus anciens.")] = 100,
    *,
    blocked: Annotated[bool, typer.Option("--blocked", help="Seulement ce que Kafka refuse.")] = False,
) -> None:
    """Montre ce qui attend\u00a0: numéro, sujet, clé, version, depuis quand, et ce que Kafka refuse."""
    asyncio.run(_list(service, limit=limit, blocked=blocked))


@outbox.command("skip")
def skip(service: ServiceName, seq: Annotated[int, typer.Argument(min=1, help="Numéro dans la liste.")]) -> None:
    """Passe un message bloqué, si un plus récent de la même clé porte l’état entier."""
    asyncio.run(_skip(service, seq))


async def _list(service: str, *, limit: int, blocked: bool) -> None:
    async with opened(service) as here:
        rows = await list_waiting(here.database, here.manifest.tables.outbox, limit=limit, blocked=blocked)
    shown = table("N°", "Sujet", "Clé", "Version", "Depuis", "Essais", "État")
    for row in rows:
        state = f"bloqué ({row.last_error})" if row.blocked_at else "en attente"
        since = f"{row.occurred_at:%d/%m/%Y %H:%M}"
        shown.add_row(str(row.seq), row.topic, row.key, str(row.aggregate_version), since, str(row.attempts), state)
    console().print(shown if rows else "Rien n’attend.")


async def _skip(service: str, seq: int) -> None:
    async with opened(service) as here:
        await skip_row(here.database, here.manifest.tables.outbox, seq, by=operator())
    typer.echo(f"Message {seq}\u00a0: passé. Les suivants de sa clé partent.")
