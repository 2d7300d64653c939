"""What the two EPCI did before anybody looks: public things, things that are not, and a neighbour who attacks."""

import asyncio
from dataclasses import dataclass

from services.demo.doors import Door
from services.demo.story.links import follow
from tests.browser.world import World
from tests.support.events import event_body

CONFIRM, MANAGE, OFFER = (f"/agenda/inscription/{name}/" for name in ("confirmer", "gerer", "place"))
SECRET = "Confidence"  # is part of everything that a visitor must not read
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@dataclass(frozen=True)
class Told:
    """The events of ours that tests use: with seats left, with none, and one that does not take place."""

    open_event: str
    full_event: str
    cancelled_event: str


async def tell(world: World) -> Told:
    """Let both EPCI work, and wait until our public page shows it."""
    own, neighbour = world.own, world.neighbour
    open_event, full_event, cancelled_event, *_ = await asyncio.gather(
        publish(own, title="Petit-déjeuner : cybersécurité, les bons réflexes d’une PME", capacity=1200),
        _fill(world, await publish(own, title="Atelier : lire un bilan carbone, n° 2", capacity=1)),
        _cancel(own, await publish(own, title="Séminaire : l’innovation expliquée aux élus", capacity=40)),
        publish(own, title=f"{SECRET} entre voisins", visibility="territory"),
        own.post("/api/v1/events", event_body(title=f"{SECRET} en brouillon")),
        publish(neighbour, title=f"Visite {ATTACK}", summary=ATTACK),
        publish(neighbour, title=f"{SECRET} du voisin", visibility="territory"),
        _log_projects(own),
        log_project(neighbour, title=f"Hydrogène {ATTACK}", public_summary=ATTACK),
        log_project(neighbour, title=f"{SECRET} du voisin", visibility="territory"),
    )
    await world.shows("Réseau de chaleur", "Friche des Deux-Rives", "Hydrogène &lt;script&gt;", "Visite &lt;script&gt;")
    return Told(open_event, full_event, cancelled_event)


async def log_project(door: Door, *, to: str = "/api/v1/projects", **over: object) -> None:
    """Log a project, public unless told otherwise, with a part that is for colleagues only."""
    body = {"title": "Étude d’essai", "kind": "study", "visibility": "public", "commune_insee": ["76476"]}
    await door.post(to, {**body, "need_statement": f"{SECRET} écrite", **over}, role="coordinator")


async def publish(door: Door, **over: object) -> str:
    """Write an event, take it to its public, and return its id."""
    made = await door.post("/api/v1/events", event_body(**over))
    for to in ("in_review", "ready", "published"):
        path = f"/api/v1/events/{made['id']}/publication"
        made = await door.post(path, {"to": to}, role="coordinator", version=made["revision"], expected=200)
    return str(made["id"])


async def register(world: World, event_id: str, address: str) -> None:
    """Register a person and confirm the address."""
    body = {"name": "Alix Exemple", "email": address, "notice_accepted": True}
    await world.own.post(f"/api/v1/events/{event_id}/registrations", body, role="visitor", expected=202)
    await follow(world.own, await world.link(address, CONFIRM), fields={})


async def _fill(world: World, event_id: str) -> str:
    await register(world, event_id, "premier@example.org")
    await register(world, event_id, "attend@example.org")
    return event_id


async def _cancel(door: Door, event_id: str) -> str:
    made = await door.get(f"/api/v1/events/{event_id}")
    move = {"to": "cancelled", "reason": "Intervenant empêché."}
    await door.post(
        f"/api/v1/events/{event_id}/schedule", move, role="coordinator", version=made["revision"], expected=200
    )
    return event_id


async def _log_projects(door: Door) -> None:
    await log_project(
        door,
        to="/api/v1/projects/import",
        title="Réseau de chaleur fatale de la zone industrielle de Port-Jérôme",
        kind="industrial_ecology",
        commune_insee=["76476", "76384", "76114", "76351", "76540"],
        total_cost_ht="4200000.00",
        stage="committed",
        external_ids=[{"service": "essai", "id": "1"}],
        source={"label": "Port-Jérôme, comité du 1er mars", "quality": "announced"},
    )
    await log_project(door, title="Friche des Deux-Rives", kind="land_brownfield", axis="industrial_land")
    await log_project(door, title="École de production, 2e promotion", total_cost_ht="850000.00")
    await log_project(door, title=f"{SECRET} entre voisins", visibility="territory")
    await log_project(door, title=f"{SECRET} de la maison", visibility="private")
