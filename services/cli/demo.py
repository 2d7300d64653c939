"""``estuaire demo``: an instance per EPCI on one machine, and a story that plays by itself."""

from typing import Annotated

import typer

from services.demo.run import run


def demo(
    *,
    check: Annotated[bool, typer.Option("--check", help="Tout jouer, vérifier de l’extérieur, s’arrêter.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Oublier les données d’avant.")] = False,
) -> None:
    """Lance la démonstration : sept EPCI, un Kafka, une boîte aux lettres."""
    raise typer.Exit(run(check=check, reset=reset))
