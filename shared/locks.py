"""One at a time among the processes of this machine."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def exclusive(file: Path) -> Iterator[None]:
    """Wait until no other process is in a block on this file, then enter; a process that dies leaves it."""
    with file.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def take(held: IO[str]) -> bool:
    """Lock an open file if nobody else holds it, until it is closed; tell whether it was free."""
    with suppress(BlockingIOError):
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def is_taken(file: Path) -> bool:
    """Tell whether somebody holds the lock of a file now; asked from outside, it takes nothing."""
    if not file.exists():
        return False
    with file.open("r") as looked_at, suppress(BlockingIOError):
        fcntl.flock(looked_at, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    return True
