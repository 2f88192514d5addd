"""The serial port that mpremote, ampy and terminals open: the outer pty."""

import os
import pty
import select
import selectors
import termios
import tty
from collections.abc import Callable
from typing import Any

from .loop import Loop

_QUEUE_BYTES = 256 * 1024
_LOOK_AGAIN_S = 0.02  # how often to look whether somebody has opened the port


class SerialPort:
    """A pty of which the user has the slave. What is written while nobody has it open is lost, as on a wire.

    `path` is what to give to mpremote; `on_input(bytes)` is called with what the user sends.
    """

    def __init__(self, loop: Loop, on_input: Callable[[bytes], Any]) -> None:
        self._loop = loop
        self._on_input = on_input
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)  # or the board would be its own client, and could not see when the user's goes away
        os.set_blocking(self._master, False)
        self._queue = bytearray()
        self.attached = False
        loop.call(self._look)

    def write(self, data: bytes) -> None:
        """Send to the user without ever waiting; a client that reads nothing loses what exceeds 256 KiB."""
        if not self.attached:
            return
        self._queue += data[: max(0, _QUEUE_BYTES - len(self._queue))]
        self._flush()

    def close(self) -> None:
        """Hang up. Only from the loop's thread."""
        if self._master >= 0:
            self._loop.watch(self._master, 0, self._on_ready)
            os.close(self._master)
            self._master = -1

    def _look(self) -> None:
        """See whether a client came. While there is none the pty reports HUP for ever: nothing to wait on."""
        if self._master < 0:
            return
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        if any(mask & select.POLLHUP for _, mask in poll.poll(0)):
            self._loop.after(_LOOK_AGAIN_S, self._look)
            return
        self.attached = True
        self._loop.watch(self._master, selectors.EVENT_READ, self._on_ready)

    def _on_ready(self, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            try:
                data = os.read(self._master, 4096)
            except BlockingIOError:
                data = None
            except OSError:  # EIO: the last client closed the port
                self._detach()
                return
            if data:
                self._on_input(data)
        if self._queue and self._master >= 0:
            self._flush()

    def _detach(self) -> None:
        self.attached = False
        self._queue.clear()
        self._loop.watch(self._master, 0, self._on_ready)
        try:
            termios.tcflush(self._master, termios.TCIOFLUSH)  # the next client is not to read the last one's rest
            tty.setraw(self._master)  # and finds the port raw, whatever the last one made of it
        except termios.error:
            pass
        self._loop.after(_LOOK_AGAIN_S, self._look)

    def _flush(self) -> None:
        try:
            sent = os.write(self._master, self._queue)
            del self._queue[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._detach()
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._queue else 0)
        self._loop.watch(self._master, events, self._on_ready)
