"""People of the directory and readers of letters: what must never leave their EPCI, and who gets which mail once."""

from shared import clock
from tests.chaos.ledger import Outcome
from tests.chaos.traffic.agenda import MOODS
from tests.chaos.traffic.town import Guest, Thing, Town

PATH = "/api/v1/people"
CONFIRM, LEAVE = "/lettres/confirmation/", "/lettres/desabonnement/"
RHYTHM = "daily"


async def enter_person(town: Town) -> None:
    """Enter somebody in the directory."""
    mark, day = town.mark(), clock.today().isoformat()
    body = {
        "given_name": "Essai",
        "family_name": f"Canari {mark}",
        "email": f"canari.{mark.lower()}@example.org",
        "source": "Essai",
        "collected_on": day,
        "informed_on": day,
        "purpose": "company_follow_up",
        "basis": "public_interest",
    }
    heard = await town.door.act("POST", PATH, body)
    found = {"id": heard.body["id"], "version": heard.body["version"]} if heard.ok else {}
    await town.note(mark, "person.enter", heard, aggregate="person-card", visibility="private", **found)
    if heard.ok:
        town.people.append(Thing(heard.body["id"], heard.body["version"]))


async def change_person(town: Town) -> None:
    """Change somebody’s name."""
    person = town.take(town.people)
    if person is None:
        return await enter_person(town)
    mark = town.mark()
    change = {"family_name": f"Canari {mark}"}
    heard = await town.door.act("PATCH", f"{PATH}/{person.id}", change, version=person.tag, again=False)
    version = heard.body["version"] if heard.ok else 0
    facts = {"aggregate": "person-card", "visibility": "private", "id": person.id, "version": version}
    await town.note(mark, "person.change", heard, **facts)
    if heard.ok:
        person.tag = version
        town.people.append(person)
    return None


async def erase_person(town: Town) -> None:
    """Erase somebody: nothing of her may be found afterwards."""
    person = town.take(town.people)
    if person is None:
        return
    heard = await town.door.act("DELETE", f"{PATH}/{person.id}", role="admin", again=False)
    facts = {"aggregate": "person-card", "visibility": "private", "id": person.id}
    await town.note(town.mark(), "person.erase", heard, **facts)


async def ask_for_letters(town: Town) -> None:
    """Ask for the letter; it begins once the mail is confirmed."""
    mark = town.mark()
    reader = Guest(f"canari.{mark.lower()}@example.org", mark)
    heard = await town.door.act(
        "POST", "/api/v1/subscriptions", {"email": reader.email, "rhythm": RHYTHM}, role="visitor", again=False
    )
    await town.note(mark, "reader.ask", heard, aggregate="subscription", more=reader.email)
    if heard.ok:
        town.readers.append(reader)


async def answer_letter(town: Town) -> None:
    """Confirm a subscription from the mailbox, or end one by the link of its last letter."""
    reader = town.take(town.readers)
    if reader is None:
        return await ask_for_letters(town)
    links = town.post.links(reader.email)
    confirm = next((link for link in links if CONFIRM in link), None)
    leave = next((link for link in links if LEAVE in link), None)
    if confirm and CONFIRM not in reader.pressed:
        await _press(town, reader, confirm, CONFIRM, "reader.confirm")
    elif leave and town.chance.random() < 0.3:
        await _press(town, reader, leave, LEAVE, "reader.leave")
    if LEAVE not in reader.pressed:
        town.readers.append(reader)
    return None


async def run_letter(town: Town) -> None:
    """Let the letter of the EPCI be composed and sent now."""
    if not town.rule:
        heard = await town.door.act("POST", "/api/v1/rules", {"name": "La lettre"})
        await town.note(town.mark(), "letter.rule", heard)
        town.rule = heard.body["id"] if heard.ok else ""
        return
    for reader in town.readers:
        mood = town.draw(**MOODS)
        if mood and CONFIRM in reader.pressed:
            town.post.moody(reader.email, mood)
    heard = await town.door.act("POST", f"/api/v1/rules/{town.rule}/runs", {"rhythm": RHYTHM}, again=False)
    number = str(heard.body["id"]) if heard.outcome is Outcome.OK else ""
    await town.note(town.mark(), "letter.run", heard, more=number)


async def _press(town: Town, reader: Guest, link: str, kind: str, act: str) -> None:
    reader.pressed.add(kind)
    heard = await town.door.press("/" + link.split("/", 3)[3], {"List-Unsubscribe": "One-Click"})
    await town.note(town.mark(), act, heard, aggregate="subscription", more=reader.email)
