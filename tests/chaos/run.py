"""One run: a territory is built, used, broken, healed, stopped and judged; nothing of it is left running."""

import asyncio
import logging
import random
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.demo.places import Grounds
from tests.chaos.checker import evidence as gathering
from tests.chaos.checker.copies import hashes
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.records import count_letters, count_repeats
from tests.chaos.checker.verdict import judge
from tests.chaos.cluster import Cluster
from tests.chaos.grounds import Fleet, settle
from tests.chaos.ledger import Ledger, Outcome
from tests.chaos.log import Log
from tests.chaos.nemesis.campaign import Campaign
from tests.chaos.nemesis.faults import Stage
from tests.chaos.nemesis.intruder import Intruder
from tests.chaos.nemesis.schedule import Fault, draw_schedule
from tests.chaos.profile import Profile
from tests.chaos.readers import readers_of
from tests.chaos.report import Report, Say, spread
from tests.chaos.sink import Post
from tests.chaos.stores import Postgres, Stores
from tests.chaos.traffic.crowd import WEIGHTS, Act, Crowd
from tests.chaos.watch import Watch

LEAD = 0.1
"""How far, of the whole run, users may be ahead of the faults: messages are to meet faults, all along."""


@dataclass(frozen=True)
class Order:
    """What to run."""

    seed: int
    profile: Profile
    folder: Path
    layout: str = "single"
    database: str = "sqlite"
    planted: str = ""
    schedule: tuple[Fault, ...] | None = None
    """Drawn from the seed unless it is given."""
    weights: Mapping[Act, float] = field(default_factory=lambda: WEIGHTS)
    again: str = ""


@dataclass
class Run:
    """A territory that runs."""

    order: Order
    grounds: Grounds
    stage: Stage
    ledger: Ledger
    crowd: Crowd
    watch: Watch
    campaign: Campaign
    say: Say


