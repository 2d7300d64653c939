"""Ports of this machine for what we start ourselves: a local Kafka, the instances of a demo."""

import random
import socket
from collections import deque
from itertools import islice

from shared.errors import Unavailable

# Below the ports that systems lend to outgoing connections: a client that knocks on its dead server's port from that
# range ends up connected to itself, and the server can never have its port back.
PORTS = range(20_000, 32_000)
# Given away and perhaps not listened on yet: whoever lays out a cluster asks several times before anything starts.
_GIVEN: deque[int] = deque(maxlen=2_000)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a port of the loopback now."""
    with socket.socket() as probe:
        # As servers do: connections of a dead one still closing are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Return ``count`` different free ports, drawn by chance; none of the last 2,000 that this process was given.

    Raises:
        Unavailable: fewer are left on this machine.
    """
    given = frozenset(_GIVEN)
    drawn = (port for port in random.sample(PORTS, k=len(PORTS)) if port not in given and is_free(port))
    found = list(islice(drawn, count))
    if len(found) < count:
        raise Unavailable("Cette machine n’a plus de port libre.")
    _GIVEN.extend(found)
    return found
