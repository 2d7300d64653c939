"""Whether a Docker engine answers; asked once for all that could run in a container."""

import os
import socket
from contextlib import closing
from functools import cache
from pathlib import Path


@cache
def docker_answers() -> bool:
    """Tell whether a Docker engine answers a ping."""
    if "DOCKER_HOST" not in os.environ and not _listens(Path("/var/run/docker.sock")):
        return False
    from docker import from_env  # noqa: PLC0415 - importing it costs a second, for machines that have an engine
    from docker.errors import DockerException  # noqa: PLC0415

    try:
        with closing(from_env()) as engine:
            return bool(engine.ping())
    except DockerException:
        return False


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return path.exists() and probe.connect_ex(str(path)) == 0
