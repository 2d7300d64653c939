"""``estuaire migrate`` and ``estuaire migration``: bring databases up to date, write the next revision."""

import asyncio
from typing import Annotated

import typer

from services.cli.databases import revision_of
from services.cli.settings import read_settings
from services.host import SERVICES
from shared.db.engine import Database
from shared.db.migrate import revise, upgrade
from shared.errors import Invalid

IDENTITY = ("identity", "shared.identity")


def packages() -> dict[str, str]:
    """Return the package of the migrations of each database, by its name."""
    return {name: service.package for name, service in SERVICES.items()} | dict([IDENTITY])


def migrate() -> None:
    """Met à jour les bases de l’instance."""
    asyncio.run(_migrate())
    typer.echo("Les bases sont à jour.")


def migration(
    database: Annotated[
        str, typer.Argument(help="Base concernée : projects, contacts, events, notifications, identity.")
    ],
    message: Annotated[str, typer.Argument(help="Ce que la révision change, en anglais.")],
) -> None:
    """Écrit la prochaine révision d’une base (pour les développeurs)."""
    package = packages().get(database)
    if package is None:
        raise Invalid(f"Base inconnue : {database}. Choisissez parmi {', '.join(packages())}.")
    asyncio.run(revise(package=package, message=message))


async def _migrate() -> None:
    settings = read_settings()
    settings.prepare_data_dir()
    for name, package in packages().items():
        async with Database(settings.database_url(name)) as database:
            await revision_of(database, name)  # in words, if it does not answer
            await upgrade(database, package=package)
