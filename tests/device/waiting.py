"""An outbox before its tests: a clock to turn by hand, and what a message looks like."""

from fakes import Ticks
from telemetry import clock as clock_module
from telemetry.clock import Clock
from telemetry.message import encode


class HandClock(Clock):
    """A clock whose hands are `ticks.now`, in milliseconds since a start at midnight; not set if not `is_set`."""

    def __init__(self, is_set=True):
        self.ticks = Ticks(clock_module)
        super().__init__()
        self.start_ms = self.ticks.now
        self.is_set = is_set
        self.stepped_ms = 0  # by NTP

    def timestamp(self, ago_ms=0):
        if not self.is_set:
            return None
        ms = self.ticks.now - self.start_ms + self.stepped_ms - ago_ms
        seconds = ms // 1000
        return "2026-01-%02dT%02d:%02d:%02d.%03dZ" % (
            1 + seconds // 86400,
            seconds // 3600 % 24,
            seconds // 60 % 60,
            seconds % 60,
            ms % 1000,
        )

    def passes(self, seconds):
        self.ticks.now += int(seconds * 1000)


def body(number, more=""):
    values = {"n": number}
    if more:
        values["text"] = more
    return encode(values, "online", False)


def put(outbox, number, called="", more=""):
    outbox.put(body(number, more), outbox.clock.uptime_ms(), called)


def drained(outbox, most=1000, rest=True):
    """What is sent, as (called, number, timestamp), until nothing more can be."""
    import json

    sent = []
    while len(sent) < most:
        found = outbox.first()
        if not found:
            break
        assert outbox.first() == found
        called, text = found
        assert type(called) is str and type(text) is bytes
        message = json.loads(text)
        assert message["status"] == "online"
        sent.append((called, message["telemetries"]["n"], message["timestamp"]))
        outbox.done()
    if rest:
        outbox.rest()
    return sent


def numbers(sent):
    return [number for _, number, _ in sent]
