"""Letters: double opt-in, an issue composed of what is new, again for nothing, and one reader who leaves."""

from typing import Any

from services.demo.doors import Door
from services.demo.mailbox import Mailbox
from services.demo.story.links import follow, wait_for_link
from services.demo.story.waiting import eventually
from shared.errors import Conflict

CONFIRM, LEAVE = "/lettres/confirmation/", "/lettres/desabonnement/"


async def subscribe(door: Door, facts: dict[str, Any], sirens: dict[str, str], mailbox: Mailbox) -> None:
    """Ask for the letter and confirm it from the mailbox."""
    wanted = dict(facts["filter"])
    wanted["epci"] = [sirens[code] for code in wanted["epci"]]
    body = {"email": facts["email"], "rhythm": facts["rhythm"], "filter": wanted}
    await door.post("/api/v1/subscriptions", body, role="visitor", expected=202)
    await follow(door, await wait_for_link(mailbox, facts["email"], path=CONFIRM), fields={})


async def add_rule(door: Door) -> str:
    """Add the letter of an EPCI."""
    made = await door.post("/api/v1/rules", {"name": "La lettre du territoire"}, role="coordinator")
    return str(made["id"])


async def run(door: Door, rule: str, rhythms: set[str]) -> int:
    """Run a rule for these rhythms, wait until each mail has its end, and return how many left."""
    sent = 0
    for rhythm in sorted(rhythms):
        issue = await door.post(f"/api/v1/rules/{rule}/runs", {"rhythm": rhythm}, role="coordinator")
        ended = await _ended(door, issue["id"])
        sent += int(ended["deliveries"].get("accepted", 0))
        door.ledger.count("issues", epci=door.place.code)
    return sent


async def leave(door: Door, address: str, mailbox: Mailbox) -> None:
    """Unsubscribe by the one-click link of the last letter, as a mail program does: one POST, nothing else."""
    link = await wait_for_link(mailbox, address, path=LEAVE)
    done = await door.send("POST", link, role="visitor", data={"List-Unsubscribe": "One-Click"})
    if done.status_code != 200:
        raise Conflict(f"Le désabonnement a répondu {done.status_code}.")


async def _ended(door: Door, issue_id: str) -> dict[str, Any]:
    async def ended() -> dict[str, Any] | None:
        issue: dict[str, Any] = await door.get(f"/api/v1/issues/{issue_id}", role="coordinator")
        underway = {"pending", "leased", "sending", "deferred"}
        return None if any(issue["deliveries"].get(state, 0) for state in underway) else issue

    return await eventually(ended, what=f"le numéro {issue_id} de {door.place.code} n’est pas parti")
