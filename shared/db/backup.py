"""Copies of databases: consistent ones of databases in use, and back again."""

import asyncio
import os
import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path

from sqlalchemy.engine import URL
from sqlmodel import func, select

from shared.db.engine import Database
from shared.db.line import LEADER
from shared.errors import Conflict, Failed, Unavailable
from shared.locks import take

NO_TOOL = (
    "L’outil {tool} de PostgreSQL est introuvable. Installez le client de PostgreSQL, ou ajoutez son dossier au PATH."
)
USUAL = Path("/usr/lib/postgresql")


async def copy_out(database: Database, file: Path) -> None:
    """Write the whole database, as of one instant, to a new file; others go on reading and writing meanwhile.

    Raises:
        Unavailable: the tools of PostgreSQL are not here.
        Failed: the copy could not be made.
    """
    if database.is_sqlite:
        await asyncio.to_thread(_vacuum_into, Path(database.url.database or ""), file)
    else:
        await _run(_tool("pg_dump"), "-Fc", "--no-owner", "--no-privileges", "-f", str(file), url=database.url)
    os.chmod(file, 0o600)


async def copy_in(database: Database, file: Path) -> None:
    """Put a copy in the place of a PostgreSQL database, whole or not at all; everything in it goes.

    Raises:
        Unavailable: the tools of PostgreSQL are not here.
        Failed: the copy could not be read.
    """
    options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    await _run(_tool("pg_restore"), *options, "-d", database.url.database or "", str(file), url=database.url)


async def require_idle(database: Database) -> None:
    """Return if no instance leads this database.

    Raises:
        Conflict: one does.
    """
    if not await _is_idle(database):
        raise Conflict("L’instance est en marche. Arrêtez-la d’abord.")


def digest(file: Path) -> str:
    """Return SHA-256 over a file, in hexadecimal."""
    read = sha256()
    with file.open("rb") as opened:
        while block := opened.read(1 << 20):
            read.update(block)
    return read.hexdigest()


def _vacuum_into(source: Path, file: Path) -> None:
    connection = sqlite3.connect(source, timeout=30)
    try:
        # One read transaction: a copy by pages would begin anew at each write of another process.
        connection.execute("VACUUM INTO ?", (str(file),))
    except sqlite3.Error as refused:
        raise Failed(f"La base {source.name} n’a pas pu être copiée\u00a0: {refused}.") from refused
    finally:
        connection.close()
    with file.open("rb") as written:
        os.fsync(written.fileno())


async def _is_idle(database: Database) -> bool:
    if database.is_sqlite:
        lock = Path(database.url.database or "").with_suffix(".leader")
        if not lock.exists():
            return True
        with lock.open("a") as held:
            return take(held)
    async with database.reading() as session:
        free = (await session.exec(select(func.pg_try_advisory_xact_lock(LEADER)))).one()
    return bool(free)


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        versions = sorted(USUAL.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]), reverse=True)
        found = str(versions[0]) if versions else None
    if found is None:
        raise Unavailable(NO_TOOL.format(tool=name))
    return found


async def _run(tool: str, *arguments: str, url: URL) -> None:
    where = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    # By the environment: a password among the arguments would be seen by everybody on this machine.
    environment = os.environ | {name: str(value) for name, value in where.items() if value}
    environment["PGDATABASE"] = url.database or ""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(tool, *arguments, env=environment, stdout=pipe, stderr=pipe)
    _, said = await process.communicate()
    if process.returncode:
        raise Failed(f"{Path(tool).name} a échoué\u00a0: {said.decode(errors='replace').strip()[-500:]}")
