"""What of the board is not real: flash in a file, Wi-Fi that comes and goes, NTP that lies, sockets that hurry."""

import random
import select as _host
import sys

import years_time

_BLOCK = 512
steps = 0  # so far
_PATIENCE_MS = 100  # real ones, for an answer that may not come


def ended(how):
    """The host ends this process, as nothing that Python has to say comes after a reset."""
    print("WORLD", years_time.world_ms // 1000, steps)
    print("END", how)
    sys.stdin.read()


class Flash:
    """The image of a flash in a file."""

    def __init__(self, path):
        self.file = open(path, "r+b")  # noqa: SIM115 (as long as the board lives)
        self.size = self.file.seek(0, 2)

    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * _BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        self.file.seek(number * _BLOCK + offset)
        self.file.write(buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.size // _BLOCK
        if operation == 5:
            return _BLOCK
        if operation == 6:
            self.file.seek(argument * _BLOCK)
            for _ in range(_BLOCK // 32):
                self.file.write(b"\xff" * 32)
        return 0


class Poll:
    """A poll whose waits go by the chip's time: what does not come soon does not come."""

    def __init__(self):
        self._poll = _host.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister
        self.modify = self._poll.modify

    def ipoll(self, ms):
        ready = self._poll.poll(min(ms, _PATIENCE_MS))
        years_time.go_on(random.randrange(1, 300) if ready else ms)
        return ready


class Select:
    poll = Poll
    POLLIN = _host.POLLIN
    POLLOUT = _host.POLLOUT


class Ntp:
    """As `ntptime`: the world's time; now and then it does not answer, or lies. By seconds, hours or years."""

    host = ""
    lies = 0.0  # how often
    is_away = False

    def time(self):
        if self.is_away or random.random() < 0.05:
            raise OSError(110)
        seconds = years_time.world_ms // 1000 - years_time.epoch
        if random.random() < self.lies:
            seconds += random.choice((-3600, 3600, 1)) * random.choice((1, 5, 24, 24 * 365, 24 * 365 * 30))
        return seconds


class Board:
    """`is_away`: there is no Wi-Fi. Now and then somebody presses the button."""

    is_away = False
    doing = hung = wdt = None

    def __init__(self, cause):
        self.cause = cause
        self._is_connected = False

    def is_connected(self):
        self._is_connected = self._is_connected and not self.is_away
        return self._is_connected

    def connect(self, ssid, password, timeout=15):
        from telemetry.errors import WifiError

        years_time.go_on(random.randrange(500, timeout * 1000 + 1000))
        if self.is_away:
            raise WifiError("Wi-Fi %s: not in reach" % ssid)
        self._is_connected = True

    def is_hopeless(self):
        return False

    def address(self):
        return "10.0.2.15"

    def wifi_strength(self):
        return -60

    def is_pressed(self):
        return random.random() < 0.01

    def light(self, on):
        pass

    def feed(self):
        pass

    def rest(self):
        pass

    def heap(self):
        return ((100000, 50000, 30000, 20000),)

    def serial_number(self):
        return "SN"

    def reset_cause(self):
        return self.cause

    def reset(self):
        ended("soft reset")
