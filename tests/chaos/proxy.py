"""A network that can be hurt: every byte between one EPCI and one Kafka node passes through here."""

import asyncio
import socket
import struct
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

HOST = "127.0.0.1"
# Only inside the value of a record, which its batch covers by a checksum: a bit lost in the lengths and offsets around
# it is lost on TLS only, and no reader of a plain connection could notice.
INSIDE = b'"updated_at"'


class Trouble(StrEnum):
    """What happens to the bytes."""

    NONE = "none"
    DROP = "drop"  # nothing arrives, nobody is told; what was sent arrives once it is over, as TCP would have it
    RESET = "reset"  # every connection is refused or broken at once
    HALF_OPEN = "half_open"  # the node forgets the connection, the client is not told
    DELAY = "delay"  # each piece arrives `amount` seconds later
    RATE = "rate"  # `amount` bytes per second
    TRUNCATE = "truncate"  # after `amount` more bytes the connection breaks
    FLIP = "flip"  # one bit of the next record is wrong; on TLS, of anything


class Way(StrEnum):
    """Which bytes suffer."""

    BOTH = "both"
    UP = "up"  # from the EPCI to Kafka
    DOWN = "down"


@dataclass(frozen=True)
class Weather:
    """The state of one EPCI's network."""

    trouble: Trouble = Trouble.NONE
    way: Way = Way.BOTH
    amount: float = 0

    def concerns(self, way: Way) -> bool:
        """Tell whether bytes going this way suffer."""
        return self.way in {Way.BOTH, way}


CLEAR = Weather()


class Proxy:
    """Stands at one port in front of one Kafka listener."""

    def __init__(self, port: int, target: int, *, sealed: bool = False) -> None:
        self.port = port
        self.target = target
        self.sealed = sealed
        self.weather = CLEAR
        self.flipped = 0
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    async def start(self) -> None:
        """Listen; the target need not be there yet."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self).client, HOST, self.port)

    async def stop(self) -> None:
        """Break every connection and listen no more."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()

    def change(self, weather: Weather) -> None:
        """Let another weather begin, for the connections that are open too."""
        before, self.weather, self.flipped = self.weather, weather, 0
        for connection in list(self._connections):
            connection.feel(before, weather)

    def opened(self, connection: "_Connection") -> None:
        """Remember a connection."""
        self._connections.add(connection)

    def closed(self, connection: "_Connection") -> None:
        """Forget a connection."""
        self._connections.discard(connection)


class _Connection:
    """One client and, behind it, the node."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.client = _Side(self, Way.UP)
        self.node = _Side(self, Way.DOWN)
        self.client.other, self.node.other = self.node, self.client

    def begin(self) -> None:
        """Reach for the node; until it is there the client's bytes wait."""
        self.proxy.opened(self)
        if self.proxy.weather.trouble is Trouble.RESET:
            self.abort()
            return
        self._reaching = asyncio.create_task(self._reach())

    async def _reach(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.node, HOST, self.proxy.target)
        except OSError:
            self.abort()

    def feel(self, before: Weather, weather: Weather) -> None:
        """Live through a change of weather."""
        if weather.trouble is Trouble.RESET or before.trouble in {Trouble.HALF_OPEN, Trouble.TRUNCATE}:
            self.abort()
        elif weather.trouble is Trouble.HALF_OPEN:
            self.node.hang_up()
        for side in (self.client, self.node):
            side.left = weather.amount if weather.trouble is Trouble.TRUNCATE else None
            side.pump()

    def abort(self) -> None:
        """Break both sides, as a reset does."""
        self.proxy.closed(self)
        for side in (self.client, self.node):
            side.hang_up()

    def ended(self) -> None:
        """One side is gone: so is the other, unless the client is not to know."""
        if self.proxy.weather.trouble is not Trouble.HALF_OPEN:
            self.abort()


class _Side(asyncio.Protocol):
    """One end of a connection: what it receives goes to the other, when the weather lets it."""

    other: "_Side"

    def __init__(self, connection: _Connection, way: Way) -> None:
        self._connection = connection
        self._way = way
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.left: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._way is Way.UP:
            self._connection.begin()
        else:
            self.other.pump()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._connection.ended()

    def pause_writing(self) -> None:
        if self.other._transport is not None:
            self.other._transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other._transport is not None:
            self.other._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._waiting.append((self._due(len(data)), data))
        self.pump()

    def pump(self) -> None:
        """Pass on what is due."""
        weather, loop = self._connection.proxy.weather, asyncio.get_running_loop()
        while not self._held(weather) and self._waiting:
            due, data = self._waiting[0]
            if due > loop.time():
                if self._timer is None or self._timer.cancelled() or self._timer.when() < loop.time():
                    self._timer = loop.call_at(due, self.pump)
                return
            self._waiting.popleft()
            self._pass_on(self._spoilt(weather, data))

    def hang_up(self) -> None:
        """End this side with a reset."""
        self._waiting.clear()
        transport, self._transport = self._transport, None
        if transport is not None:
            tcp = cast("socket.socket", transport.get_extra_info("socket"))
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

    def _held(self, weather: Weather) -> bool:
        if weather.trouble is Trouble.HALF_OPEN:
            self._waiting.clear()
        return self.other._transport is None or (weather.trouble is Trouble.DROP and weather.concerns(self._way))

    def _due(self, size: int) -> float:
        weather, now = self._connection.proxy.weather, asyncio.get_running_loop().time()
        if not weather.concerns(self._way):
            return now
        last = self._waiting[-1][0] if self._waiting else now
        if weather.trouble is Trouble.DELAY:
            return max(last, now + weather.amount)
        return max(last, now) + size / weather.amount if weather.trouble is Trouble.RATE else max(last, now)

    def _spoilt(self, weather: Weather, data: bytes) -> bytes:
        if weather.trouble is not Trouble.FLIP or not weather.concerns(self._way):
            return data
        at = len(data) // 2 if self._connection.proxy.sealed else data.find(INSIDE)
        if at < 0 or self._connection.proxy.flipped >= weather.amount:
            return data
        self._connection.proxy.flipped += 1
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    def _pass_on(self, data: bytes) -> None:
        transport = self.other._transport
        if transport is None:
            return
        if self.left is None or not self._connection.proxy.weather.concerns(self._way):
            transport.write(data)
            return
        part, self.left = data[: int(self.left)], self.left - len(data)
        transport.write(part)
        if self.left <= 0:
            asyncio.get_running_loop().call_soon(self._connection.abort)
