"""``estuaire restore`` and ``estuaire restore-check``: a copy put back, then compared with what the territory heard."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from sqlalchemy import inspect

from services.cli.backup import MANIFEST, SECRET
from services.cli.databases import answering, chosen, clusters_of, opened
from services.cli.migrations import packages
from services.cli.settings import read_settings
from services.cli.tables import console, table
from services.host import SERVICES
from shared import crash
from shared.db.backup import copy_in, digest, require_idle
from shared.db.engine import Database, delete_file
from shared.db.migrate import require_known, upgrade
from shared.db.session import Origin
from shared.errors import Conflict, Invalid
from shared.ids import uuid7
from shared.instance.incarnations import begin_again
from shared.instance.recovery import speaker_of
from shared.messaging.replay.checking import Differences, Logged, compare, read_own
from shared.settings import RESTORING, InstanceSettings
from shared.territory.members import read_territory

Force = Annotated[bool, typer.Option("--force", help="Remplace les bases en place.")]
Adopt = Annotated[bool, typer.Option("--adopt", help="Cette base est la bonne\u202f; les autres de ce SIREN, non.")]
Delete = Annotated[bool, typer.Option("--delete", help="Retire des sujets ce que cette base ne connaît pas.")]


def restore(
    folder: Annotated[Path, typer.Argument(help="Dossier de la sauvegarde.")],
    force: Force = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Remet une sauvegarde en place\u202f; l’instance doit être arrêtée."""
    asyncio.run(_restore(folder, read_settings(), force=force))
    typer.echo("La sauvegarde est en place. Rien n’est publié ni envoyé avant «\u00a0restore-check\u00a0».")


def restore_check(adopt: Adopt = False, delete: Delete = False) -> None:  # noqa: FBT002 - options of the command line
    """Compare les bases avec les sujets de l’EPCI, corrige, montre ce qui reste à décider, puis laisse publier."""
    found = asyncio.run(_check(read_settings(), adopt=adopt, delete=delete))
    _show(found)
    if any(one.others for one in found.values()):
        raise typer.Exit(1)


async def _restore(folder: Path, settings: InstanceSettings, *, force: bool) -> None:
    manifest = _verified(folder, settings)
    settings.prepare_data_dir()
    for name, told in manifest["databases"].items():
        await _accept(name, told, settings, force=force)
    marker = settings.data_dir / RESTORING
    marker.touch()
    for name, told in manifest["databases"].items():
        await _put_back(name, folder / told["file"], settings)
    if manifest.get(SECRET):
        shutil.copyfile(folder / SECRET, settings.data_dir / SECRET)
        (settings.data_dir / SECRET).chmod(0o600)
    marker.unlink()


def _verified(folder: Path, settings: InstanceSettings) -> dict[str, Any]:
    """Return what a backup says of itself, once every file is what it says."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {one["file"]: one["sha256"] for one in manifest["databases"].values()}
        siren, secret = manifest["siren"], manifest.get(SECRET)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as refused:
        raise Invalid(f"{folder} n’est pas une sauvegarde complète\u00a0: {MANIFEST} manque ou est abîmé.") from refused
    if siren != settings.siren:
        raise Invalid(f"Cette sauvegarde est celle d’un autre EPCI\u00a0: {siren}.")
    if secret:
        files[SECRET] = secret
    wrong = [name for name, told in files.items() if not _is_as_told(folder / name, told)]
    if wrong or not set(manifest["databases"]) <= set(packages()):
        raise Invalid(f"Sauvegarde abîmée ou incomplète\u00a0: {', '.join(wrong) or MANIFEST}.")
    return manifest


def _is_as_told(file: Path, told: str) -> bool:
    return file.parent.resolve() == file.resolve().parent and file.is_file() and digest(file) == told


async def _accept(name: str, told: dict[str, Any], settings: InstanceSettings, *, force: bool) -> None:
    """Return if this copy can take the place of that database; nothing has changed yet."""
    require_known(packages()[name], str(told["revision"]), name=name)
    async with Database(settings.database_url(name)) as database:
        if database.is_sqlite != (told["kind"] == "sqlite"):
            raise Invalid(f"La base {name} vient de {told['kind']}\u00a0: restaurez-la sur le même genre de base.")
        with answering(name):
            await require_idle(database)
            in_use = not force and await _is_in_use(database)
        if in_use:
            raise Conflict(f"La base {name} contient déjà des données. Ajoutez --force pour la remplacer.")


async def _is_in_use(database: Database) -> bool:
    if database.is_sqlite:
        return not database.is_missing
    async with database.engine.connect() as connection:
        return bool(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def _put_back(name: str, copy: Path, settings: InstanceSettings) -> None:
    """Let the copy begin a new life aside, then give it the name; PostgreSQL has no aside."""
    async with Database(settings.database_url(name)) as place:
        if not place.is_sqlite:
            await copy_in(place, copy)
            crash.point("restore.after_copy")
            await _begin_life(name, place, settings)
            return
    file = Path(place.url.database or "")
    aside = file.with_suffix(".restoring")
    delete_file(aside)
    shutil.copyfile(copy, aside)
    crash.point("restore.after_copy")
    async with Database(f"sqlite+aiosqlite:///{aside}") as database:
        await _begin_life(name, database, settings)
    delete_file(file)
    aside.replace(file)


async def _begin_life(name: str, database: Database, settings: InstanceSettings) -> None:
    await upgrade(database, package=packages()[name])
    if name in SERVICES:
        territory = read_territory(settings.territory_file)
        own = territory.member(settings.siren).name
        database.origin = Origin(settings.siren, name, uuid7(), settings.base_url, own)
        await begin_again(database, SERVICES[name])
        crash.point("restore.after_incarnation")


async def _check(settings: InstanceSettings, *, adopt: bool, delete: bool) -> dict[str, Differences]:
    clusters, found = clusters_of(settings), {}
    async with opened(await chosen(None, settings), settings, read_territory(settings.territory_file)) as services:
        for service in services:
            speaker = speaker_of(service, settings.siren)
            logged = await read_own(speaker, clusters)
            found[speaker.service] = await compare(speaker, list(logged.values()), delete=delete, adopt=adopt)
            if found[speaker.service].others:
                return {speaker.service: found[speaker.service]}
    return found


def _show(found: dict[str, Differences]) -> None:
    out = console()
    for name, one in found.items():
        if one.others:
            out.print(f"{name}\u00a0: une autre base publie sous ce SIREN. La comparaison s’arrête là.")
            out.print("Arrêtez l’autre instance, puis, si cette base-ci est la bonne, relancez avec --adopt.")
            return
    shown = table("Service", "Lus", "Relevés", "Effacés à nouveau", "Redits", "Inconnus", "Retirés")
    for name, one in found.items():
        lists = (one.raised, one.ended, one.revived, one.strangers, one.buried)
        shown.add_row(name, str(one.read), *(str(len(some)) for some in lists))
    out.print(shown)
    for one in found.values():
        _list(out, "Retirés depuis la sauvegarde, à nouveau publiés", one.revived)
        _list(out, "Connus des sujets seuls\u202f; «\u00a0--delete\u00a0» les retire", one.strangers)
    out.print("La comparaison est faite. Les relais reprennent en quelques secondes.")


def _list(out: Console, title: str, some: list[Logged]) -> None:
    if some:
        out.print(f"{title}\u00a0:")
    for one in some:
        out.print(f"  {one.aggregate} {one.id}, version {one.version}")
