"""A file of somebody becomes rows of text, read in a process that may not harm this one."""

import asyncio
import json
import sys
from dataclasses import dataclass

import structlog

from shared.errors import Invalid, TooLarge
from shared.sheets.bounds import MOST_BYTES, SECONDS

log = structlog.get_logger(__name__)

_TURN = asyncio.Semaphore(2)
"""Two at a time: each may take a processor for a while."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: its rows as text, the first one included."""

    name: str
    rows: list[list[str]]


async def read_sheets(content: bytes, *, field: str = "file") -> list[Sheet]:
    """Return the sheets of an XLSX, ODS or CSV file; the type is told by the content, never by the name.

    Raises:
        TooLarge: more than 10 MiB.
        Invalid: anything else that is not read, with a French sentence beside ``field``.
    """
    if len(content) > MOST_BYTES:
        raise TooLarge("Ce fichier dépasse 10 Mio.", limit_bytes=MOST_BYTES)
    if not content.strip():
        raise Invalid.field(field, "Ce fichier est vide.")
    async with _TURN:
        answer = await _ask_child(content)
    if answer is None:
        raise Invalid.field(field, "Ce fichier est trop volumineux une fois ouvert.")
    told = json.loads(answer)
    if "refused" in told:
        raise Invalid.field(field, told["refused"])
    return [Sheet(one["name"], one["rows"]) for one in told["sheets"]]


async def _ask_child(content: bytes) -> bytes | None:
    """Return what the child answers; nothing when it took too long or too much."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "shared.sheets.child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        answer, _ = await asyncio.wait_for(child.communicate(content), SECONDS * 2)
    except TimeoutError:
        answer = b""
    finally:
        if child.returncode is None:  # too slow, or whoever asked is gone
            child.kill()
            await child.wait()
    if child.returncode != 0 or not answer:
        log.warning("sheet_not_read", code=child.returncode, bytes=len(content))
        return None
    return answer
