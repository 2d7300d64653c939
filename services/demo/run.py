"""``make demo``: a Kafka, an instance per EPCI, a mailbox, the story, and what came of it."""

import asyncio
import json
import logging
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from services.demo.check import Verdict, verify
from services.demo.children import Instances
from services.demo.doors import Door, Ledger
from services.demo.mailbox import Mailbox
from services.demo.places import Grounds, settle
from services.demo.reader import read_public_projects
from services.demo.story import tell
from services.demo.watch import Watch
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.kafka import acknowledges
from shared.messaging.topology import Topology
from shared.settings import KafkaAccess

FOLDER = Path(".data/demo")


@dataclass
class Stage:
    """Everything the story plays with."""

    grounds: Grounds
    console: Console
    kafka: LocalKafka
    instances: Instances
    mailbox: Mailbox
    doors: list[Door]
    watch: Watch
    ledger: Ledger = field(default_factory=Ledger)
    seconds: dict[str, float] = field(default_factory=dict)

    def door(self, code: str) -> Door:
        """Return the API of one EPCI."""
        return next(door for door in self.doors if door.place.code == code)


def run(*, check: bool, reset: bool) -> int:
    """Run the demo; return the exit code.

    Args:
        check: play everything in a fresh folder, verify it from outside, print one JSON line, stop.
        reset: forget what an earlier demo left.
    """
    console = Console(stderr=check, highlight=False, soft_wrap=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a Kafka that starts is no news to who tries a demo
    if check:
        Path(".data").mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="check-", dir=".data"))
    else:
        folder = FOLDER
        if reset or (folder.exists() and not (folder / "story.done").exists()):
            shutil.rmtree(folder, ignore_errors=True)
    grounds = settle(folder)
    code = asyncio.run(_run(grounds, console, check=check))
    if check and code == 0:
        shutil.rmtree(folder, ignore_errors=True)
    return code


async def _run(grounds: Grounds, console: Console, *, check: bool) -> int:
    stopping = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stopping.set)
    ready = asyncio.Event()
    playing = asyncio.create_task(_play(grounds, console, check=check, ready=ready, stopping=stopping))
    ending = asyncio.create_task(stopping.wait())
    await asyncio.wait({playing, ending}, return_when=asyncio.FIRST_COMPLETED)
    if not playing.done():
        console.print("Arrêt en cours…")
        if check or not ready.is_set():
            playing.cancel()
    ending.cancel()
    try:
        return await playing
    except asyncio.CancelledError:
        return 130


async def _play(
    grounds: Grounds, console: Console, *, check: bool, ready: asyncio.Event, stopping: asyncio.Event
) -> int:
    began = time.monotonic()
    async with _stage(grounds, console) as stage:
        ready.set()
        stage.seconds["ready"] = _since(began)
        console.print(f"Les {len(stage.doors)} instances sont prêtes en {stage.seconds['ready']:.0f} s.")
        if grounds.told:
            console.print("L’histoire a déjà été jouée ; RESET=1 la rejoue depuis le début.")
        else:
            await _tell(stage, stopping)
        if stopping.is_set():
            return 130
        if check:
            verdict = await verify(stage)
            print(json.dumps(verdict.summary(), ensure_ascii=False))  # noqa: T201 - the answer of the command
            return _judge(verdict, console)
        await _invite(stage)
        await _watch_over(stage, stopping)
    console.print("Tout est arrêté ; les données restent pour la prochaine fois.")
    return 0


