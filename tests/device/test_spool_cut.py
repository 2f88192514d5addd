"""The power goes at every operation of the flash while messages wait there, on the real LittleFS2 and FAT drivers,
twice in a row: what was on flash is sent, in order, and again only what was sent in the step of the cut."""

import json

from telemetry.outbox import opened
from test_power_cut import FILE_SYSTEMS, driver, every_cut, formatted
from waiting import HandClock, body

INTERPRETERS = ["micropython"]


class World:
    """What outlives the cuts: the samples that were taken, and the hub."""

    def __init__(self, size):
        self.size = size
        self.taken = 0
        self.safe = set()  # they were on flash
        self.sent = []
        self.in_doubt = set()  # sent since the last `rest`
        self.again = set()  # they may come twice, as a cut came before `rest`
        self.starts = []

    def start(self):
        self.again |= self.in_doubt
        self.in_doubt.clear()
        self.starts.append(len(self.sent))
        self.clock = HandClock()
        self.outbox = opened(self.clock, {"in": "flash", "size": self.size, "policy": "history"}, "/cut/")
        return self.outbox

    def rest(self):
        outbox = self.outbox
        try:
            outbox.rest()
        finally:
            in_memory = outbox.count - sum(file[1] for file in outbox._files)
            self.safe |= set(range(self.first, self.taken - in_memory))
        self.again -= self.in_doubt
        self.in_doubt.clear()

    def takes(self, count, seconds):
        self.first = self.taken
        for _ in range(count):
            self.clock.passes(seconds)
            n = self.taken
            self.taken += 1
            self.outbox.put(body(n, "text" * 9), self.clock.uptime_ms(), "c" if n % 3 else "")
            self.rest()

    def sends(self, most):
        outbox = self.outbox
        for _ in range(most):
            found = outbox.first()
            if not found:
                break
            message = json.loads(found[1])
            n = message["telemetries"]["n"]
            assert found[0] == ("c" if n % 3 else "") and "timestamp" in message
            assert n not in self.sent or n in self.again, (n, self.again)
            self.sent.append(n)
            self.in_doubt.add(n)
            outbox.done()
        self.first = self.taken
        self.rest()

    def check(self):
        self.start()
        while self.outbox.count:
            self.sends(10)
        assert self.outbox._files == [] and self.outbox.first() is None
        ends = self.starts[1:] + [len(self.sent)]
        for start, end in zip(self.starts, ends):
            one = self.sent[start:end]
            assert one == sorted(set(one)), one


def outage(size, checks_all):
    """Samples wait, some are sent, more wait, most are sent."""

    def scenario():
        world = World(size)

        def life():
            world.start()
            world.takes(9, 100)
            world.sends(7)
            world.takes(4, 300)
            world.sends(10)

        def check():
            world.check()
            if checks_all:
                assert world.safe <= set(world.sent), world.safe - set(world.sent)
                assert world.outbox.dropped == 0
            assert len(world.sent) > 8

        return life, check

    return scenario


def test_nothing_that_was_on_flash_is_lost_and_nothing_is_sent_twice():
    for kind in map(driver, FILE_SYSTEMS):
        every_cut(kind, formatted(kind), outage(8192, True), (4,))


def test_cuts_while_the_oldest_are_dropped():
    for kind in map(driver, FILE_SYSTEMS):
        every_cut(kind, formatted(kind), outage(1024, False), (5,))
