"""One EPCI's API as its users reach it: each request once, however its answer gets lost; what became of it."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx2

from services.demo.places import Place
from shared.outbound import Client, HttpError, plain_client
from tests.chaos.ledger import Outcome

SECONDS = 8.0
# One request in four is never tried again: its outcome stays unknown, and it may have happened once.
GIVE_UP = 0.25
TRIES = 10
PAUSE = 0.4


@dataclass(frozen=True)
class Heard:
    """What a user was told of one request."""

    outcome: Outcome
    status: int
    body: Any = None

    @property
    def ok(self) -> bool:
        """Whether it is promised."""
        return self.outcome is Outcome.OK


@dataclass
class Door:
    """The users of one instance; every draw is from ``chance``."""

    place: Place
    chance: random.Random
    statuses: Counter[int] = field(default_factory=Counter)
    closed: bool = False
    _clients: dict[str, Client] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        for role, token in {**self.place.tokens, "visitor": ""}.items():
            self._clients[role] = plain_client(self.place.url, token=token)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def act(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        role: str = "coordinator",
        version: int | None = None,
        again: bool = True,
    ) -> Heard:
        """Ask for a change.

        Args:
            method: of the request.
            path: of the request.
            body: sent as JSON.
            role: who asks.
            version: what the user has seen.
            again: whether the same request may be sent again; a route that keeps no first answer may not.
        """
        headers = {"idempotency-key": str(UUID(int=self.chance.getrandbits(128), version=4))}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        tries = TRIES if again and self.chance.random() > GIVE_UP else 1
        request = {"json": body, "headers": headers} if body is not None else {"headers": headers}
        return await self._insist(method, path, role=role, tries=tries, request=request)

    async def press(self, path: str, fields: dict[str, str] | None = None) -> Heard:
        """Press the button of a page that a mail led to."""
        return await self._insist("POST", path, role="visitor", tries=1, request={"data": fields or {}})

    async def look(self, path: str, *, role: str = "coordinator", **query: Any) -> Any:  # noqa: ANN401 - JSON
        """Read something; nothing when it cannot be read now."""
        try:
            answer = await self._clients[role].get(path, params=query, timeout=SECONDS)
        except HttpError:
            return None
        self.statuses[answer.status_code] += 1
        return answer.json() if answer.status_code == 200 else None

    async def dead_tasks(self) -> list[str]:
        """Return what should run in this instance and has ended."""
        try:
            answer = await self._clients["visitor"].get("/healthz", timeout=SECONDS)
        except HttpError as error:
            return [f"everything ({type(error).__name__})"]
        tasks: list[str] = answer.json()["tasks"]
        return tasks

    async def _insist(self, method: str, path: str, *, role: str, tries: int, request: dict[str, Any]) -> Heard:
        """Send a request until it is answered, or ``tries`` are over."""
        arrived = False
        for _ in range(tries):
            try:
                answer = await self._clients[role].request(method, path, timeout=SECONDS, **request)
            except httpx2.ConnectError:
                pass  # nobody heard it
            except HttpError:
                arrived = True
            else:
                self.statuses[answer.status_code] += 1
                if answer.status_code < 500:
                    return _heard(answer)
                arrived = True
            if self.closed:
                break
            await asyncio.sleep(PAUSE)
        return Heard(Outcome.UNKNOWN if arrived else Outcome.REFUSED, 0)


def _heard(answer: httpx2.Response) -> Heard:
    fine = answer.status_code < 400
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    body = answer.json() if fine and is_json and answer.content else None
    return Heard(Outcome.OK if fine else Outcome.REFUSED, answer.status_code, body)
