"""``estuaire contracts``: the published documents, generated from the registry."""

import typer

from shared.errors import Conflict
from shared.messaging.describe import differing, write

contracts = typer.Typer(help="Schémas et document AsyncAPI publiés.", no_args_is_help=True)


@contracts.command("check")
def check() -> None:
    """Vérifie que les documents versionnés sont ceux que le code décrit."""
    stale = differing()
    if stale:
        raise Conflict(f"À régénérer par « estuaire contracts write » : {', '.join(stale)}.")
    typer.echo("Les documents publiés sont à jour.")


@contracts.command("write")
def write_() -> None:
    """Écrit les documents."""
    typer.echo(f"{write()} documents écrits.")
