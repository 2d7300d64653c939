"""``estuaire backup``: a copy of the whole instance while it runs, with what is needed to check and to restore it."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.databases import revision_of
from services.cli.migrations import packages
from services.cli.settings import read_settings
from shared import crash
from shared.clock import now
from shared.db.backup import copy_out, digest
from shared.db.engine import Database
from shared.errors import Conflict, Unavailable
from shared.instance.running import SOFTWARE
from shared.settings import InstanceSettings
from shared.web.formats import pluriel

MANIFEST = "sauvegarde.json"
SECRET = "secret.key"  # noqa: S105 - the name of a file


def backup(
    folder: Annotated[Path, typer.Argument(help="Dossier de la sauvegarde, nouveau ou vide.")],
) -> None:
    """Sauvegarde les bases et la clé de l’instance, qui peut rester en marche."""
    made = asyncio.run(_backup(folder, read_settings()))
    copied = pluriel(len(made), "base sauvegardée", "bases sauvegardées")
    typer.echo(f"{copied} dans {folder}. Ce dossier contient des données personnelles et la clé.")


async def _backup(folder: Path, settings: InstanceSettings) -> dict[str, Any]:
    settings.require_whole()
    _make_room(folder)
    databases: dict[str, Any] = {}
    for name in packages():
        async with Database(settings.database_url(name)) as database:
            found = await revision_of(database, name)
            if found is not None:
                databases[name] = await _copy(database, name, folder) | {"revision": found}
                crash.point("backup.mid")
    if not databases:
        raise Unavailable("Aucune base n’existe encore\u00a0: lancez l’instance une première fois.")
    manifest: dict[str, Any] = {"software": SOFTWARE, "siren": settings.siren, "made_at": now().isoformat()}
    manifest |= {"databases": databases, SECRET: _copy_secret(folder, settings)}
    # Last: a backup without it was cut short, and is refused.
    _write(folder / MANIFEST, manifest)
    return databases


def _make_room(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"Le dossier {folder} n’est pas vide.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


async def _copy(database: Database, name: str, folder: Path) -> dict[str, Any]:
    kind = "sqlite" if database.is_sqlite else "postgresql"
    file = folder / f"{name}.{'sqlite' if database.is_sqlite else 'dump'}"
    await copy_out(database, file)
    size = file.stat().st_size
    return {"file": file.name, "kind": kind, "bytes": size, "sha256": digest(file)}


def _copy_secret(folder: Path, settings: InstanceSettings) -> str | None:
    if settings.secret_key is not None:
        return None  # it is of the settings, which the operator keeps
    settings.secret()
    shutil.copyfile(settings.data_dir / SECRET, folder / SECRET)
    (folder / SECRET).chmod(0o600)
    return digest(folder / SECRET)


def _write(file: Path, manifest: dict[str, Any]) -> None:
    draft = file.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(manifest, ensure_ascii=False, indent=2), encoding="utf-8")
    draft.replace(file)
