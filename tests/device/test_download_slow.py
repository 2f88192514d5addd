"""An image over a network that is slow, or that breaks off again and again: a flash keeps whole blocks of it."""

import sys

from rig import Rig
from telemetry import download, errors

INTERPRETERS = ["micropython"]

DATA = b"\xe9" + bytes(11) + b"\0\0" + bytes(range(256)) * 50
BLOCK = 4096


class Partition:
    """Of esp32, in memory."""

    RUNNING = 1
    content = bytearray(4 * BLOCK)

    def __init__(self, which):
        pass

    def info(self):
        return 0, 17, 0x190000, len(self.content), "ota_1", False

    def get_next_update(self):
        return self

    def ioctl(self, operation, block):
        self.content[block * BLOCK : (block + 1) * BLOCK] = b"\xff" * BLOCK

    def writeblocks(self, block, piece, offset):
        at = block * BLOCK + offset
        assert self.content[at : at + len(piece)] == b"\xff" * len(piece)
        self.content[at : at + len(piece)] = piece


class Esp32:
    Partition = Partition


class Sys:
    class implementation:
        _machine = "Generic ESP32 module with ESP32"


class Store:
    """A server of which each answer breaks off after so many bytes, and which needs a second for each 1024."""

    def __init__(self, rig, breaks_after):
        self.rig = rig
        self.breaks_after = breaks_after
        self.asked = 0

    def request(self, method, url, headers=None, timeout=None, stream=False, redirects=0):
        self.asked += 1
        self.at = int(headers["Range"][6:-1]) if headers else 0
        self.end = self.at + self.breaks_after
        self.status_code = 206 if headers else 200
        self.headers = {
            "content-length": str(len(DATA) - self.at),
            "content-range": "bytes %d-%d/%d" % (self.at, len(DATA) - 1, len(DATA)),
            "etag": '"1"',
        }
        return self

    def readinto(self, buffer):
        self.rig.ticks.now += 1000
        count = min(len(buffer), len(DATA) - self.at)
        if self.at + count > self.end:
            raise errors.TimedOut("no whole answer")
        buffer[:count] = DATA[self.at : self.at + count]
        self.at += count
        return count

    def renew(self, timeout):
        pass

    def close(self):
        pass


def got(breaks_after):
    """What comes of each of at most 30 attempts."""
    sys.modules["esp32"] = Esp32
    from telemetry import image

    image.sys = Sys
    rig = Rig((200, {}), interval=1)
    rig.agent.hub.requests = Store(rig, breaks_after)
    state = {"version": "1.1.0", "url": "http://store/1.1.0", "step": "download"}
    found = []
    while len(found) < 30 and (not found or found[-1] is not True):
        try:
            found.append(download.attend(rig.agent, state))
        except errors.NetworkError:
            found.append("fails")
    return found


def test_a_slow_one_is_got_though_telemetry_is_due_each_second():
    assert got(len(DATA)) == [False, False, False, True]
    assert bytes(Partition.content[: len(DATA)]) == DATA


def test_one_that_breaks_off_is_got_block_by_block():
    found = got(BLOCK + 1024)
    assert found == [False, False, False, True] and bytes(Partition.content[: len(DATA)]) == DATA


def test_it_fails_if_nothing_of_it_stays():
    assert got(BLOCK - 1) == ["fails"] * 30
