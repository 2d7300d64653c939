"""A client of one instance: what programs, browsers and mail programs send."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import httpx2
from fastapi import FastAPI

from shared.http.guards import LIMITS
from shared.identity.access import Role
from tests.support.notifications import Sink, text_of

EMPTY: Mapping[str, str] = MappingProxyType({})
PAGE: Mapping[str, str] = MappingProxyType({"accept": "text/html"})


@dataclass
class Doors:
    """A client of one instance, with a token of each role."""

    app: FastAPI
    http: httpx2.AsyncClient
    tokens: dict[Role, str]

    def lift_limits(self) -> None:
        """Let anybody ask as often as a test does."""
        self.app.state.limits = dict.fromkeys(LIMITS, 10_000)

    def bearer(self, role: Role) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[role]}"} if role in self.tokens else {}

    async def get(self, path: str, headers: Mapping[str, str] = EMPTY, *, role: Role = Role.VISITOR) -> httpx2.Response:
        return await self.http.get(path, headers={**self.bearer(role), **headers})

    async def open(self, path: str) -> httpx2.Response:
        """Open a page as a browser does."""
        return await self.http.get(path, headers=PAGE)

    async def press(self, path: str, fields: Mapping[str, object] = EMPTY) -> httpx2.Response:
        """Send the form of a page as a browser does."""
        return await self.http.post(path, data=fields, headers=PAGE)

    async def post(self, path: str, body: object = None, *, role: Role = Role.VISITOR, **more: str) -> httpx2.Response:
        return await self.http.post(path, json=body, headers=self.bearer(role) | more)


def link_in(sink: Sink, address: str, path: str, *, mail: int = -1) -> str:
    """Return the path of the last link under ``path`` in a mail of an address, by default the last one."""
    found: list[str] = re.findall(rf"https?://[^/]+({path}/\S+)", text_of(sink.mails(address)[mail]))
    return found[-1]
