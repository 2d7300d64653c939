"""Companies, their people, one opposition: what two EPCI record."""

from datetime import datetime, time, timedelta
from typing import Any

from services.demo.doors import Door
from services.demo.story.dates import day, today
from shared import clock

SOURCE = "Démonstration"


async def record_directory(doors: dict[str, Door], facts: dict[str, Any]) -> dict[str, str]:
    """Record companies, people and exchanges; return the id of each person by her address."""
    for company in facts["companies"]:
        await _company(doors[company["epci"]], company)
    people = {}
    for person in facts["persons"]:
        people[person["email"]] = await _person(doors[person["epci"]], {**facts["defaults"]["person"], **person})
    for exchange in facts["interactions"]:
        await _exchange(doors[exchange["epci"]], exchange)
    return people


async def oppose_mail(door: Door, person_id: str) -> None:
    """Record that a person opposes e-mail."""
    said = {"channel": "email", "stated_on": today(), "received_by": "phone"}
    await door.post(f"/api/v1/people/{person_id}/oppositions", said)


async def _company(door: Door, facts: dict[str, Any]) -> None:
    body = {name: facts[name] for name in ("siren", "name", "naf", "naf_version", "workforce_band")}
    await door.post("/api/v1/companies", {**body, "source": SOURCE, "known_on": today(), "demo": True})
    place = {"siret": facts["siret"], "commune_insee": facts["commune_insee"], "is_head_office": True}
    path = f"/api/v1/companies/{facts['siren']}/establishments"
    await door.post(path, {**place, "source": SOURCE, "known_on": today()})


async def _person(door: Door, facts: dict[str, Any]) -> str:
    names = ("given_name", "family_name", "email", "phone", "language", "source", "purpose", "basis")
    body = {name: facts[name] for name in names if name in facts}
    body |= {"collected_on": day(facts, "informed"), "informed_on": day(facts, "informed")}
    body["roles"] = [{"siren": facts["siren"], "title": facts["role"]}]
    made = await door.post("/api/v1/people", body)
    return str(made["id"])


async def _exchange(door: Door, facts: dict[str, Any]) -> None:
    on = clock.today() + timedelta(days=facts["in_days"])
    at = datetime.combine(on, time(10, 30), tzinfo=clock.PARIS)
    body = {name: facts[name] for name in ("kind", "initiated_by", "summary", "themes")}
    await door.post(f"/api/v1/companies/{facts['siren']}/interactions", {**body, "occurred_at": at.isoformat()})
