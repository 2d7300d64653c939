"""Where a run lives: its folder, the territory drawn from the seed, the instances and their databases."""

import asyncio
import random
import time
from pathlib import Path

import psutil
import yaml

from services.demo.children import Instances
from services.demo.places import Grounds, Place, make_place
from shared.outbound import HttpError, plain_client
from shared.ports import free_ports
from tests.chaos.cluster import Cluster
from tests.chaos.launch import CLOCK, PLANTED, PROGRAM
from tests.chaos.stores import Stores
from tests.support.territory import make_territory, random_siren
from tests.support.waiting import eventually

LIMITS = '{"public": 1000000, "form": 1000000, "unsubscribe": 1000000, "token": 1000000, "refused": 1000000}'
STOP_SECONDS = 30.0
SERVES_SECONDS = 90.0


def settle(folder: Path, chance: random.Random, *, epcis: int) -> Grounds:
    """Lay out a territory of ``epcis`` EPCI in ``folder``; the same chance draws the same one."""
    folder.mkdir(parents=True, exist_ok=True)
    ports = free_ports(epcis + 2)
    urls = [f"http://127.0.0.1:{port}" for port in ports[:epcis]]
    territory = make_territory([random_siren(chance) for _ in range(epcis)], base_urls=urls)
    file = folder / "territory.yaml"
    file.write_text(yaml.safe_dump(territory.model_dump(mode="json"), allow_unicode=True), encoding="utf-8")
    places = tuple(
        make_place(folder, member.code, territory, port=port)
        for member, port in zip(territory, ports[:epcis], strict=True)
    )
    return Grounds(folder, file, territory, places, smtp_port=ports[-2], mailbox_port=ports[-1])


class Fleet(Instances):
    """The instances of a run, each behind its own way to Kafka; what becomes of them is timed."""

    def __init__(self, grounds: Grounds, cluster: Cluster, stores: Stores, *, planted: str = "") -> None:
        super().__init__(grounds, nursery=PROGRAM)
        self._planted = planted
        self.places = grounds.places
        self.recoveries: list[float] = []
        self.stops: list[float] = []
        self._cluster = cluster
        self._stores = stores
        self._moods: dict[str, dict[str, str]] = {}
        self._busy = {place.code: asyncio.Lock() for place in grounds.places}

    def environment(self, place: Place) -> dict[str, str]:
        """Return the settings of an instance, where it is to crash included."""
        return {
            **super().environment(place),
            **self._stores.environment(place),
            **self._cluster.environment(place.siren),
            "ESTUAIRE_LIMITS": LIMITS,
            "ESTUAIRE_TESTING": "1",
            PLANTED: self._planted,
            **self._moods.get(place.code, {}),
        }

    def alone(self, place: Place) -> asyncio.Lock:
        """Return what a fault holds while it has an instance for itself."""
        return self._busy[place.code]

    def lives(self, place: Place) -> bool:
        """Tell whether an instance runs."""
        return place not in self.dead()

    async def back(self, place: Place, *, crash_at: str = "", clock_s: float = 0) -> None:
        """Start an instance again and wait until it serves, unless it is to crash; note the seconds it took.

        Kafka may be away meanwhile: an instance works alone.

        Args:
            place: of the instance.
            crash_at: a crash point and which crossing of it.
            clock_s: how far its clock is ahead.
        """
        began = time.monotonic()
        self._moods[place.code] = {"ESTUAIRE_CRASH_AT": crash_at, CLOCK: str(clock_s)}
        self.start(place)
        if not crash_at:
            await self._serves(place)
            self.recoveries.append(time.monotonic() - began)

    async def _serves(self, place: Place) -> None:
        async with plain_client(place.url) as client:

            async def answers() -> bool:
                if not self.lives(place):
                    raise AssertionError(f"{place.code} died as it started; its log is in {place.folder}")
                try:
                    return (await client.get("/readyz")).status_code == 200
                except HttpError:
                    return False

            await eventually(answers, within=SERVES_SECONDS, what=f"{place.code} serves")

    async def ended(self, place: Place, *, within: float) -> bool:
        """Wait for an instance to end by itself; tell whether it did."""
        _, alive = await asyncio.to_thread(psutil.wait_procs, [self.process(place)], within)
        return not alive

    async def ask_to_stop(self, place: Place) -> bool:
        """Stop an instance as a supervisor does; kill it after 30 s; tell whether it stopped by itself."""
        began = time.monotonic()
        self.process(place).terminate()
        ended = await self.ended(place, within=STOP_SECONDS)
        self.stops.append(time.monotonic() - began)
        if not ended:
            self.kill(place)
        return ended

    async def heal(self) -> None:
        """Bring every instance back, none of them on its way to a crash."""

        async def one(place: Place) -> None:
            async with self.alone(place):
                if self.lives(place):
                    self.process(place).resume()
                if not self.lives(place):
                    await self.back(place)

        await asyncio.gather(*(one(place) for place in self.places))
        await self.all_ready()
