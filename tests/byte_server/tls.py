"""TLS over a socket, with the bytes on the wire in our hands: they are recorded, and can be dripped."""

import socket
import ssl
from typing import Any


class TlsWire:
    """The server's end of a TLS connection with a socket's `recv` and `sendall`. `raw` has every byte of the client."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self.raw = bytearray()
        self.established = False
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def handshake(self) -> None:
        """SSLError when the client refuses us."""
        self._do(self._tls.do_handshake)
        self.established = True

    def recv(self, size: int) -> bytes:
        try:
            return self._do(self._tls.read, size)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def sendall(self, data: bytes) -> None:
        self._do(self._tls.write, data)

    def notify(self) -> None:
        """Says close_notify."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # the client's own close_notify has not come; ours is on its way
        self._flush()

    def _do(self, action: Any, *args: Any) -> Any:
        while True:
            try:
                return action(*args)
            except ssl.SSLWantReadError:
                self._flush()
                data = self._sock.recv(65536)
                self.raw += data
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            finally:
                self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._sock.sendall(self._outgoing.read())
