"""Copies of databases: consistent ones of databases in use, and back again."""

import asyncio
import os
import re
import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL

from shared.db.engine import Database
from shared.db.leading import is_led
from shared.errors import Conflict, Failed, Unavailable

NO_TOOL = (
    "L’outil {tool} de PostgreSQL est introuvable. Installez le client de PostgreSQL, ou ajoutez son dossier au PATH."
)
USUAL = Path("/usr/lib/postgresql")
_TABLE_OF = re.compile(r"^\d+; \d+ \d+ TABLE \S+ (\S+) ", re.MULTILINE)


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
    """Put a copy in the place of a PostgreSQL database; everything in it goes, tables that the copy lacks too.

    A copy that cannot be read changes nothing; one that breaks off leaves the database as it was, without those tables.

    Raises:
        Unavailable: the tools of PostgreSQL are not here.
        Failed: the copy could not be read.
    """
    tool = _tool("pg_restore")
    contents = await _run(tool, "-l", str(file), url=database.url)
    await _drop_others(database, set(_TABLE_OF.findall(contents)))
    options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    await _run(tool, *options, "-d", database.url.database or "", str(file), url=database.url)


async def _drop_others(database: Database, kept: set[str]) -> None:
    """Drop what a newer release had made: its migrations would find it there, and fail."""
    async with database.connection() as connection:
        there = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))
        for name in sorted(set(there.scalars()) - kept):
            await connection.execute(text(f'DROP TABLE "{name}" CASCADE'))


async def require_idle(database: Database) -> None:
    """Return if no instance leads this database.

    Raises:
        Conflict: one does.
    """
    if await is_led(database):
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


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        versions = sorted(USUAL.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]), reverse=True)
        found = str(versions[0]) if versions else None
    if found is None:
        raise Unavailable(NO_TOOL.format(tool=name))
    return found


async def _run(tool: str, *arguments: str, url: URL) -> str:
    where = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    # By the environment: a password among the arguments would be seen by everybody on this machine.
    environment = os.environ | {name: str(value) for name, value in where.items() if value}
    environment["PGDATABASE"] = url.database or ""
    if mode := url.query.get("sslmode") or url.query.get("ssl"):
        environment["PGSSLMODE"] = str(mode)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(tool, *arguments, env=environment, stdout=pipe, stderr=pipe)
    wrote, said = await process.communicate()
    if process.returncode:
        raise Failed(f"{Path(tool).name} a échoué\u00a0: {said.decode(errors='replace').strip()[-500:]}")
    return wrote.decode(errors="replace")
