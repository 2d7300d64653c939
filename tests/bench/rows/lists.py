"""How long the server takes for lists, a fiche, words looked for and figures, among the projects of a territory."""

import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from time import perf_counter
from typing import Any

import httpx2
from fastapi import FastAPI, Response
from sqlalchemy import text

from services.projects.commands.fiche import import_project
from services.projects.commands.keeping import keep_projects
from services.projects.manifest import SERVICE
from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.identity.access import Role
from shared.messaging.registry import Record
from shared.territory.members import Territory
from tests.bench.figures import Bar, Figure, percentile
from tests.bench.machine import Others, quiet
from tests.bench.stores import database_of
from tests.bench.world import DATABASES, World
from tests.support.databases import Files
from tests.support.portfolio import fiche
from tests.support.projects import Epci, people
from tests.support.routes import app_of, identified
from tests.support.territory import make_territory, random_siren

SEED = 5_000
AT_ONCE = 100
MEMBERS = 7
BASE_URL = "http://127.0.0.1:1"
MANY = {"token": 10**9}
ASKED: dict[str, tuple[Sequence[str], Bar]] = {
    "list": (
        ("/projects", "/projects?sort=title", "/projects?stage=structuring&axis=industrial_land&sort=cost"),
        Bar(most=120),
    ),
    "words": (("/projects?q=dépollution halle", "/projects?q=ecole&sort=title"), Bar(most=80)),
    "figures": (("/portfolio", "/portfolio?inside=true", "/portfolio?stage=delivery"), Bar(most=250)),
}
FICHE = Bar(most=60)


async def lists(world: World) -> list[Figure]:
    """Measure the routes of projects, and a bare route that reads as many rows, on both databases."""
    territory = make_territory([random_siren() for _ in range(MEMBERS)])
    heard = await _neighbours(world, territory)
    figures: list[Figure] = []
    for name in DATABASES:
        home = await _opened(world, name, territory.sirens[0])
        try:
            own = await _log(home, territory, each=world.size.listed // MEMBERS)
            await _hear(home, heard)
            figures += await _measured(world, name, home, territory, own[0])
        finally:
            await home.database.close()
    return figures


async def _opened(world: World, database: str, siren: str) -> Epci:
    opened = database_of(await world.store(database), siren=siren, service=SERVICE.name)
    await upgrade(opened, package=SERVICE.package)
    return Epci(siren, opened)


async def _log(epci: Epci, territory: Territory, *, each: int) -> list[str]:
    """Let an EPCI log fiches; return the ids."""
    draw, scope, made = Random(SEED), people(epci.siren), []  # noqa: S311 - for fiches
    for start in range(0, each, AT_ONCE):
        async with epci.database.transaction() as session:
            for number in range(start, min(start + AT_ONCE, each)):
                project, _ = await import_project(session, scope, fiche(draw, number), territory=territory)
                made.append(str(project.id))
    return made


async def _neighbours(world: World, territory: Territory) -> list[Record[Any]]:
    """Return what the others tell of theirs."""
    told: list[Record[Any]] = []
    for siren in territory.sirens[1:]:
        epci = await _opened(world, "SQLite", siren)
        await _log(epci, territory, each=world.size.listed // MEMBERS)
        told += await epci.sent(territory.sirens)
        await epci.database.close()
    return told


async def _hear(home: Epci, heard: Sequence[Record[Any]]) -> None:
    for start in range(0, len(heard), AT_ONCE):
        async with home.database.transaction() as session:
            await keep_projects(session, heard[start : start + AT_ONCE])


async def _measured(world: World, name: str, home: Epci, territory: Territory, one: str) -> list[Figure]:
    asked = ASKED | {"fiche": ((f"/projects/{one}",), FICHE)}
    figures = []
    gc.collect()
    gc.freeze()  # what the bench itself keeps is no matter of the server
    async with _asking(world, home, territory) as ask:
        for what, (paths, bar) in asked.items():
            await quiet(at_most_s=world.size.patience_s)
            with Others() as others:
                took = {key: await ask(chosen) for key, chosen in {"ours": paths, "floor": ("/floor",)}.items()}
            figures.append(
                Figure(
                    "lists",
                    f"{what}, p95, {name}",
                    "ms",
                    [percentile(took["ours"], 0.95)],
                    beside={"floor": [percentile(took["floor"], 0.95)]},
                    bars=(bar,),
                    busy=others.share,
                    note=f"p50 {percentile(took['ours'], 0.5):.1f} ms",
                )
            )
    return figures


@asynccontextmanager
async def _asking(world: World, home: Epci, territory: Territory) -> AsyncIterator[Any]:
    """Return what asks routes one after the other, and tells milliseconds of the server, its HTTP left out."""
    folder = world.place()
    async with identified({"sqlite": Files(folder)}, folder, epci=home.siren, roles=[Role.COORDINATOR]) as known:
        identity, secrets = known
        app = app_of(SERVICE, home.database, identity, epci=home.siren, limits=MANY)
        app.state.territory = territory
        _add_floor(app, home.database)
        headers = {"authorization": f"Bearer {secrets[Role.COORDINATOR]}"}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE_URL, headers=headers) as http:

            async def ask(paths: Sequence[str]) -> list[float]:
                took = []
                for number in range(world.size.list_requests + len(paths)):
                    began = perf_counter()
                    answer = await http.get(f"/api/v1{paths[number % len(paths)]}")
                    assert answer.status_code == 200, answer.text[:500]
                    took.append((perf_counter() - began) * 1000)
                return took[len(paths) :]  # the first of each prepares its statements

            yield ask


def _add_floor(app: FastAPI, database: Database) -> None:
    """Add a bare route that reads the states of fifty copies by their key."""
    statement = text("SELECT state FROM known_project ORDER BY home_epci, id LIMIT 50")

    @app.get("/api/v1/floor")
    async def floor() -> Response:
        async with database.reading() as session:
            rows = (await (await session.connection()).execute(statement)).scalars()
            return Response(f"[{','.join(str(one) for one in rows)}]", media_type="application/json")
