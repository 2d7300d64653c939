"""``estuaire membership``: what is left here of an EPCI that left the territory."""

import asyncio
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from services.cli.databases import chosen, opened
from services.cli.settings import read_settings
from shared.clock import today
from shared.errors import Conflict, Invalid
from shared.fields import Siren
from shared.messaging.known import forget_home
from shared.mistakes import sentence
from shared.territory.members import read_territory
from shared.web.formats import pluriel

_SIREN: TypeAdapter[str] = TypeAdapter(Siren)

membership = typer.Typer(help="Membres du territoire.", no_args_is_help=True)


@membership.callback()
def _root() -> None:
    """Membres du territoire."""


@membership.command("purge")
def purge(siren: Annotated[str, typer.Argument(help="SIREN d’un ancien membre.")]) -> None:
    """Retire d’ici les copies de ce qu’un ancien membre publiait\u202f; refusé pour un membre actuel."""
    counts = asyncio.run(_purge(_checked(siren)))
    for name, count in counts.items():
        typer.echo(f"{name}\u00a0: {pluriel(count, 'copie retirée', 'copies retirées')}.")
    typer.echo("Retirez-le du fichier du territoire et relancez l’instance\u00a0: sinon ses sujets seront relus.")


def _checked(siren: str) -> str:
    try:
        return _SIREN.validate_python(siren)
    except ValidationError as refused:
        [wrong] = refused.errors()
        raise Invalid(sentence(wrong)) from refused


async def _purge(siren: str) -> dict[str, int]:
    settings = read_settings()
    territory = read_territory(settings.territory_file)
    member = territory.find(siren)
    if siren == settings.siren or (member is not None and member.is_active(today())):
        raise Conflict("Cet EPCI est membre du territoire. Indiquez d’abord sa date de départ (left_on).")
    counts = {}
    async with opened(await chosen(None, settings), settings, territory) as services:
        for service in services:
            async with service.database.transaction() as session:
                counts[service.manifest.name] = await forget_home(session, service.manifest.projections, siren)
    return counts