async def _tell(stage: Stage, stopping: asyncio.Event) -> None:
    began = time.monotonic()
    async with stage.watch:
        story = asyncio.create_task(tell(stage))
        ending = asyncio.create_task(stopping.wait())
        await asyncio.wait({story, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not story.done():
            story.cancel()
            await asyncio.gather(story, return_exceptions=True)
            return
        story.result()
    stage.seconds["story"] = _since(began)
    stage.grounds.remember_told()


@asynccontextmanager
async def _stage(grounds: Grounds, console: Console) -> AsyncIterator[Stage]:
    """Start everything, in order, and stop it in the other one."""
    async with AsyncExitStack() as stack:
        kafka = LocalKafka(grounds.kafka)
        instances = Instances(grounds)
        instances.open()
        stack.push_async_callback(instances.stop)
        mailbox = Mailbox(grounds.folder / "mails", smtp_port=grounds.smtp_port, page_port=grounds.mailbox_port)
        await mailbox.start()
        stack.push_async_callback(mailbox.stop)
        console.print("Démarrage de Kafka 4.3.1…")
        await kafka.start(probe=acknowledges, progress=lambda step: console.print(f"  {step}"))
        stack.push_async_callback(kafka.stop)
        stack.push_async_callback(instances.stop)
        topology = await asyncio.to_thread(Topology, KafkaAccess(kafka.bootstrap))
        plan = await asyncio.to_thread(topology.plan, grounds.territory.sirens)
        made = await asyncio.to_thread(topology.apply, plan)
        console.print(f"Kafka répond ; {made} sujets créés. Démarrage de {len(grounds.places)} instances…")
        await asyncio.to_thread(instances.start_all, kafka.bootstrap)
        await instances.all_ready()
        ledger = Ledger()
        doors = [await stack.enter_async_context(Door(place, ledger)) for place in grounds.places]
        yield Stage(
            grounds=grounds,
            console=console,
            kafka=kafka,
            instances=instances,
            mailbox=mailbox,
            doors=doors,
            watch=Watch(doors, ledger, console),
            ledger=ledger,
        )


async def _invite(stage: Stage) -> None:
    """Say where to look and what to try."""
    out = stage.console
    out.print(stage.watch.table(await stage.watch.rows()))
    out.print("\nLes instances (page publique ; jeton de coordination pour l’API) :")
    for door in stage.doors:
        out.print(f"  {door.place.name:<32} {door.place.url}/   jeton : {door.place.tokens['coordinator']}")
    out.print(f"\nLes courriels reçus se lisent ici : {stage.mailbox.url}/")
    public = await asyncio.to_thread(read_public_projects, stage.doors[0].place.url, stage.kafka.bootstrap)
    out.print(f"Un lecteur étranger au projet lit {len(public)} projets publics dans Kafka :")
    out.print(f"  .venv/bin/python -m services.demo.reader {stage.doors[0].place.url} {stage.kafka.bootstrap}")
    csa, mrn = stage.door("CSA").place, stage.door("MRN").place
    out.print("\nDeux choses à essayer :")
    out.print("  1. Ouvrez deux instances côte à côte, puis saisissez un projet public à Caux Seine Agglo :")
    out.print(
        f"       curl -s -X POST {csa.url}/api/v1/projects -H 'Authorization: Bearer {csa.tokens['coordinator']}' \\"
    )
    out.print("         -H 'Content-Type: application/json' -d '" + TRY + "'")
    out.print(f"     La page de Rouen ({mrn.url}/) l’annonce aussitôt.")
    out.print("  2. Inscrivez-vous à un rendez-vous, puis lisez la confirmation dans la boîte :")
    out.print(f"       {await _open_event(stage)}")
    out.print("\nCtrl-C arrête tout. RESET=1 recommence à zéro.")


async def _watch_over(stage: Stage, stopping: asyncio.Event) -> None:
    """Wait for the end, and say it once of each instance that dies before."""
    gone: set[str] = set()
    while not stopping.is_set():
        for place in stage.instances.dead():
            if place.code not in gone:
                gone.add(place.code)
                stage.console.print(
                    f"L’instance {place.name} s’est arrêtée ; son journal : {place.folder}/instance.log"
                )
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 1)


async def _open_event(stage: Stage) -> str:
    """Return the form of the event that still takes registrations the longest, else the public page."""
    door = stage.doors[0]
    events = (await door.get("/api/v1/events", limit=200))["items"]
    taking = [one for one in events if one["registration_url"] and one["schedule"] == "scheduled" and one["slots"]]
    last = max(taking, key=lambda one: str(one["slots"][0]["start"]), default=None)
    return str(last["registration_url"]) if last else f"{door.place.url}/"


TRY = '{"title": "Mon projet d’essai", "kind": "study", "visibility": "public", "commune_insee": ["76476"]}'


def _judge(verdict: Verdict, console: Console) -> int:
    for difference in verdict.differences:
        console.print(f"[bold red]Écart[/] : {difference}")
    return 0 if verdict.ok else 1


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
