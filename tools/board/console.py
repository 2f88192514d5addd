"""What the board has said: kept, searched, waited for; and the line ends and REPL modes in it."""

import re
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from .errors import BoardError

RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n"
_FRIENDLY_BANNER = b'Type "help()" for more information.\r\n'
_KEPT_BYTES = 4 * 1024 * 1024
_TAIL = 2000
_LOOK_AGAIN_S = 0.05  # how often a waiter asks whether there is hope


class Console:
    """The bytes that the board sent, the last 4 MiB of them. Any thread may read."""

    def __init__(self, on_bytes: Callable[[bytes], Any] | None = None) -> None:
        self._on_bytes = on_bytes
        self._data = bytearray()
        self._dropped = 0
        self._mark = 0
        self._changed = threading.Condition()

    def write(self, data: bytes) -> None:
        with self._changed:
            self._data += data
            if len(self._data) > 2 * _KEPT_BYTES:
                self._dropped += len(self._data) - _KEPT_BYTES
                del self._data[:-_KEPT_BYTES]
            self._changed.notify_all()
        if self._on_bytes is not None:
            try:
                self._on_bytes(data)
            except Exception:  # the board goes on, whatever its listener makes of it
                traceback.print_exc()

    @property
    def text(self) -> str:
        with self._changed:
            return self._data.decode("utf-8", "replace")

    def mark(self) -> int:
        """From here on `wait_for` searches; the position is in bytes since the board was made."""
        self._mark = self.position
        return self._mark

    def wait_for(self, pattern: str | re.Pattern, timeout: float) -> re.Match:
        """The first match after the mark, which then moves behind it. BoardError with the last output if none comes."""
        wanted = re.compile(re.escape(pattern)) if isinstance(pattern, str) else pattern
        # Searched as bytes, since a character may still be on its way; given back as text.
        binary = re.compile(wanted.pattern.encode(), wanted.flags & ~re.UNICODE)
        found, self._mark = self.search(binary, self._mark, timeout)
        return wanted.search(found.group().decode("utf-8", "replace")) or found

    def search(
        self, pattern: re.Pattern, since: int, timeout: float, hopeful: Callable[[], bool] = lambda: True
    ) -> tuple[re.Match, int]:
        """The first match of a pattern of bytes after position `since`, and the position of its end.

        BoardError when none has come within `timeout` seconds, or when `hopeful()` says that none will.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                found = pattern.search(bytes(self._data[max(0, since - self._dropped) :]))
                if found:
                    return found, max(since, self._dropped) + found.end()
                left = deadline - time.monotonic()
                if left <= 0 or not hopeful():
                    tail = self._data[-_TAIL:].decode("utf-8", "replace")
                    raise BoardError(f"{pattern.pattern!r} did not come; the console ends in:\n{tail}")
                self._changed.wait(min(left, _LOOK_AGAIN_S))

    @property
    def position(self) -> int:
        """Bytes that the board has sent since it was made."""
        with self._changed:
            return self._dropped + len(self._data)


class Cooker:
    """What the interpreter prints, as the chip sends it: a lone newline becomes CR LF.

    It also follows the REPL's mode (`raw`), and once the start is over (the rom prints `ready`) it hides the friendly
    banner if the mode is raw: on the chip the raw REPL just goes on after a soft reset. `on_ready()` is called there.
    """

    def __init__(self, ready: str, send: Callable[[bytes], Any], on_ready: Callable[[], Any]) -> None:
        self._ready = ready.encode()
        self._send = send
        self._on_ready = on_ready
        self.raw = False
        self.restart()

    def restart(self) -> None:
        """A new interpreter begins; the mode stays."""
        self._booting = True
        self._hiding = False
        self._last = b""
        self._held = b""
        self._recent = b""

    def feed(self, data: bytes) -> None:
        if self._booting:
            data = self._held + data
            before, marker, after = data.partition(self._ready)
            if not marker:
                keep = _overlap(data, self._ready)
                self._held = data[len(data) - keep :]
                self._cooked(data[: len(data) - keep])
                return
            self._cooked(before)
            self._booting, self._held, self._hiding = False, b"", self.raw
            self._on_ready()
            data = after
        if self._hiding:
            self._held += data
            _, marker, after = self._held.partition(RAW_BANNER)
            if not marker:
                return
            self._hiding, self._held = False, b""
            data = RAW_BANNER + after
        self._cooked(data)

    def _cooked(self, data: bytes) -> None:
        if not data:
            return
        cooked = re.sub(rb"(?<!\r)\n", b"\r\n", data)
        if self._last == b"\r" and data[:1] == b"\n":
            cooked = cooked[1:]  # its CR was sent at the end of the last chunk
        self._last = cooked[-1:]
        self._follow(cooked)
        self._send(cooked)

    def _follow(self, cooked: bytes) -> None:
        recent = self._recent + cooked
        raw, friendly = recent.rfind(RAW_BANNER), recent.rfind(_FRIENDLY_BANNER)
        if raw >= 0 or friendly >= 0:
            self.raw = raw > friendly
        self._recent = recent[-(len(_FRIENDLY_BANNER) - 1) :]


def _overlap(data: bytes, marker: bytes) -> int:
    """How many bytes at the end of `data` may be the beginning of `marker`."""
    return next((n for n in range(min(len(data), len(marker) - 1), 0, -1) if data.endswith(marker[:n])), 0)