def run(order: Order, say: Say) -> Report:
    """Do a run from beginning to end, in a folder that is kept; return its report."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a Kafka that is away is no news here
    chance = random.Random(f"{order.seed}.grounds")  # noqa: S311 - no secret
    grounds = settle(order.folder, chance, epcis=order.profile.epcis)
    return asyncio.run(_run(order, grounds, say))


async def _run(order: Order, grounds: Grounds, say: Say) -> Report:
    began, me = time.monotonic(), asyncio.current_task()
    assert me is not None
    for signalled in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signalled, me.cancel)
    async with _territory(order, grounds, say) as one:
        say(f"{len(grounds.places)} instances are ready after {time.monotonic() - began:.0f} s")
        one.crowd.start()
        watching = asyncio.create_task(one.watch.run())
        breaking = asyncio.create_task(_break_and_count(one))
        try:
            await asyncio.wait({watching, breaking}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
            await breaking
            seconds = one.watch.seconds
            await one.crowd.stop()
            say(f"the users have stopped after {seconds:.0f} s; {one.watch.messages} records are there")
            converged, lag = await one.watch.converge(within=order.profile.converge)
            say(f"nothing is left to handle after {converged:.1f} s" if not lag else f"{lag} are left after all")
        finally:
            for task in (watching, breaking):
                task.cancel()
            await asyncio.gather(watching, breaking, return_exceptions=True)
        found = await _gather(one, lag)
        report = Report(found=judge(found), evidence=found, again=order.again, folder=order.folder)
        report.figures = _figures(one, found, seconds=seconds, converged=converged)
        report.keep()
        return report


@asynccontextmanager
async def _territory(order: Order, grounds: Grounds, say: Say) -> AsyncIterator[Run]:
    """Start everything, in order, and stop it in the other one."""
    async with AsyncExitStack() as stack:
        cluster = Cluster(order.folder / "kafka", grounds.territory, order.layout)
        stores = Postgres(order.folder / "postgres") if order.database == "postgres" else Stores()
        post = Post(grounds.smtp_port)
        fleet = Fleet(grounds, cluster, stores, planted=order.planted)
        fleet.open()
        stack.push_async_callback(fleet.stop)
        await post.open()
        stack.push_async_callback(post.close)
        stack.push_async_callback(cluster.stop)
        await asyncio.gather(cluster.start(), stores.start(grounds.places))
        stack.push_async_callback(stores.stop)
        stack.push_async_callback(fleet.stop)
        for place in grounds.places:
            fleet.start(place)
        await fleet.all_ready()
        ledger = stack.enter_context(Ledger(order.folder / "ledger.jsonl"))
        crowd = Crowd(
            grounds.places, ledger, post, seed=order.seed, writers=order.profile.writers, weights=order.weights
        )
        await stack.enter_async_context(crowd)
        log = Log(cluster.access)
        sirens = grounds.territory.sirens
        stage = Stage(cluster, fleet, stores, post, log, Intruder(log, cluster.access))
        topics = await asyncio.to_thread(log.topics, sirens)
        watch = Watch(stage, crowd, topics, goal=order.profile.messages, give_up=order.profile.give_up)
        campaign = Campaign(stage, _schedule(order, cluster), file=order.folder / "nemesis.jsonl", say=say)
        crowd.hurried = lambda: watch.messages > (campaign.progress() + LEAD) * order.profile.messages
        yield Run(order, grounds, stage, ledger, crowd, watch, campaign, say)


def _schedule(order: Order, cluster: Cluster) -> tuple[Fault, ...]:
    if order.schedule is not None:
        return order.schedule
    return tuple(
        draw_schedule(
            order.seed,
            count=order.profile.faults,
            places=order.profile.epcis,
            nodes=cluster.copies,
            layout=order.layout,
            database=order.database,
            longest=order.profile.longest_fault,
        )
    )


async def _break_and_count(one: Run) -> None:
    """Do every fault, and go on until there are as many messages as wanted, or it takes too long."""
    await one.campaign.run(one.watch.progress)
    while one.watch.progress() < 1:  # noqa: ASYNC110 - messages are counted, nobody sets an event
        await asyncio.sleep(0.2)


async def _gather(one: Run, lag: int) -> Evidence:
    """Ask once more what runs, stop the instances, then read everything."""
    places, fleet = one.grounds.places, one.stage.fleet
    dead = [
        f"{town.code}: {sorted(ended)} ended" for town in one.crowd.towns if (ended := await town.door.dead_tasks())
    ]
    stopped = await asyncio.gather(*(fleet.ask_to_stop(place) for place in places))
    slow = [f"{place.code} had to be killed" for place, ended in zip(places, stopped, strict=True) if not ended]
    records, committed = await gathering.gather_log(one.stage.log, one.grounds.territory.sirens)
    one.stage.post.keep(one.order.folder / "mails")
    return Evidence(
        places=places,
        lines=one.ledger.lines,
        topics=records,
        committed=committed,
        tables=await gathering.gather_tables(places, one.stage.stores),
        kept={place.siren: await one.stage.stores.bytes_of(place) for place in places},
        readers=readers_of(one.grounds.territory.sirens),
        mails=[(to, str(mail["message-id"]), at) for to, mail, at in one.stage.post.mails(since=one.ledger.began)],
        statuses=one.crowd.statuses(),
        peaks_mb=one.watch.peaks_mb,
        lag=lag,
        went_back=one.watch.went_back,
        dead_tasks=dead,
        slow_stops=slow,
    )


def _figures(one: Run, found: Evidence, *, seconds: float, converged: float) -> dict[str, object]:
    order, counts, intruders = one.order, one.ledger.counts(), found.intruders()
    set_aside, letters = count_letters(found)
    messages = sum(len(records) for topic, records in found.topics.items() if ".heartbeat." not in topic)
    return {
        "seed": order.seed,
        "profile": order.profile.name,
        "layout": order.layout,
        "database": one.stage.stores.name,
        "epcis": len(found.places),
        "messages": messages,
        "written by intruders": len(intruders),
        "heartbeats": sum(len(records) for topic, records in found.topics.items() if ".heartbeat." in topic),
        "acts": {outcome.value: counts[outcome] for outcome in Outcome},
        "answers": dict(sorted(found.statuses.items())),
        "faults": sum(one.campaign.done.values()),
        "faults by kind": dict(sorted(one.campaign.done.items())),
        "sent again by relays": count_repeats(found),
        "set aside": set_aside,
        "letters": letters,
        "mails": len(found.mails),
        "seconds of traffic": round(seconds, 1),
        "recovery seconds": spread(one.stage.fleet.recoveries),
        "stop seconds": spread(one.stage.fleet.stops),
        "converged seconds": round(converged, 1),
        "peak memory MB": found.peaks_mb,
        "hashes": sorted(set(hashes(found).values())),
    }
