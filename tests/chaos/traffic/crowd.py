"""All users at once: several in each EPCI, each doing what comes by chance, until told to stop."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from services.demo.places import Place
from tests.chaos.ledger import Ledger
from tests.chaos.sink import Post
from tests.chaos.traffic import agenda, fiches, persons
from tests.chaos.traffic.door import Door
from tests.chaos.traffic.town import Town

PAUSE = 0.1

Act = Callable[[Town], Awaitable[None]]

WEIGHTS: Mapping[Act, float] = {
    fiches.rename_fiche: 60,
    fiches.log_fiche: 12,
    fiches.add_milestone: 5,
    fiches.rename_late: 2,
    fiches.show_further: 2,
    fiches.withdraw_fiche: 2,
    fiches.invite: 2,
    fiches.answer_neighbour: 1,
    agenda.rename_meeting: 5,
    agenda.publish_meeting: 1,
    agenda.take_back_meeting: 0.5,
    agenda.ask_for_a_place: 2,
    agenda.answer_mail: 2,
    persons.enter_person: 1,
    persons.change_person: 1.5,
    persons.erase_person: 0.5,
    persons.ask_for_letters: 0.7,
    persons.answer_letter: 0.7,
    persons.run_letter: 0.3,
}

BRIEF: Mapping[Act, float] = {
    fiches.rename_fiche: 20,
    fiches.log_fiche: 10,
    fiches.rename_late: 10,
    fiches.withdraw_fiche: 8,
    agenda.publish_meeting: 3,
    agenda.ask_for_a_place: 8,
    agenda.answer_mail: 3,
    persons.enter_person: 2,
    persons.erase_person: 1,
}
"""Everything that a planted bug may hurt, within a minute."""


class Crowd:
    """The users of every EPCI."""

    def __init__(
        self,
        places: tuple[Place, ...],
        ledger: Ledger,
        post: Post,
        *,
        seed: int,
        writers: int,
        weights: Mapping[Act, float] = WEIGHTS,
    ) -> None:
        self._writers = writers
        self._weights = weights
        self._stack = AsyncExitStack()
        self._stopping = False
        self.hurried: Callable[[], bool] = lambda: False
        """Tells whether users should wait for the rest of the run."""
        self._tasks: list[asyncio.Task[None]] = []
        self.towns = []
        for place in places:
            chance = random.Random(f"{seed}.{place.code}")  # noqa: S311 - no secret
            neighbours = [other.siren for other in places if other is not place]
            self.towns.append(Town(Door(place, chance), ledger, post, chance, neighbours))

    async def __aenter__(self) -> Self:
        for town in self.towns:
            await self._stack.enter_async_context(town.door)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    def start(self) -> None:
        """Let everybody begin."""
        for town in self.towns:
            self._tasks += [asyncio.create_task(self._write(town)) for _ in range(self._writers)]

    async def stop(self) -> None:
        """Let everybody end what is under way, and raise what went wrong in the users themselves."""
        self._stopping = True
        for town in self.towns:
            town.door.closed = True
        await asyncio.gather(*self._tasks)
        self._tasks.clear()

    def failed(self) -> None:
        """Raise what went wrong in the users themselves, if anything did."""
        for task in self._tasks:
            if task.done():
                task.result()

    def statuses(self) -> Counter[int]:
        """Return how many answers had which HTTP status."""
        return sum((town.door.statuses for town in self.towns), Counter())

    async def _write(self, town: Town) -> None:
        acts, weights = list(self._weights), list(self._weights.values())
        while not self._stopping:
            if self.hurried():
                await asyncio.sleep(PAUSE)
                continue
            await town.chance.choices(acts, weights)[0](town)
