"""The folder of a node: its configuration, and the format Kafka asks for before it writes the first record."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from shared.messaging.embedded.errors import NotFormatted
from shared.messaging.embedded.footprint import Ports
from shared.messaging.embedded.jvm import Installation

TEMPLATE = Path(__file__).with_name("server.properties")
CONFIGURATION = "server.properties"


@dataclass(frozen=True)
class Shape:
    """How a node differs from the usual one: one of several, secured, or with listeners of its own."""

    properties: Mapping[str, str] = field(default_factory=dict)
    """Settings over those of the template; ``$broker_port``, ``$controller_port`` and ``$data`` are filled in."""
    format_arguments: tuple[str, ...] = ()
    """More arguments of the format tool, such as ``--add-scram`` and its value."""
    cluster_id: str = ""
    """The id that the nodes of one cluster share; drawn when empty."""
    controller_port: int | None = None
    """Where the other nodes of its cluster look for this one; drawn when there are none."""


USUAL = Shape()


def make_ready(folder: Path, ports: Ports, kafka: Installation, shape: Shape = USUAL) -> None:
    """Write the node's configuration, and format its data folder if it has none.

    Raises:
        NotFormatted: Kafka's own tool refused; the message has its words.
    """
    _configure(folder / CONFIGURATION, ports, shape, data="data")
    if not (folder / "data").exists():
        _format(folder, ports, kafka, shape)


def was_cut_short(folder: Path) -> bool:
    """Tell whether the node that last wrote here was killed, or lost its power."""
    data = folder / "data"
    return any(data.glob("*-0")) and not (data / ".kafka_cleanshutdown").exists()


def _format(folder: Path, ports: Ports, kafka: Installation, shape: Shape) -> None:
    """Format aside, then give the name: a format cut short is never taken for a whole one."""
    shutil.rmtree(folder / "formatting", ignore_errors=True)
    _configure(folder / "format.properties", ports, shape, data="formatting")
    named = ("-t", shape.cluster_id or cluster_id(), "-c", "format.properties", *shape.format_arguments)
    command = kafka.command("kafka.tools.StorageTool", "format", *named)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 -- the command is ours
    if done.returncode:
        raise NotFormatted((done.stdout + done.stderr).strip())
    (folder / "formatting").rename(folder / "data")
    (folder / "format.properties").unlink()


def _configure(path: Path, ports: Ports, shape: Shape, *, data: str) -> None:
    # Of a setting written twice Kafka takes the last.
    text = TEMPLATE.read_text() + "".join(f"\n{name}={value}" for name, value in shape.properties.items()) + "\n"
    path.touch(mode=0o600)  # a secured node's settings hold passwords
    path.write_text(
        Template(text).safe_substitute(broker_port=ports.broker, controller_port=ports.controller, data=data)
    )


def cluster_id() -> str:
    """Return a random id as Kafka writes them; one that begins with a dash would be taken for an option."""
    drawn = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return drawn if not drawn.startswith("-") else cluster_id()
