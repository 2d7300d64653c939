"""The order of the story, and the two accidents in it."""

import asyncio
from typing import Any, Protocol

from rich.console import Console

from services.demo.children import Instances
from services.demo.doors import Door, Ledger
from services.demo.mailbox import Mailbox
from services.demo.places import Grounds, demo_data
from services.demo.story import agenda, contacts, letters, projects
from services.demo.story.waiting import eventually
from services.demo.watch import Watch
from shared.errors import Conflict
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.kafka import acknowledges

KILLED = "EPN"
LATE = "vte-vexin"  # logged between two issues, so that the second one has news
USUAL_SECONDS = 20


class Stage(Protocol):
    """What the story needs around it."""

    grounds: Grounds
    console: Console
    kafka: LocalKafka
    instances: Instances
    mailbox: Mailbox
    doors: list[Door]
    watch: Watch
    ledger: Ledger
    seconds: dict[str, float]


class Teller:
    """Plays the story on a stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._doors = {door.place.code: door for door in stage.doors}
        self._sirens = {door.place.code: door.place.siren for door in stage.doors}
        self._facts = demo_data("projects_fictitious")
        self._logged: dict[str, dict[str, Any]] = {}

    @property
    def _slow(self) -> float:
        """How many times slower this machine is than one on which everything is ready in 20 s."""
        return max(1.0, self._stage.seconds["ready"] / USUAL_SECONDS)

    async def play(self) -> None:
        """Play every chapter in order."""
        say = self._stage.watch.say
        say("1. Chaque EPCI saisit ses projets.")
        await asyncio.gather(*(self._log(code) for code in self._doors))
        await self._answer_invitations()
        say("2. Deux EPCI tiennent leur annuaire.")
        facts = demo_data("contacts")
        people = await contacts.record_directory(self._doors, facts)
        opposed = next(one["email"] for one in facts["persons"] if "email" in one["opposed"])
        say("3. Trois EPCI publient leur agenda ; on s’y inscrit.")
        breakfast = await self._agenda()
        say("4. Les projets avancent ; une instance, puis Kafka, tombent et reviennent.")
        await self._advance()
        await agenda.close_sheet(breakfast)
        say("5. Les lettres partent d’elles-mêmes.")
        await self._letters(people[opposed])

    async def _log(self, code: str) -> None:
        door, real = self._doors[code], demo_data("projects_real")
        for facts in real["projects"]:
            if facts["epci"] == code:
                await projects.import_real(door, facts, real["defaults"])
        for facts in self._facts["projects"]:
            if facts["epci"] == code and facts["key"] != LATE:
                await self._log_one(facts)

    async def _log_one(self, facts: dict[str, Any]) -> None:
        door = self._doors[facts["epci"]]
        known = {**facts, "invite": [self._sirens[code] for code in facts.get("invite", ())]}
        made = await projects.log_fictitious(door, known, self._facts["managers"][facts["epci"]])
        self._logged[facts["key"]] = made

    async def _answer_invitations(self) -> None:
        for facts in self._facts["projects"]:
            for code, said in facts.get("answers", {}).items():
                owner, project_id = self._sirens[facts["epci"]], self._logged[facts["key"]]["id"]
                await eventually(
                    lambda code=code, owner=owner, project_id=project_id, said=said: projects.answer(  # type: ignore[misc]
                        self._doors[code], owner, project_id, said
                    ),
                    what=f"{code} n’a pas vu l’invitation",
                )

    async def _agenda(self) -> agenda.Published:
        facts = demo_data("events")
        published = []
        for event in facts["events"]:
            door = self._doors[event["epci"]]
            published.append(await agenda.publish(door, event, facts["defaults"], slow=self._slow))
        mailbox = self._stage.mailbox
        await asyncio.gather(*(agenda.register_all(event, mailbox) for event in published))
        return next(event for event in published if "starts_in_seconds" in event.facts)

    async def _advance(self) -> None:
        """Walk every project; meanwhile one instance is killed and comes back, then Kafka."""
        instances, kafka = self._stage.instances, self._stage.kafka
        await self._walk(only=KILLED, half=True)
        victim = self._doors[KILLED].place
        instances.kill(victim)
        walking = asyncio.create_task(self._walk_others())
        await asyncio.sleep(1)
        instances.start(victim)
        await instances.ready(victim)
        kafka.kill()
        await self._walk(only=KILLED, half=False)
        await kafka.start(probe=acknowledges)
        await walking

    async def _walk_others(self) -> None:
        await asyncio.gather(*(self._walk(only=code, half=False) for code in self._doors if code != KILLED))

    async def _walk(self, *, only: str, half: bool) -> None:
        """Walk the projects of one EPCI; the first one alone when ``half``, else those not walked yet."""
        waiting = [facts for facts in self._facts["projects"] if facts["epci"] == only and facts["key"] in self._logged]
        for facts in waiting[:1] if half else waiting:
            project = self._logged.pop(facts["key"])
            fresh = await self._doors[only].get(f"/api/v1/projects/{project['id']}")
            await projects.walk(self._doors[only], facts, fresh)

    async def _letters(self, opposed_id: str) -> None:
        facts, mailbox = demo_data("subscribers"), self._stage.mailbox
        readers = [*facts["subscribers"], facts["opposed_reader"]]
        for reader in readers:
            await letters.subscribe(self._doors[reader.get("at", reader["epci"])], reader, self._sirens, mailbox)
        await contacts.oppose_mail(self._doors[facts["opposed_reader"]["epci"]], opposed_id)
        rules = {code: await letters.add_rule(door) for code, door in self._doors.items()}
        rhythms: dict[str, set[str]] = {}
        for reader in readers:
            rhythms.setdefault(reader.get("at", reader["epci"]), set()).add(reader["rhythm"])
        await self._settled()
        first = await self._issue(rules, rhythms)
        again = await self._issue(rules, rhythms)
        if first == 0 or again != 0:
            raise Conflict(f"Le premier numéro a donné {first} lettres, le même sans nouveauté {again}.")
        leaving = next(one for one in readers if one.get("unsubscribes_before_issue"))
        await letters.leave(self._doors[leaving["epci"]], leaving["email"], mailbox)
        await self._log_one(next(one for one in self._facts["projects"] if one["key"] == LATE))
        await self._walk(only=next(one["epci"] for one in self._facts["projects"] if one["key"] == LATE), half=False)
        await self._settled()
        await self._issue(rules, rhythms)

    async def _issue(self, rules: dict[str, str], rhythms: dict[str, set[str]]) -> int:
        running = (letters.run(self._doors[code], rules[code], wanted) for code, wanted in rhythms.items())
        return sum(await asyncio.gather(*running))

    async def _settled(self) -> None:
        """Wait until every instance shows the same feed."""

        async def same() -> bool:
            feeds = [await door.get("/api/v1/feed", limit=200) for door in self._stage.doors]
            seen = [sorted((item["id"], item["version"]) for item in feed["items"]) for feed in feeds]
            backlogs = [await _backlog(door) for door in self._stage.doors]
            return not any(backlogs) and all(one == seen[0] for one in seen)

        await eventually(same, what="les fils des EPCI diffèrent")


async def tell(stage: Stage) -> None:
    """Play the story.

    Raises:
        Conflict: something did not happen as told; says what.
    """
    await Teller(stage).play()


async def _backlog(door: Door) -> int:
    status = await door.get("/api/v1/status", role="admin")
    return sum(service["backlog"] for service in status["services"])
