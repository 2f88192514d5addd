"""A TCP proxy between a board and its hub that does what bad networks do, one kind of it at a time."""

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from types import TracebackType
from typing import Self

# What `become` takes: what it does to each connection from then on.
#   well      nothing
#   delay     each piece waits, some of them for longer than the board does
#   cut       closed after some bytes, whichever way they went
#   reset     the same with a TCP RST
#   throttle  half the bandwidth, half of that, and so on
#   swallow   accepted, and nothing that comes is ever answered, nor goes on to the hub
#   mute      the hub gets what comes, the board never its answer
#   corrupt   a byte is another one than was sent: only where TLS finds out
#   mixed     each connection has one of these, or none
#   deaf      not accepted: the system takes the first few, and then none
#   refused   nobody listens
PER_CONNECTION = ("delay", "cut", "reset", "throttle", "swallow", "mute")
_RATE = 8192  # bytes a second at which a throttled connection starts
_PIECE = 64  # bytes at a time then
_CORRUPTED = 0.25  # of the pieces
_BACKLOG = 2


class BadProxy:
    """A context manager: while it is open, `port` leads to `target_port`, both on this machine, as `become` says.

    `timeout_s`: how long the board waits for an answer. `faults` counts what was done, by its kind.
    """

    def __init__(self, target_port: int, seed: int, timeout_s: float, tls: bool) -> None:
        self.faults: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._timeout_s = timeout_s
        self._target_port = target_port
        self._kinds = (*PER_CONNECTION, "corrupt") if tls else PER_CONNECTION
        self._mode = "well"
        self._links: set[_Link] = set()
        self._accepting: asyncio.Task[None] | None = None
        self._listener: socket.socket | None = None
        # Bound, but not listening: nobody else gets the port while it is refused.
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bad proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.become("well")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._holder.close()

    def become(self, mode: str) -> None:
        """From now on; when this returns, it is so."""
        asyncio.run_coroutine_threadsafe(self._become(mode), self._loop).result()

    async def _become(self, mode: str) -> None:
        self._mode = mode
        if self._accepting is not None:
            self._accepting.cancel()
            self._accepting = None
        if mode == "refused":
            self._close_listener()
            for link in self._links:
                link.task.cancel()
            return
        if self._listener is None:
            self._listener = _bound(self.port)
            self._listener.listen(_BACKLOG)
        if mode == "deaf":
            self.faults[mode] += 1
            for link in self._links:
                link.mode = "swallow"
        else:
            for link in self._links:
                self._choose(link)
            self._accepting = self._loop.create_task(self._accept(self._listener))

    async def _stop(self) -> None:
        await self._become("refused")
        await asyncio.gather(*(link.task for link in self._links), return_exceptions=True)

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            board, _ = await self._loop.sock_accept(listener)
            link = _Link(board)
            self._choose(link)
            link.task = self._loop.create_task(self._serve(link))
            self._links.add(link)

    def _choose(self, link: "_Link") -> None:
        if link.mode == "swallow":
            return  # what is missing in it is missing for ever
        chance = self._random
        link.mode = chance.choice(("well", *self._kinds)) if self._mode == "mixed" else self._mode
        link.left = chance.randrange(chance.choice((400, 4000)))
        link.rate = _RATE

    async def _serve(self, link: "_Link") -> None:
        hub = socket.socket()
        link.ends = (link.board, hub)
        pumps = []
        try:
            for end in link.ends:
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.sock_connect(hub, ("127.0.0.1", self._target_port))
            pumps = [
                self._loop.create_task(self._pump(link, link.board, hub)),
                self._loop.create_task(self._pump(link, hub, link.board)),
            ]
            # HTTP: who closes one way has nothing to hear either.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._links.discard(link)
            for end in link.ends:
                end.close()

    async def _pump(self, link: "_Link", source: socket.socket, target: socket.socket) -> None:
        try:
            while data := await self._loop.sock_recv(source, 65536):
                await self._pass_on(link, data, source, target)
        except _Cut:
            if link.mode == "reset":
                for end in link.ends:  # with l_linger 0 its close is a RST: socket(7)
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass  # the other end has gone

    async def _pass_on(self, link: "_Link", data: bytes, source: socket.socket, target: socket.socket) -> None:
        mode = link.mode
        if mode == "swallow" or (mode == "mute" and target is link.board):
            self.faults[mode] += 1
            link.mode = "swallow"
            return
        if mode in ("cut", "reset"):
            link.left -= len(data)
            if link.left < 0:
                self.faults[mode] += 1
                await self._loop.sock_sendall(target, data[: link.left])
                raise _Cut
        elif mode == "delay":
            self.faults[mode] += 1
            await asyncio.sleep(self._random.uniform(0, 1.2 * self._timeout_s))
        elif mode == "corrupt" and self._random.random() < _CORRUPTED:
            self.faults[mode] += 1
            at = self._random.randrange(len(data))
            data = data[:at] + bytes((data[at] ^ self._random.randrange(1, 256),)) + data[at + 1 :]
        elif mode == "throttle":
            self.faults[mode] += 1
            link.rate /= 2
            for at in range(0, len(data), _PIECE):
                await asyncio.sleep(_PIECE / link.rate)
                await self._loop.sock_sendall(target, data[at : at + _PIECE])
            return
        await self._loop.sock_sendall(target, data)


class _Cut(Exception):
    """The connection ends here."""


class _Link:
    """A connection of the board's, and what is done to it."""

    task: asyncio.Task[None]
    ends: tuple[socket.socket, ...] = ()

    def __init__(self, board: socket.socket) -> None:
        self.board = board
        self.mode = "well"
        self.left = 0  # bytes, until it is cut
        self.rate: float = _RATE


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", port))
    return sock
