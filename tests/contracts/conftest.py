"""Every service as a hearer, on a database of its own."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from services.host import SERVICES
from shared.db.engine import Database
from shared.db.session import Origin
from shared.ids import uuid7
from tests.support.databases import Store
from tests.support.hearing import Open, Reader, Run, reader_of


@pytest.fixture
def opened(store: Store, tmp_path: Path) -> Iterator[Open]:
    """Return what opens a service of the first of some EPCI, and the loop to run it in; all are closed behind."""
    with asyncio.Runner() as runner:
        databases: list[Database] = []

        def open_one(service: str, members: Sequence[str]) -> tuple[Reader, Run]:
            url = runner.run(store.url(SERVICES[service].package, folder=tmp_path, name=service))
            origin = Origin(members[0], service, uuid7(), "https://ici.example")
            databases.append(Database(url, origin))
            return reader_of(SERVICES[service], databases[-1], members), runner.run

        yield open_one
        for database in databases:
            runner.run(database.close())
