"""Telemetry that waits for the hub: a bounded ring in memory; `spool` is the same on flash."""

import os

from micropython import const

from . import once

if False:  # for the type checker
    from .clock import Clock

# A few large pieces of heap, as many small ones would leave holes all over it: segments, each of lines, then zeros. A
# line is a message: when it was taken, whose it is, the body. One that waits no longer begins with _GONE.
_SEGMENT = const(512)
_GONE = const(45)  # -


class Outbox:
    """Messages that wait. What cannot be kept is dropped and counted, the oldest first."""

    # For `backlog`.
    drained_at = 0  # uptime
    slowness = 1  # of draining; doubled when the hub wants fewer requests
    stuck = 0  # times that the hub failed over the oldest message
    hopeless_at = 0  # failures of NTP after which those that were never dated are dropped, once that is known

    def __init__(self, clock: "Clock", size: int, policy: str):
        """`size`: the most bytes of heap for what waits. `policy`: "history", or "latest": of each device only its
        newest message waits; the one before it is not counted as dropped."""
        self.count = 0  # messages that wait
        self.dropped = 0
        self.clock = clock
        self.is_latest = policy == "latest"
        self._size = size
        self._segments: list = []  # as many as are needed, the oldest first
        self._end = 0  # in the last of them: where the next line goes

    def put(self, body: bytes, at_ms: int, called: str = "") -> None:
        """Keeps a message for later. `body`: as message.encode gives it without a timestamp; `at_ms`: clock.uptime_ms()
        when it was taken; `called`: a gateway's child, or "" for the board itself."""
        segments = self._segments
        while True:
            try:
                self._add(("%s %s " % (at_ms, called)).encode(), body)
                return
            except MemoryError:
                if not segments or len(body) > self._size:
                    self.dropped += 1
                    return
                self.dropped += self.count
                self._trim(len(segments[0]))  # all lines there
                self.dropped -= self.count

    def first(self) -> tuple | None:
        """The oldest: `called` and the body with its timestamp. None if there is none, or while the clock is not set:
        it is dated only now, so that the clock may be set after the message was taken. A restart loses all."""
        for place in self._waiting():
            return self._dated(*place)
        return None

    def done(self) -> None:
        """What `first` gave was taken by the hub, or refused for good."""
        self._trim(1)

    def rest(self, is_last: bool = False) -> bool:
        """The end of a step, or of the run. True: flash was written, as it should; here there is nothing to do."""
        return False

    def _waiting(self):
        # Each line: its segment, where it begins and where it ends there.
        for segment in self._segments:
            at = 0
            while end := segment.find(b"\n", at) + 1:
                if segment[at] != _GONE:
                    yield segment, at, end
                at = end

    def _dated(self, segment, at, end):
        # A message may be large, and holes in memory small: it is copied as seldom as can be.
        called = segment.find(b" ", at) + 1
        body = segment.find(b" ", called) + 1
        stamp = self.clock.timestamp(self.clock.uptime_ms() - int(segment[at : called - 1]))
        if stamp:
            text = bytes(memoryview(segment)[body : end - 2]) + (',"timestamp":"%s"}' % stamp).encode()
            return segment[called : body - 1].decode(), text
        return None

    def _add(self, head, body):
        # MemoryError: there is no memory or no room for it.
        segments = self._segments
        if self.is_latest:
            for segment, at, _ in self._waiting():
                called = segment.find(b" ", at)
                if segment.startswith(head[head.find(b" ") :], called):
                    segment[at] = _GONE
                    self.count -= 1
            self._trim(0)
        size = len(head) + len(body) + 1
        if not segments or self._end + size > len(segments[-1]):
            room = max(min(_SEGMENT, self._size // 8), size)
            if sum(map(len, segments)) + room > self._size:
                raise MemoryError
            segments.append(bytearray(room))
            self._end = 0
        for part in head, body, b"\n":
            end = self._end + len(part)
            segments[-1][self._end : end] = part
            self._end = end  # only now: it may find no memory
        self.count += 1

    def _trim(self, most):
        # The oldest, at most so many, and of the first segment only, wait no longer. Up to the first line that waits
        # all is given back. It takes no memory, as it is there for when there is none.
        segments = self._segments
        while segments:
            segment = segments[0]
            at = 0
            while end := segment.find(b"\n", at) + 1:
                if segment[at] != _GONE:
                    if not most:
                        return
                    most -= 1
                    segment[at] = _GONE
                    self.count -= 1
                at = end
            segments.pop(0)
            most = 0


def opened(clock: "Clock", settings: dict, folder: str) -> Outbox:
    """The one that `outbox` of the settings asks for; or one on flash, as long as something waits there. That goes on
    with what the run before left in `folder`, which is what the paths of its files begin with."""
    if settings["in"] == "flash" and settings["policy"] == "history" or waits(folder):
        return once("spool", "Spool", clock, settings["size"], folder)
    return Outbox(clock, settings["size"], settings["policy"])


def waits(folder: str) -> bool:
    """Whether there may be something on flash."""
    try:
        return bool(os.listdir(folder + "outbox"))
    except OSError:
        return False
