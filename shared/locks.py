"""One at a time among the processes of this machine."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(file: Path) -> Iterator[None]:
    """Wait until no other process is in a block on this file, then enter; a process that dies leaves it."""
    with file.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
