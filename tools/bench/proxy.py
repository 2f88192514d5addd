"""A TCP proxy before the hub that counts what goes through, from outside and so the same way for every subject."""

import select
import socket
import socketserver
import threading
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

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


class CountingProxy:
    """A context manager: while it is open, `port` leads to `target_port`, both on this machine."""

    def __init__(self, target_port: int) -> None:
        self._counts = Counts()
        self._lock = threading.Lock()
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                proxy._forward(self.request, target_port)

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy", daemon=True)

    def counts(self) -> Counts:
        """A copy of what was counted up to now."""
        with self._lock:
            return replace(self._counts)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _forward(self, client: socket.socket, target_port: int) -> None:
        first = True
        with socket.create_connection(("127.0.0.1", target_port)) as hub:
            for end in (client, hub):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._counts.connections += 1
            while True:
                for end in select.select([client, hub], [], [])[0]:
                    try:
                        data = end.recv(65536)
                    except ConnectionError:
                        data = b""
                    if not data:
                        return  # HTTP: who closes one way has nothing to hear either
                    with self._lock:
                        if end is client:
                            self._counts.bytes_up += len(data)
                            self._counts.handshakes += first and data[0] == _TLS_HANDSHAKE
                            first = False
                        else:
                            self._counts.bytes_down += len(data)
                    try:
                        (hub if end is client else client).sendall(data)
                    except ConnectionError:
                        return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
