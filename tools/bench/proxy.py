"""A TCP proxy before the hub that counts what goes through, from outside and so the same way for every subject."""

import select
import socket
import threading
from dataclasses import dataclass, replace

from tools.bench.server import BackgroundServer

_TLS_HANDSHAKE = 0x16  # RFC 8446, section 5.1: the first byte of a client that speaks TLS


@dataclass
class Counts:
    """What went through so far. Bytes are TCP's payload: with TLS its records and handshakes are among them."""

    connections: int = 0
    handshakes: int = 0
    bytes_up: int = 0
    bytes_down: int = 0

    def __sub__(self, earlier: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) - getattr(earlier, name) for name in vars(self)))


class CountingProxy(BackgroundServer):
    """A context manager: while it is open, `port` leads to `target_port`, both on this machine."""

    def __init__(self, target_port: int) -> None:
        super().__init__("proxy")
        self._target_port = target_port
        self._counts = Counts()
        self._lock = threading.Lock()

    def counts(self) -> Counts:
        """A copy of what was counted up to now."""
        with self._lock:
            return replace(self._counts)

    def handle(self, sock: socket.socket) -> None:
        first = True
        with socket.create_connection(("127.0.0.1", self._target_port)) as hub:
            for end in (sock, hub):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._counts.connections += 1
            while True:
                for end in select.select([sock, hub], [], [])[0]:
                    try:
                        data = end.recv(65536)
                    except ConnectionError:
                        data = b""
                    if not data:
                        return  # HTTP: who closes one way has nothing to hear either
                    with self._lock:
                        if end is sock:
                            self._counts.bytes_up += len(data)
                            self._counts.handshakes += first and data[0] == _TLS_HANDSHAKE
                            first = False
                        else:
                            self._counts.bytes_down += len(data)
                    try:
                        (hub if end is sock else sock).sendall(data)
                    except ConnectionError:
                        return
