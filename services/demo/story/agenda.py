"""The agenda: three EPCI publish, people register without account, a place is freed and offered in order."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.demo.doors import Door
from services.demo.mailbox import Mailbox
from services.demo.story.dates import slot
from services.demo.story.links import follow, wait_for_link
from shared import clock
from shared.errors import Conflict

CONFIRM, MANAGE, OFFER = (f"/agenda/inscription/{name}/" for name in ("confirmer", "gerer", "place"))


@dataclass(frozen=True)
class Published:
    """One event of the demo, as its organiser sees it."""

    door: Door
    facts: dict[str, Any]
    id: str
    starts: datetime


async def publish(door: Door, facts: dict[str, Any], defaults: dict[str, Any], *, slow: float) -> Published:
    """Write an event and publish it."""
    known = {**defaults, **facts}
    start, end = slot(known, slow=slow)
    names = ("type", "title", "summary", "description", "audiences", "themes", "capacity", "visibility")
    body = {name: known[name] for name in (*names, "attendance_mode", "registration_mode")}
    place = {"commune_insee": known["commune_insee"], "place": known["street"]}
    body |= {"sessions": [{"start": start.isoformat(), "end": end.isoformat(), **place}], "demo": True}
    made = await door.post("/api/v1/events", body)
    for to in ("in_review", "ready", "published"):
        path = f"/api/v1/events/{made['id']}/publication"
        made = await door.post(path, {"to": to}, role="coordinator", version=made["revision"], expected=200)
    door.ledger.count("events", epci=door.place.code)
    return Published(door, facts, made["id"], start)


async def register_all(event: Published, mailbox: Mailbox) -> None:
    """Register everybody in order, confirm each mailbox, then let those who cancel do so and offers be answered."""
    people = event.facts["registrations"]
    for person in people:
        await _register(event, person, mailbox)
    for person in people:
        if person["then"] == "cancels":
            await _press(event, person, mailbox, MANAGE)
    for person in people:
        if person["then"] in {"declines", "accepts"}:
            await _press(event, person, mailbox, OFFER, answer="decline" if person["then"] == "declines" else "accept")


async def close_sheet(event: Published) -> None:
    """Once the event has begun, mark who was there and close the sheet."""
    early = await event.door.send("POST", f"/api/v1/events/{event.id}/close-sheet", role="agent", json={})
    if clock.now() < event.starts and early.status_code != 409:
        raise Conflict(f"La feuille s’est fermée avant le début : {early.status_code}")
    await asyncio.sleep(max(0.0, (event.starts - clock.now()).total_seconds()) + 0.5)
    listed = await event.door.get(f"/api/v1/events/{event.id}/registrations", limit=200)
    there = {person["email"] for person in event.facts["registrations"] if person["then"] == "attends"}
    for registration in listed["items"]:
        if registration["email"] in there:
            mark = {"registration_id": registration["id"], "present": True}
            await event.door.post(f"/api/v1/events/{event.id}/attendance", mark, expected=200)
    await event.door.post(f"/api/v1/events/{event.id}/close-sheet", {}, expected=200)


async def _register(event: Published, person: dict[str, Any], mailbox: Mailbox) -> None:
    body: dict[str, Any] = {name: person[name] for name in ("name", "email", "organisation", "siren") if name in person}
    path = f"/api/v1/events/{event.id}/registrations"
    await event.door.post(path, {**body, "notice_accepted": True}, role="visitor", expected=202)
    event.door.ledger.count("registrations", epci=event.door.place.code)
    await _press(event, person, mailbox, CONFIRM)


async def _press(event: Published, person: dict[str, Any], mailbox: Mailbox, path: str, *, answer: str = "") -> None:
    """Open the newest link of its kind that this person got about this event, then press its button."""
    link = await wait_for_link(mailbox, person["email"], path=path, about=event.facts["title"])
    await follow(event.door, link, fields={"decision": answer} if answer else {})
