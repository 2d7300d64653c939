"""The API of each EPCI as its users reach it, and the ledger of what was acknowledged."""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from services.demo.places import Place
from shared.errors import Conflict
from shared.ids import uuid7
from shared.outbound import Answer, Client, HttpError, plain_client

TRIES = 200


@dataclass(frozen=True)
class Acknowledged:
    """One version of a project that an instance answered for with a 2xx."""

    epci: str
    id: str
    version: int
    visibility: str


@dataclass
class Ledger:
    """What the instances promised, as seen from outside."""

    projects: list[Acknowledged] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def count(self, what: str, *, epci: str) -> None:
        """Count one act of an EPCI."""
        self.counts[f"{epci}.{what}"] = self.counts.get(f"{epci}.{what}", 0) + 1

    def total(self, what: str) -> int:
        """Return how many acts of one kind all EPCI did."""
        return sum(number for name, number in self.counts.items() if name.endswith(f".{what}"))


class Door:
    """One EPCI’s API, with the token of a role for each request."""

    def __init__(self, place: Place, ledger: Ledger) -> None:
        self.place = place
        self.ledger = ledger
        self._clients: dict[str, Client] = {}

    async def __aenter__(self) -> Self:
        for role, token in self.place.tokens.items():
            self._clients[role] = plain_client(self.place.url, token=token)
        self._clients["visitor"] = plain_client(self.place.url)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def get(self, path: str, *, role: str = "agent", **query: Any) -> Any:  # noqa: ANN401 - JSON
        """Read something.

        Raises:
            Conflict: any answer but 200.
        """
        answer = await self.send("GET", path, role=role, params=query)
        return _expected(answer, 200, path).json()

    async def post(
        self, path: str, body: dict[str, Any], *, role: str = "agent", version: int | None = None, expected: int = 201
    ) -> Any:  # noqa: ANN401 - JSON
        """Do something once, however often the answer is lost on its way.

        Raises:
            Conflict: any answer but ``expected``.
        """
        headers = {"idempotency-key": str(uuid7())}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        answer = await self.send("POST", path, role=role, json=body, headers=headers)
        _expected(answer, expected, path)
        return answer.json() if answer.content else None

    async def once(self, path: str, *, role: str) -> Answer:
        """Read something without insisting: the instance may be down.

        Raises:
            HttpError: nobody listens.
            Conflict: any answer but 200.
        """
        return _expected(await self._clients[role].get(path), 200, path)

    async def send(self, method: str, path: str, *, role: str = "agent", **request: Any) -> Answer:  # noqa: ANN401
        """Send one request, again while nobody listens: an instance may be starting again."""
        for _ in range(TRIES):
            try:
                return await self._clients[role].request(method, path, **request)
            except HttpError:
                await asyncio.sleep(0.1)
        raise Conflict(f"{self.place.code} ne répond plus : {method} {path}")

    def promised(self, project: dict[str, Any]) -> dict[str, Any]:
        """Note an acknowledged version of a project and return it."""
        version, visibility = int(project["version"]), str(project["visibility"])
        self.ledger.projects.append(Acknowledged(self.place.siren, str(project["id"]), version, visibility))
        self.ledger.count("logged", epci=self.place.code)
        return project


def _expected(answer: Answer, status: int, path: str) -> Answer:
    if answer.status_code != status:
        raise Conflict(f"{path} a répondu {answer.status_code} au lieu de {status} : {answer.text[:500]}")
    return answer
