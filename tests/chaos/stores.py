"""The databases of the instances: a SQLite file each, or databases of a PostgreSQL that can be killed."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg

from services.demo.places import Place
from shared.contracts import SERVICES
from tests.support.postgres import NoPostgres, Server, machine_binaries, packaged_binaries, start


class Stores:
    """SQLite: files in the folder of each EPCI, which die and come back with their instance."""

    name = "sqlite"

    async def start(self, places: Sequence[Place]) -> None:
        """Make what instances do not make themselves."""

    async def stop(self) -> None:
        """End what was started."""

    async def kill(self) -> None:
        """End the server at once."""

    async def restart(self) -> None:
        """Start the server again, unless it runs."""

    def environment(self, place: Place) -> Mapping[str, str]:
        """Return the settings that name the databases of an instance."""
        return {}

    def url(self, place: Place, service: str) -> str:
        """Return where the checker reads the tables of a service."""
        return f"sqlite+aiosqlite:///{place.folder.resolve() / service}.sqlite"

    async def bytes_of(self, place: Place) -> dict[str, bytes]:
        """Return all that is kept of an EPCI, by name, as a thief would find it."""
        return {str(file): file.read_bytes() for file in sorted(place.folder.glob("*.sqlite*"))}


class Postgres(Stores):
    """PostgreSQL: a database per service and EPCI on one server of ours; the tokens of the API stay in files."""

    name = "postgres"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: Server | None = None
        self._runs = False

    async def start(self, places: Sequence[Place]) -> None:
        binaries = machine_binaries() or packaged_binaries()
        if binaries is None:
            raise NoPostgres("DB=postgres needs binaries that can be killed: `make setup` brings some.")
        self._folder.mkdir(parents=True)
        # What has been acknowledged must outlive a kill: unlike other tests, none of its guarantees is switched off.
        self._server = await asyncio.to_thread(start, binaries, folder=self._folder.resolve())
        self._runs = True
        connection = await asyncpg.connect(self._server.url)
        for place in places:
            for service in SERVICES:
                await connection.execute(f'CREATE DATABASE "{_name(place, service)}"')
        await connection.close()

    async def stop(self) -> None:
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)

    async def kill(self) -> None:
        assert self._server is not None
        assert self._server.kill is not None
        self._runs = False
        await asyncio.to_thread(self._server.kill)

    async def restart(self) -> None:
        if self._server is not None and self._server.restart is not None and not self._runs:
            await asyncio.to_thread(self._server.restart)
            self._runs = True

    def environment(self, place: Place) -> Mapping[str, str]:
        return {f"ESTUAIRE_{service.upper()}_DATABASE_URL": self._at(place, service) for service in SERVICES}

    def url(self, place: Place, service: str) -> str:
        return self._at(place, service).replace("postgresql://", "postgresql+asyncpg://")

    async def bytes_of(self, place: Place) -> dict[str, bytes]:
        return {f"{place.code}.{service}": await self._dump(place, service) for service in SERVICES}

    async def _dump(self, place: Place, service: str) -> bytes:
        connection = await asyncpg.connect(self._at(place, service))
        try:
            tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            kept = [await connection.fetch(f'SELECT one::text FROM "{name}" AS one') for (name,) in tables]  # noqa: S608 - names of our own tables
        finally:
            await connection.close()
        return "\n".join(text for rows in kept for (text,) in rows).encode()

    def _at(self, place: Place, service: str) -> str:
        assert self._server is not None
        return f"{self._server.url.rpartition('/')[0]}/{_name(place, service)}"


def _name(place: Place, service: str) -> str:
    return f"{place.code}_{service}".lower()
