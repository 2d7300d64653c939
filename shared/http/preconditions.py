"""Versions and first answers: If-Match, ETag, Idempotency-Key."""

import hashlib
import json
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from shared.clock import now
from shared.db.answers import AnswerColumns
from shared.errors import Invalid, VersionMissing
from shared.http.guards import Who
from shared.http.session import Transaction, service_of

M = TypeVar("M", bound=BaseModel)
MAX_KEY = 200


async def seen_version(request: Request) -> int:
    """Return the version which the caller has seen.

    Raises:
        VersionMissing: no ``If-Match``.
        Invalid: not one of our tags.
    """
    tag = request.headers.get("if-match")
    if tag is None:
        raise VersionMissing
    digits = tag.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) < 17):
        raise Invalid("L’en-tête If-Match doit reprendre l’ETag reçu.")
    return int(digits)


Seen = Annotated[int, Depends(seen_version)]


async def maybe_seen_version(request: Request) -> int | None:
    """Return the version which the caller has seen; ``None`` when it has seen none, which is right for something new.

    Raises:
        Invalid: not one of our tags.
    """
    return await seen_version(request) if "if-match" in request.headers else None


MaybeSeen = Annotated[int | None, Depends(maybe_seen_version)]


def tag(response: Response, version: int) -> None:
    """Give the caller the version to hand back in ``If-Match``."""
    response.headers["etag"] = f'"{version}"'


class Replayed(Exception):
    """The same request came before; carries its first answer."""

    def __init__(self, status: int, headers: dict[str, str], body: str) -> None:
        super().__init__("replayed")
        self.status = status
        self.headers = headers
        self.body = body


class Once:
    """Keeps the first answer to a request that carries an ``Idempotency-Key``, inside its transaction."""

    def __init__(self, session: Transaction, row: AnswerColumns | None) -> None:
        self._session = session
        self._row = row

    def keep(self, answer: M, *, response: Response, status: int = 201) -> M:
        """Remember ``answer`` and return it."""
        if self._row is not None:
            self._row.status = status
            kept = {name: value for name, value in response.headers.items() if name in {"etag", "location"}}
            self._row.headers = json.dumps(kept)
            self._row.body = answer.model_dump_json()
            self._session.add(self._row)
        return answer


async def once(request: Request, session: Transaction, who: Who) -> Once:
    """Return the keeper of this request’s answer.

    Raises:
        Replayed: the same key came before with the same body.
        Invalid: the same key came before with another body, or is too long.
    """
    table: type[AnswerColumns] = service_of(request).manifest.answers
    key = request.headers.get("idempotency-key")
    if key is None:
        return Once(session, None)
    if not 1 <= len(key) <= MAX_KEY:
        raise Invalid("La clé Idempotency-Key compte de 1 à 200 caractères.")
    actor = str(who.actor or "visitor")  # of visitors no address is kept: the key tells their requests apart
    route = f"{request.method} {request.url.path}"
    body_hash = hashlib.sha256(await request.body()).hexdigest()
    first = await session.get(table, (key, actor))
    if first is None:
        row = table(
            key=key, actor=actor, route=route, body_hash=body_hash, status=0, headers="", body="", kept_at=now()
        )
        return Once(session, row)
    if (first.route, first.body_hash) != (route, body_hash):
        raise Invalid("Cette clé Idempotency-Key a déjà servi pour une autre demande.")
    raise Replayed(first.status, json.loads(first.headers), first.body)


OnlyOnce = Annotated[Once, Depends(once)]


class Answer:
    """Answers a change: the version in ``ETag``, and the same answer to the same request under one key."""

    def __init__(self, response: Response, only_once: OnlyOnce) -> None:
        self._response = response
        self._only_once = only_once

    def told(self, view: M, *, version: int, status: int = 200) -> M:
        """Answer with what is there now."""
        tag(self._response, version)
        self._response.status_code = status
        return self._only_once.keep(view, response=self._response, status=status)

    def made(self, view: M, *, version: int, at: str, is_new: bool = True) -> M:
        """Answer with what was made and its address: 201, or 200 if it was there already."""
        self._response.headers["location"] = at
        return self.told(view, version=version, status=201 if is_new else 200)


async def answer(response: Response, only_once: OnlyOnce) -> Answer:
    """Return what answers this request; a class as dependency would cost a thread each time."""
    return Answer(response, only_once)


Answered = Annotated[Answer, Depends(answer)]
