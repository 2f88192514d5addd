"""What of a board is not real: the power, which goes where the plan says so, and time."""

import sys

_BLOCK = 512


def cut(why):
    print(why)
    sys.stdin.read()


class Flash:
    """The image of a flash in a file, which loses its power at a write."""

    def __init__(self, path, cut_at):
        self.file = open(path, "r+b")  # noqa: SIM115 (as long as the board lives)
        self.size = self.file.seek(0, 2)
        self.cut_at = cut_at
        self.writes = 0

    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * _BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        self.writes += 1
        if self.writes == self.cut_at:
            cut("CUT")
        self.file.seek(number * _BLOCK + offset)
        self.file.write(buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.size // _BLOCK
        if operation == 5:
            return _BLOCK
        if operation == 6:
            self.writeblocks(argument, b"")
            for _ in range(_BLOCK // 32):
                self.file.write(b"\xff" * 32)
        return 0


class Requests:
    """A session that counts requests, and at one of them the power goes: before it is sent, or once it was answered."""

    def __init__(self, session, plan):
        self.session = session
        self.cut_before = plan.get("cut_before")
        self.cut_after = plan.get("cut_after")
        self.count = 0
        self.other = 0  # than telemetry

    def request(self, method, url, **more):
        self.count += 1
        if not url.endswith("/telemetry"):
            self.other += 1
        if self.count == self.cut_before:
            cut("CUT")
        response = self.session.request(method, url, **more)
        if self.count == self.cut_after:
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
    now = 1000

    def __call__(self):
        return self.now

    def sleep(self, ms):
        self.now += ms
