"""A server that gives the hub's own answer at once. The local hub works for milliseconds on each telemetry, many times
as long as a client; to tell the clients' times apart they are taken here."""

import socket
import ssl

from tools.bench.server import BackgroundServer

_HEAD_END = b"\r\n\r\n"


class Mirror(BackgroundServer):
    """A context manager: while it is open, every request to `port` is answered. `context`: of TLS.

    `kept` and `closing` are whole answers: to HTTP/1.1, and to HTTP/1.0, after which the connection is closed.
    """

    def __init__(self, kept: bytes, closing: bytes, context: ssl.SSLContext | None = None) -> None:
        super().__init__("mirror")
        self._answers = {True: kept, False: closing}
        self._context = context
        self._requests = 0

    @property
    def requests(self) -> int:
        """How many were answered. One client at a time: nothing locks it."""
        return self._requests

    def handle(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
            while (head := _request(sock)) is not None:
                keep = b" HTTP/1.1\r\n" in head
                self._requests += 1
                sock.sendall(self._answers[keep])
                if not keep:
                    break
        except OSError:
            pass  # the client has gone
        finally:
            sock.close()


def _request(sock: socket.socket) -> bytes | None:
    """Takes one request off the line; gives its head, None at the end."""
    data = b""
    while not _is_whole(data):
        more = sock.recv(65536)
        if not more:
            return None
        data += more
    return data.partition(_HEAD_END)[0] + b"\r\n"


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(_HEAD_END)
    if not end:
        return False
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return True


def recorded(host: str, port: int, request: bytes) -> bytes:
    """The whole answer of a plain hub to `request`."""
    data = b""
    with socket.create_connection((host, port)) as sock:
        sock.sendall(request)
        while not _is_whole(data):
            more = sock.recv(65536)
            if not more:
                raise OSError("the hub closed the connection within an answer")
            data += more
    return data
