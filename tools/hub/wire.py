"""The bytes on a connection: uvicorn's HTTP protocol, on a transport that can be told to break off."""

import asyncio
import socket
import struct
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol


class Wire:
    """A connection's transport, http or https. After `break_off` it sends so many bytes more and then closes."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._left: int | None = None
        self._reset = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def break_off(self, after: int = 0, reset: bool = False) -> None:
        """Send `after` bytes more and then close: with what TLS and TCP say at an end, or with a TCP RST."""
        self._left, self._reset = after, reset

    def write(self, data: bytes) -> None:
        if self._left is None:
            self._transport.write(data)
            return
        part = data[: self._left]
        self._left -= len(part)
        if part:
            self._transport.write(part)
        if not self._left:
            self.end()

    def end(self) -> None:
        """Close as `break_off` wants it, though not so many bytes were sent."""
        if self._transport.is_closing():
            return
        if self._reset:
            # To linger for no time is to reset.
            linger = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()
        else:
            self._transport.close()


class Protocol(H11Protocol):
    """uvicorn's own; the application finds the connection's Wire as `scope["state"]["wire"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        wire = Wire(transport)
        self.app_state = self.app_state | {"wire": wire}
        super().connection_made(cast(asyncio.Transport, wire))
