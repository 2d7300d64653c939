"""The folder of a node: its configuration, and the format Kafka asks for before it writes the first record."""

import base64
import shutil
import subprocess
import uuid
from pathlib import Path
from string import Template

from shared.messaging.embedded.errors import NotFormatted
from shared.messaging.embedded.footprint import Ports
from shared.messaging.embedded.jvm import Installation

TEMPLATE = Path(__file__).with_name("server.properties")
CONFIGURATION = "server.properties"


def make_ready(folder: Path, ports: Ports, kafka: Installation) -> None:
    """Write the node's configuration, and format its data folder if it has none.

    Raises:
        NotFormatted: Kafka's own tool refused; the message has its words.
    """
    _configure(folder / CONFIGURATION, ports, data="data")
    if not (folder / "data").exists():
        _format(folder, ports, kafka)


def _format(folder: Path, ports: Ports, kafka: Installation) -> None:
    """Format aside, then give the name: a format cut short is never taken for a whole one."""
    shutil.rmtree(folder / "formatting", ignore_errors=True)
    _configure(folder / "format.properties", ports, data="formatting")
    command = kafka.command("kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", "format.properties")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 -- the command is ours
    if done.returncode:
        raise NotFormatted((done.stdout + done.stderr).strip())
    (folder / "formatting").rename(folder / "data")
    (folder / "format.properties").unlink()


def _configure(path: Path, ports: Ports, *, data: str) -> None:
    filled = Template(TEMPLATE.read_text()).substitute(
        broker_port=ports.broker, controller_port=ports.controller, data=data
    )
    path.write_text(filled)


def _cluster_id() -> str:
    """Return a random id as Kafka writes them; one that begins with a dash would be taken for an option."""
    drawn = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return drawn if not drawn.startswith("-") else _cluster_id()
