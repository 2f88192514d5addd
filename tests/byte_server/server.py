"""The server and one connection of it. What it does on a connection is a function, the answer, of a `Connection`."""

import socket
import ssl
import struct
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .tls import TlsWire

LIMIT = 60.0  # seconds after which a thread gives up: a limit for what hangs, not a measure


class ClientGone(OSError):
    """The client closed or reset the connection while the answer still wanted to read or to send."""


@dataclass
class Request:
    """One request as it came: `head` has its bytes, up to and with the empty line."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    body: bytes
    head: bytes

    def header(self, name: str) -> str | None:
        """The one header of that name, or None; a name that comes twice fails."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) <= 1, self.head
        return found[0] if found else None


class Connection:
    """One accepted connection, as an answer sees it. `received` has all that the client sent, decrypted."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        self.sock = sock
        self.wire: Any = sock  # what answers read and write: the socket, or TLS over it
        self.stopped = stopped
        self.received = bytearray()
        self.requests: list[Request] = []
        self.client_gone = threading.Event()  # we saw the client close
        self.cut = False  # we closed so hard that the client's end cannot be seen
        self.handshake_error: str | None = None  # what the client's TLS said against us
        self._read = 0  # how much of `received` was taken as requests

    def request(self) -> Request:
        """Waits for one whole request, head and body."""
        while (end := self.received.find(b"\r\n\r\n", self._read)) < 0:
            self._fill()
        head = bytes(self.received[self._read : end + 4])
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, version = first.split(" ")
        headers = [(name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)]
        request = Request(method, target, version, headers, b"", head)
        length = int(request.header("content-length") or 0)
        self._read = end + 4 + length
        while len(self.received) < self._read:
            self._fill()
        request.body = bytes(self.received[end + 4 : self._read])
        self.requests.append(request)
        return request

    def _fill(self) -> None:
        data = self.wire.recv(65536)
        if not data:
            raise ClientGone("closed")
        self.received += data

    def send(self, *pieces: bytes) -> None:
        """Sends each piece as a packet of its own."""
        for piece in pieces:
            self.wire.sendall(piece)

    def send_for_ever(self, piece: bytes, pause: float = 0) -> None:
        """Sends `piece` again and again, until the client has gone."""
        while not self.stopped.wait(pause) if pause else not self.stopped.is_set():
            self.wire.sendall(piece)

    def drip(self, data: bytes) -> None:
        """Sends `data`, then its last byte for ever, one byte every quarter of a second."""
        for byte in data:
            self.send(bytes([byte]))
            if self.stopped.wait(0.25):
                return
        self.send_for_ever(data[-1:], pause=0.25)

    def wait(self) -> None:
        """Says nothing more, and reads until the client has gone."""
        while True:
            self._fill()

    def half_close(self) -> None:
        """Closes our direction: FIN, and in TLS a close_notify before it."""
        if isinstance(self.wire, TlsWire):
            self.wire.notify()
        self.sock.shutdown(socket.SHUT_WR)

    def finish(self) -> None:
        """Closes our direction and stays to see the client close too."""
        self.half_close()
        self.wait()

    def abandon(self) -> None:
        """close(): what the client sent and nobody read makes it a reset."""
        self.cut = True
        self.sock.close()

    def reset(self) -> None:
        """RST, at once."""
        self.cut = True
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Answer = Callable[[Connection], None]


def serve_next(connection: Connection) -> None:
    """The answer of a healthy server, to every request of the connection: 200 and `next`."""
    while True:
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")


class ByteServer:
    """Listens on loopback. The nth connection gets the nth answer, and those after the last one get the last.

    When an answer returns, its connection goes on as a healthy one, so that a client which keeps it is seen.
    """

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None, receive_buffer: int | None = None) -> None:
        self._answers = answers or (serve_next,)
        self._tls = tls
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.connections: list[Connection] = []
        self.failures: list[str] = []
        self._listener = socket.socket()
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def host(self) -> str:
        """What the client's Host header must say."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}"

    @property
    def requests(self) -> list[Request]:
        """All requests of all connections that came whole."""
        return [request for connection in self.connections for request in connection.requests]

    def saw_the_end(self, index: int = 0) -> bool:
        """Waits until the client closed that connection: whether it did."""
        end = time.monotonic() + LIMIT / 2
        while time.monotonic() < end:
            if len(self.connections) > index:
                return self.connections[index].client_gone.wait(LIMIT / 2)
            time.sleep(0.01)  # the client may have gone before we were quick enough to accept
        return False

    def heal(self) -> None:
        """From now on new connections get the healthy answer."""
        self._answers = (serve_next,)

    def close(self) -> None:
        """Ends everything; raises what an answer raised."""
        self._stopped.set()
        for sock in [self._listener, *(connection.sock for connection in self.connections)]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # has gone already
        for thread in [self._acceptor, *self._threads]:
            thread.join(LIMIT)
        self._listener.close()
        for connection in self.connections:
            connection.sock.close()
        assert not self.failures, self.failures[0]

    def __enter__(self) -> "ByteServer":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(LIMIT)
            connection = Connection(sock, self._stopped)
            answer = self._answers[min(len(self.connections), len(self._answers) - 1)]
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, answer), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: Connection, answer: Answer) -> None:
        try:
            if self._tls:
                connection.wire = TlsWire(connection.sock, self._tls)
                connection.wire.handshake()
            answer(connection)
            serve_next(connection)
        except ssl.SSLError as error:
            connection.handshake_error = str(error)
            self._watch(connection)
        except TimeoutError:
            pass  # the client holds the connection: `client_gone` stays unset
        except OSError:
            if not self._stopped.is_set() and not connection.cut:
                connection.client_gone.set()
        except Exception:
            self.failures.append(traceback.format_exc())

    @staticmethod
    def _watch(connection: Connection) -> None:
        # TLS is over, as it is for a real server; what is left to see is whether the client closes too.
        try:
            connection.sock.shutdown(socket.SHUT_WR)
            while connection.sock.recv(65536):
                pass
        except TimeoutError:
            return
        except OSError:
            pass
        connection.client_gone.set()
