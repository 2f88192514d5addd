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
_BATCH = const(1024)  # bytes of memory that are written at once; it may be half as much again,
_WAIT = const(600)  # or what there is after so many seconds; then a failure is tried again, too
_MEMORY = const(8192)  # bytes, at most, that wait for that


class Spool(Outbox):
    """What is new waits in memory, and goes to flash in batches, dated.

    `rest` keeps how far it was sent: a restart sends nothing twice, a power cut what was sent since the `rest` before.
    What has not gone to flash is lost by both: a batch, or what was taken before the clock was set.
    """

    _offset = 0  # in the first file: the first line that waits
    _given = 0  # bytes of it, if `first` gave it
    _is_open = False  # the last file may grow
    _due = NEVER  # when what is in memory goes to flash, as an uptime
    _error: object = None  # that `rest` is to raise; True: it has
    _saved: dict | None = None  # how far it was sent

    def __init__(self, clock: "Clock", size: int, folder: str):
        """`size`: the most bytes of flash. Takes up what the run before left."""
        super().__init__(clock, min(size, _MEMORY), "history")
        self._room = size
        self._batch = min(_BATCH, size // 4)
        self._folder = folder + "outbox"
        self._files: list = []  # of each: its number, how many lines wait there, its bytes
        state: dict = {}
        try:
            state = once("store", "load", self._folder + ".json")
        except errors.StoreError:
            pass  # so all is sent again
        self.dropped = state.get("dropped", 0)
        self._newest = state.get("file", 0)  # the highest number that a file ever had
        self._take_up(self._newest, state.get("offset", 0))

    def put(self, body: bytes, at_ms: int, called: str = "") -> None:
        """As any outbox."""
        if not self._error:
            self._flush(self._batch)
        super().put(body, at_ms, called)
        if self._due == NEVER:
            self._due = self.clock.uptime() + _WAIT

    def first(self) -> tuple | None:
        """As any outbox; a line that is not as it was written is dropped."""
        while self._files:
            number = self._files[0][0]
            self._given = 0
            try:
                with open(self._path(number), "rb") as file:
                    file.seek(self._offset)
                    line = file.readline()
                self._given = len(line)
                text = line[9:-1]
                if line[:9] == b"%08x " % crc32(text, number):  # the number, as FAT may show an old file's lines
                    called, body = text.split(b" ", 1)
                    return called.decode(), body
            except (OSError, ValueError, MemoryError):
                pass
            if self._given:
                self.dropped += 1
                self.done()
            else:
                self._leave()
        return super().first()

    def done(self) -> None:
        """As any outbox."""
        self._due = NEVER  # the hub is back: what is in memory needs no flash
        if not self._given:
            super().done()
            return
        self._offset += self._given
        self._given = 0
        self.count -= 1
        self._files[0][1] -= 1
        if not self._files[0][1]:
            self._leave()

    def rest(self, is_last: bool = False) -> bool:
        """The end of a step: what is due goes to flash, and at the end of the run all that can. True: flash was
        written, as it should. Raises StoreError when that begins to fail; all goes on in memory then."""
        is_written = False
        if is_last or self.clock.uptime() >= self._due:
            self._flush(0)
        file = self._files[0][0] if self._files else self._newest + 1
        state = {"file": file, "offset": self._offset, "dropped": self.dropped}
        if state != self._saved:
            self._saved = state
            try:
                is_written = once("store", "save", self._folder + ".json", state)
            except errors.StoreError as error:
                self._error = self._error or error
        if self._error and self._error is not True:
            text = "%s: %s" % (self._folder, self._error)
            self._error = True
            raise errors.StoreError(text)
        return is_written and not self._error

    def _take_up(self, first, offset):
        # Whatever is in the folder. `first` is the file that was being sent, `offset` how far.
        try:
            names = os.listdir(self._folder)
        except OSError:
            return
        for number in sorted(map(int, filter(str.isdigit, names))):
            self._newest = max(first, number)
            at = offset if number == first else 0
            size = lines = 0
            try:
                with open(self._path(number), "rb") as file:
                    file.seek(at)
                    for line in file:
                        size += len(line)
                        lines += number >= first
            except (OSError, MemoryError):
                continue
            if not self._files:
                self._offset = at
            self._files.append([number, lines, size])
            self.count += lines
            if not self._files[0][1]:
                self._leave()  # it was sent, or there is nothing in it

    def _path(self, number):
        return "%s/%d" % (self._folder, number)

    def _leave(self):
        # The first file, with what waits there.
        number, lines, _ = self._files.pop(0)
        self._offset = self._given = 0
        self.count -= lines
        self.dropped += lines
        try:
            os.remove(self._path(number))
        except OSError:
            pass  # the next start sees it again
        if not self._files:
            self._is_open = False

    def _flush(self, most):
        # What waits in memory, if it is more than so many bytes.
        try:
            if sum(map(len, self._segments)) > most:
                self._due = self.clock.uptime() + _WAIT
                if self.clock.timestamp():
                    self._write()
                    self._due = NEVER
                    self._error = None
        except (OSError, MemoryError) as error:
            self._error = self._error or error

    def _write(self):
        files = self._files
        room = self._room - self._batch
        for _, _, size in files:
            room -= size
        while room < 0:
            room += files[0][2]
            self._leave()
        mode = "ab"
        if not self._is_open:
            mode = "wb"
            try:
                os.mkdir(self._folder)
            except OSError:
                pass  # it is there, or else the next will say what is wrong
        last = files[-1] if self._is_open else [self._newest + 1, 0, 0]
        number, lines, size = last
        self._is_open = False
        with open(self._path(number), mode) as file:
            for place in self._waiting():
                called, body = self._dated(*place)
                text = called.encode() + b" " + body
                size += file.write(b"%08x %s\n" % (crc32(text, number), text))
                lines += 1
        # Only now, as closing it may fail.
        if mode == "wb":
            files.append(last)
            self._newest = number
        last[1] = lines
        last[2] = size
        self._is_open = size < min(_FILE, self._room // 4) - _BATCH * 3 // 2
        self._segments.clear()
