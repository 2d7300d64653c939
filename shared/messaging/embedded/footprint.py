"""What a node leaves in its folder so that it is found again: its ports, and the process that serves them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil

from shared.messaging.embedded.errors import PortTaken
from shared.ports import free_ports, is_free


@dataclass(frozen=True)
class Ports:
    """The two ports of a node, the same for the whole life of its folder."""

    broker: int
    controller: int

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return the ports this folder already has."""
        kept = _read(folder / "ports.json")
        return cls(broker=int(kept["broker"]), controller=int(kept["controller"])) if kept else None

    @classmethod
    def settle(cls, folder: Path, *, broker: int | None = None, controller: int | None = None) -> Self:
        """Keep and return the folder's ports; free ones are drawn the first time.

        Args:
            folder: of the node.
            broker: the port wanted for clients.
            controller: the port at which the other nodes of its cluster look for it; of a single node nobody does.

        Raises:
            PortTaken: another program listens on a port wanted, or on the one that clients already know.
        """
        kept = cls.read(folder)
        wanted = broker or (kept.broker if kept else None)
        for port in (wanted, controller):
            if port and not is_free(port):
                raise PortTaken(port)
        drawn = free_ports(3)
        chosen = wanted or drawn[0]
        reusable = kept and kept.controller != chosen and is_free(kept.controller)
        other = kept.controller if kept and reusable else next(port for port in drawn if port != chosen)
        ports = cls(broker=chosen, controller=controller or other)
        _write(folder / "ports.json", asdict(ports))
        return ports


@dataclass(frozen=True)
class Footprint:
    """A process and the one that answers for it, each known by its number and the moment it began.

    Without an owner, the process was asked to outlive whoever started it. The moment tells it from a later process
    that was given the same number.
    """

    pid: int
    began: float
    owner: int | None
    owner_began: float | None

    @classmethod
    def of(cls, pid: int, *, owner: int | None) -> Self:
        """Return the footprint of a live process."""
        return cls(
            pid, psutil.Process(pid).create_time(), owner, psutil.Process(owner).create_time() if owner else None
        )

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return the last footprint left in a folder, whether its process lives or not."""
        kept = _read(folder / "process.json")
        return cls(**kept) if kept else None

    def leave(self, folder: Path) -> None:
        """Keep this footprint in a folder, in the place of the previous one."""
        _write(folder / "process.json", asdict(self))

    @property
    def process(self) -> psutil.Process | None:
        """The process, if it lives."""
        return _living(self.pid, self.began)

    @property
    def is_stale(self) -> bool:
        """Whether the process lost the owner that should have stopped it."""
        return self.owner is not None and _living(self.owner, self.owner_began) is None


def erase(folder: Path) -> None:
    """Forget the process of a folder; its ports are kept."""
    (folder / "process.json").unlink(missing_ok=True)


def _living(pid: int, began: float | None) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        # The clock's resolution is 10 ms, and the number is read from text.
        same = began is not None and abs(process.create_time() - began) < 0.05
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _read(path: Path) -> dict[str, int] | None:
    return json.loads(path.read_text()) if path.exists() else None


def _write(path: Path, content: dict[str, int | float | None]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content))
    fresh.replace(path)
