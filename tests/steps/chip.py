"""What of a board is not real: the power, which goes where the plan says so, and time."""

import sys

from micropython import const

_BLOCK = const(512)


def cut(what):
    print(what)
    sys.stdin.read()


# A new name takes heap for ever, in the end as much as a whole module: here are few that the library has not.


class Flash:
    """The image of a flash in a file, which loses its power at a write."""

    def __init__(self, path, cut_at):
        self.raw = open(path, "r+b")  # noqa: SIM115 (as long as the board lives)
        self.size = self.raw.seek(0, 2)
        self.left = cut_at
        self.count = 0  # writes

    def readblocks(self, first, buffer, start=0):
        self.raw.seek(first * _BLOCK + start)
        self.raw.readinto(buffer)

    def writeblocks(self, first, buffer, start=0):
        self.count += 1
        if self.count == self.left:
            cut("CUT")
        self.raw.seek(first * _BLOCK + start)
        self.raw.write(buffer)

    def ioctl(self, kind, first):
        if kind == 4:
            return self.size // _BLOCK
        if kind == 5:
            return _BLOCK
        if kind == 6:
            self.writeblocks(first, b"")
            for _ in range(_BLOCK // 32):
                self.raw.write(b"\xff" * 32)
        return 0


class Requests:
    """A session that counts requests, and at one of them the power goes: before it is sent, or once it was answered."""

    def __init__(self, requests, plan):
        self.requests = requests
        self.first = plan.get("cut before request")
        self.last = plan.get("cut after request")
        self.count = 0
        self.left = 0  # those that were not telemetry

    def request(self, method, url, **more):
        self.count += 1
        if not url.endswith("/telemetry"):
            self.left += 1
        if self.count == self.first:
            cut("CUT")
        response = self.requests.request(method, url, **more)
        if self.count == self.last:
            cut("CUT")
        return response


class Board:
    hung = ""

    def __init__(self, cause):
        self.cause = cause

    def is_connected(self):
        return True

    def address(self):
        return "10.0.2.15"

    def is_pressed(self):
        return False

    def light(self, on):
        pass

    def feed(self):
        pass

    def rest(self):
        pass

    def heap(self):
        return ()

    def serial_number(self):
        return "SN"

    def reset_cause(self):
        return self.cause

    def reset(self):
        cut("RESET")


class Ticks:
    count = 1000

    def __call__(self):
        return self.count

    def sleep(self, first):
        self.count += first
