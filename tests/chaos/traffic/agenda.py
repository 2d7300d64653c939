"""The agenda: meetings published, renamed, taken back; places asked for, confirmed and given back by mail."""

from datetime import timedelta
from typing import Any

from shared import clock
from tests.chaos.ledger import Outcome
from tests.chaos.traffic.door import Heard
from tests.chaos.traffic.town import Guest, Thing, Town

PATH = "/api/v1/events"
CONFIRM, MANAGE = "/agenda/inscription/confirmer/", "/agenda/inscription/gerer/"
# Of a hundred mailboxes: answers of the relay to the first attempts.
MOODS = {"": 90, "451 4.3.0 plus tard": 3, "550 5.1.1 inconnu": 2, "cut": 3, "slow": 2}


async def publish_meeting(town: Town) -> None:
    """Write a meeting and take it to the public, step by step."""
    mark, chance, visibility = town.mark(), town.chance, town.draw(public=80, territory=20)
    start = (clock.now() + timedelta(days=chance.randint(10, 60))).replace(minute=0, second=0, microsecond=0)
    body = {
        "type": "atelier",
        "title": f"Rencontre {mark}",
        "capacity": chance.choice([2, 3, 5, 40]),
        "visibility": visibility,
        "sessions": [{"start": start.isoformat(), "end": (start + timedelta(hours=2)).isoformat()}],
    }
    heard = await town.door.act("POST", PATH, body)
    await _noted(town, mark, "event.draft", heard, visibility="private")
    if not heard.ok:
        return
    meeting = Thing(heard.body["id"], heard.body["revision"], visibility)
    for to in ("in_review", "ready", "published"):
        moving = town.mark()
        path = f"{PATH}/{meeting.id}/publication"
        heard = await town.door.act("POST", path, {"to": to}, version=meeting.tag)
        seen = meeting.visibility if to == "published" else "private"
        await _noted(town, moving, f"event.{to}", heard, meeting, visibility=seen, more=mark)
        if not heard.ok:
            return
        meeting.tag = heard.body["revision"]
    town.meetings.append(meeting)


async def rename_meeting(town: Town) -> None:
    """Give a published meeting a new name, upon the revision seen."""
    meeting = town.take(town.meetings)
    if meeting is None:
        return await publish_meeting(town)
    mark = town.mark()
    heard = await town.door.act("PATCH", f"{PATH}/{meeting.id}", {"title": f"Rencontre {mark}"}, version=meeting.tag)
    await _noted(town, mark, "event.rename", heard, meeting, visibility=meeting.visibility)
    await _put_back(town, meeting, heard)
    return None


async def take_back_meeting(town: Town) -> None:
    """Take a meeting back that nobody has asked a place for."""
    meeting = next((one for one in town.meetings if not one.full), None) if len(town.meetings) > 3 else None
    if meeting is None:
        return
    town.meetings.remove(meeting)
    mark, path = town.mark(), f"{PATH}/{meeting.id}/publication"
    heard = await town.door.act("POST", path, {"to": "unpublished"}, version=meeting.tag)
    await _noted(town, mark, "event.unpublish", heard, meeting, visibility=meeting.visibility)
    if heard.outcome is Outcome.REFUSED:
        await _put_back(town, meeting, heard)


async def ask_for_a_place(town: Town) -> None:
    """Register without account; what the mail brings is answered later."""
    meeting = town.chance.choice(town.meetings) if town.meetings else None
    if meeting is None:
        return await publish_meeting(town)
    meeting.full = True
    mark = town.mark()
    guest = Guest(f"canari.{mark.lower()}@example.org", mark)
    mood = town.draw(**MOODS)
    if mood:
        town.post.moody(guest.email, mood)
    body = {"name": f"Canari {mark}", "email": guest.email, "notice_accepted": True}
    heard = await town.door.act("POST", f"{PATH}/{meeting.id}/registrations", body, role="visitor")
    await town.note(mark, "registration.ask", heard, aggregate="registration", id=meeting.id, more=guest.email)
    if heard.ok:
        town.guests.append(guest)
    return None


async def answer_mail(town: Town) -> None:
    """Open the newest mail of a guest and press its button: confirm a place, or give it back."""
    guest = town.take(town.guests)
    if guest is None:
        return
    links = town.post.links(guest.email)
    confirm = next((link for link in links if CONFIRM in link), None)
    manage = next((link for link in links if MANAGE in link), None)
    if confirm and CONFIRM not in guest.pressed:
        await _press(town, guest, confirm, CONFIRM, "registration.confirm")
    elif manage and MANAGE not in guest.pressed and town.chance.random() < 0.3:
        await _press(town, guest, manage, MANAGE, "registration.cancel")
    if MANAGE not in guest.pressed:
        town.guests.append(guest)


async def _press(town: Town, guest: Guest, link: str, kind: str, act: str) -> None:
    guest.pressed.add(kind)
    heard = await town.door.press("/" + link.split("/", 3)[3])
    await town.note(town.mark(), act, heard, aggregate="registration", more=guest.email)


async def _noted(
    town: Town,
    mark: str,
    act: str,
    heard: Heard,
    meeting: Thing | None = None,
    **facts: Any,  # noqa: ANN401 - fields of a line
) -> None:
    event_id = meeting.id if meeting else heard.body["id"] if heard.ok else ""
    version = heard.body["version"] if heard.ok else 0
    await town.note(mark, act, heard, aggregate="agenda-event", id=event_id, version=version, **facts)


async def _put_back(town: Town, meeting: Thing, heard: Heard) -> None:
    seen = heard.body if heard.ok else await town.door.look(f"{PATH}/{meeting.id}")
    if seen is not None:
        meeting.tag = seen["revision"]
        town.meetings.append(meeting)
