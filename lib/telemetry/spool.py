"""The outbox on flash: files `outbox/17`, of a line for each message, `89ab4def called {...}`, with its check sum."""

import os
from binascii import crc32

from micropython import const

from . import errors, once
from .clock import NEVER
from .outbox import Outbox

if False:  # for the type checker
    from .clock import Clock

_FILE = const(4096)  # bytes: what the flash erases at once
_BATCH = const(1024)  # bytes of memory that are written at once,
_WAIT = const(600)  # or what there is after so many seconds; then a failure is tried again, too
_MEMORY = const(8192)  # bytes, at most, that wait for that
_LONGER = const(46)  # bytes, at most, that a line has more on flash than in memory


class Spool(Outbox):
    """What is new waits in memory, and goes to flash in batches, dated.

    `rest` keeps how far it was sent: a restart sends nothing twice, a power cut what was sent since the `rest` before.
    What has not gone to flash is lost by both: a batch, or what was taken before the clock was set.
    """

    def __init__(self, clock: "Clock", size: int, folder: str):
        """`size`: the most bytes of flash. Takes up what the run before left."""
        super().__init__(clock, min(size, _MEMORY), "history")
        self._room = size
        self._folder = folder + "outbox"
        self._files: list = []  # of each: its number, how many messages wait there, its bytes
        self._offset = 0  # in the first of them: the first that waits
        self._given = 0  # bytes of its line, if `first` gave it
        self._is_open = False  # the last of them may grow
        self._due = NEVER  # when what is in memory goes to flash, as an uptime
        self._error: object = None  # that `rest` is to raise; True: it has
        state: dict = {}
        try:
            state = once("store", "load", self._folder + ".json")
        except errors.StoreError:
            pass  # so all is sent again
        self.dropped = state.get("dropped", 0)
        self._newest = state.get("file", 0)  # the highest number that any file ever had
        self._take_up(self._newest, state.get("offset", 0))
        self._saved = self._state()

    def put(self, body: bytes, at_ms: int, called: str = "") -> None:
        """As any outbox."""
        if sum(map(len, self._segments)) > min(_BATCH, self._room // 4) and not self._error:
            self._flush()
        super().put(body, at_ms, called)
        if self._due == NEVER:
            self._due = self.clock.uptime() + _WAIT

    def first(self) -> tuple | None:
        """As any outbox; a line that is not as it was written is dropped."""
        while self._files:
            number, _, size = self._files[0]
            self._given = 0
            try:
                with open(self._path(number), "rb") as file:
                    file.seek(self._offset)
                    line = file.readline()
                if self._offset < size and line[-1:] == b"\n":  # else it is torn, and was never counted
                    self._given = len(line)
                    text = line[9:-1]
                    if line[:9] == b"%08x " % crc32(text, number):
                        called, body = text.split(b" ", 1)
                        return called.decode(), body
            except (OSError, MemoryError):
                pass
            if self._given:
                self.done()
                self.dropped += 1
            else:
                self._leave()
        return super().first()

    def done(self) -> None:
        """As any outbox."""
        self._due = NEVER  # the hub is back: what is in memory needs no flash
        if self._given:
            self._offset += self._given
            self._given = 0
            self._files[0][1] -= 1
            self.count -= 1
        else:
            super().done()

    def rest(self, is_last: bool = False) -> None:
        """The end of a step: what is due goes to flash, and at the end of the run all that can. Raises StoreError when
        that begins to fail; all goes on in memory then."""
        if self.clock.uptime() >= self._due or is_last and self._segments:
            self._flush()
        state = self._state()
        if state != self._saved:
            self._saved = state
            try:
                once("store", "save", self._folder + ".json", state)
            except errors.StoreError as error:
                self._error = self._error or error
        if self._error and self._error is not True:
            text = "%s: %s" % (self._folder, self._error)
            self._error = True
            raise errors.StoreError(text)

    def _take_up(self, first, offset):
        # Whatever is in the folder. `first` is the file that was being sent, `offset` how far.
        try:
            names = os.listdir(self._folder)
        except OSError:
            return
        for number in sorted(int(name) for name in names if name.isdigit()):
            self._newest = max(first, number)
            lines = 0
            try:
                with open(self._path(number), "rb") as file:
                    at = file.seek(offset if number == first else 0)
                    while text := file.read(256):
                        lines += text.count(b"\n")
                    size = file.tell()
            except OSError:
                continue
            if lines and number >= first:
                if number == first:
                    self._offset = at
                self._files.append([number, lines, size])
                self.count += lines
            else:
                self._remove(number)

    def _state(self):
        return {
            "file": self._files[0][0] if self._files else self._newest + 1,
            "offset": self._offset,
            "dropped": self.dropped,
        }

    def _path(self, number):
        return "%s/%d" % (self._folder, number)

    def _remove(self, number):
        try:
            os.remove(self._path(number))
        except OSError:
            pass  # the next start sees it again

    def _leave(self):
        # The first file, with what waits there.
        number, lines, _ = self._files.pop(0)
        self._offset = self._given = 0
        self.count -= lines
        self.dropped += lines
        self._remove(number)

    def _flush(self):
        self._due = self.clock.uptime() + _WAIT
        if self.clock.timestamp():
            try:
                self._write()
                self._due = NEVER
                self._error = None
            except (OSError, MemoryError) as error:
                self._is_open = False
                self._error = self._error or error
                if self._files and not self._files[-1][2]:
                    self._remove(self._files.pop()[0])

    def _write(self):
        files = self._files
        batch = sum(end - at + _LONGER for _, at, end in self._waiting())
        while files and sum(size for _, _, size in files) + batch > self._room:
            self._leave()
        if not (self._is_open and files and files[-1][2] + batch <= min(_FILE, self._room // 4)):
            try:
                os.mkdir(self._folder)
            except OSError:
                pass  # it is there, or else the next will say what is wrong
            self._newest += 1
            files.append([self._newest, 0, 0])
        last = files[-1]
        lines = last[1]
        with open(self._path(last[0]), "ab") as file:
            for segment, at, end in self._waiting():
                called, body = self._dated(segment[at:end])
                text = called.encode() + b" " + body
                file.write(b"%08x " % crc32(text, last[0]) + text + b"\n")
                lines += 1
            size = file.tell()
        last[1:] = lines, size  # only now: closing it may fail
        self._segments.clear()
        self._at = 0
        self._is_open = True
