"""``estuaire export``: all that an EPCI has written, in open formats, for whoever takes over or leaves."""

import asyncio
import zipfile
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Table

from services.cli.databases import chosen, require_current
from services.cli.settings import read_settings
from services.host import SERVICES
from shared.clock import now
from shared.db.datapackage import DESCRIPTION, Resource, describe, write_tables
from shared.db.engine import Database
from shared.errors import Conflict, Invalid, Unavailable
from shared.service import Service
from shared.settings import InstanceSettings
from shared.web.formats import pluriel


def export(
    file: Annotated[Path, typer.Argument(help="Archive ZIP à écrire, nouvelle.")],
    *,
    all_: Annotated[bool, typer.Option("--all", help="Tous les services de l’instance.")] = False,
    service: Annotated[list[str] | None, typer.Option(help="Ce service seulement\u00a0; peut être répété.")] = None,
) -> None:
    """Écrit ce que l’EPCI a saisi en CSV décrits, lisibles sans Estuaire\u00a0; l’instance peut rester en marche."""
    if all_ == bool(service):
        raise Invalid("Dites ce qui est à exporter\u00a0: --all, ou --service et un nom.")
    if file.exists():
        raise Conflict(f"Le fichier {file} existe déjà.")
    made = asyncio.run(_export(file, service, read_settings()))
    tables = pluriel(len(made), "table")
    rows = pluriel(sum(one["rows"] for one in made), "ligne")
    typer.echo(f"{tables}, {rows} dans {file}. Cette archive contient des données personnelles.")


async def _export(file: Path, services: list[str] | None, settings: InstanceSettings) -> list[Resource]:
    settings.require_whole()
    names = await chosen(services, settings)
    if not names:
        raise Unavailable("Aucune base n’existe encore\u00a0: lancez l’instance une première fois.")
    draft = file.with_name(f"{file.name}.draft")
    made: list[Resource] = []
    try:
        draft.touch(mode=0o600)
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                async with Database(settings.database_url(name)) as database:
                    await require_current(database, name, package=SERVICES[name].package)
                    made += await write_tables(database, tables_of(SERVICES[name]), archive, folder=name)
            title = f"Données de l’EPCI {settings.siren}"
            archive.writestr(DESCRIPTION, describe(made, title=title, made_at=now()))
        draft.replace(file)  # last: an archive cut short has no name
    except OSError as refused:
        raise Invalid(f"L’archive {file} ne peut pas être écrite\u00a0: {refused.strerror}.") from refused
    finally:
        draft.unlink(missing_ok=True)
    return made


def tables_of(service: Service) -> list[Table]:
    """Return the tables that hold what an EPCI has written: no copies of what others tell, nothing of the backbone."""
    left_out = {one.__tablename__ for one in vars(service.tables).values()}
    left_out |= {one.table.__tablename__ for one in service.projections} | {service.answers.__tablename__}
    if service.heartbeats is not None:
        left_out.add(service.heartbeats.__tablename__)
    return [table for name, table in sorted(service.metadata.tables.items()) if name not in left_out]
