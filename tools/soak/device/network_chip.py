"""What of a board is not real in network_life.py: its flash is a file, its radio and names fail as the plan says, and
its time passes at once."""

import random
import socket

_BLOCK = 512


class Flash:
    """The image of a flash in a file."""

    def __init__(self, path):
        self.file = open(path, "r+b")  # noqa: SIM115 (as long as the board lives)
        self.blocks = self.file.seek(0, 2) // _BLOCK

    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * _BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        self.file.seek(number * _BLOCK + offset)
        self.file.write(buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.blocks
        if operation == 5:
            return _BLOCK
        if operation == 6:
            for _ in range(_BLOCK // 32):
                self.writeblocks(argument, b"\xff" * 32)
        return 0


class Ticks:
    """Milliseconds, which pass only where something waits. For time's `ticks_ms` and `sleep_ms`."""

    now = 1000

    def __call__(self):
        return self.now

    def sleep(self, ms):
        self.now += ms * 10  # coarser than on a board, for speed


class Time:
    """The module `time`, for the clock: it was never set after the start."""

    def __init__(self, ticks, gmtime):
        self.ticks = ticks
        self.gmtime = gmtime
        self.since = 0  # ms, of the tick 0

    def time_ns(self):
        return (self.since + self.ticks.now) * 1000000


class Trouble:
    """What is wrong with the air and with the names just now, as parts of the time that they are gone for."""

    wlan = dns = 0

    def __init__(self, ticks, seed):
        self.ticks = ticks
        self.seed = seed

    def strikes(self, part):
        # The same for all of 20 s.
        return part and (self.ticks.now // 20000 * 2654435761 + self.seed) % 1009 < part * 1009


class Ntp:
    """The module `ntptime`."""

    host = ""

    def __init__(self, trouble, since):
        self.trouble = trouble
        self.since = since

    def time(self):
        ticks = self.trouble.ticks
        ticks.now += 500
        if self.trouble.strikes(self.trouble.dns):
            raise OSError(-202)
        return (self.since + ticks.now) // 1000


class Names:
    """The module `socket`, for the session."""

    SOCK_STREAM = socket.SOCK_STREAM
    socket = socket.socket

    def __init__(self, trouble):
        self.trouble = trouble

    def getaddrinfo(self, host, *more):
        if self.trouble.strikes(self.trouble.dns):
            raise OSError(-202)  # as the ESP32's
        return socket.getaddrinfo("127.0.0.1", *more)


class Board:
    """Its Wi-Fi comes back by itself once it was told to connect."""

    def __init__(self, trouble, wifi_error):
        self.trouble = trouble
        self.is_told = False
        self.wifi_error = wifi_error

    def is_connected(self):
        return self.is_told and not self.trouble.strikes(self.trouble.wlan)

    def connect(self, ssid, password, timeout=15):
        self.is_told = True
        self.trouble.ticks.now += min(timeout, 2) * 1000
        if not self.is_connected():
            self.trouble.ticks.now += timeout * 1000
            raise self.wifi_error("Wi-Fi %s: not in reach" % ssid)

    def is_hopeless(self):
        return False

    def address(self):
        return "10.0.2.15"

    def wifi_strength(self):
        return -60 - random.randrange(20)

    def is_pressed(self):
        return False

    def light(self, on):
        pass

    def feed(self):
        pass

    def heap(self):
        return ()

    def reset_cause(self):
        return "power on"

    def reset(self):
        raise SystemExit


class Requests:
    """A session whose requests take time, and which says when, and what became of each: A and the number of a telemetry
    if the hub has answered that it has it; F and why not."""

    piece_ms = 0  # of the board's time, for each piece of a file

    def __init__(self, session, ticks, failure_ms):
        self.session = session
        self.ticks = ticks
        self.failure_ms = failure_ms

    def request(self, method, url, data=None, **more):
        ticks = self.ticks
        try:
            response = self.session.request(method, url, data=data, **more)
        except Exception as error:
            print("F", ticks.now, type(error).__name__)
            ticks.now += self.failure_ms
            raise
        if response.status_code != 200:
            print("F", ticks.now, response.status_code)
        else:
            print("A", ticks.now, number_in(data) if url.endswith("/telemetry") else 0)
        ticks.now += 50
        return response

    def renew(self, timeout):
        self.ticks.now += self.piece_ms
        self.session.renew(timeout)


def number_in(body):
    """Of a telemetry; 0 if it has none."""
    at = body.find(b'"n":') + 4
    end = at
    while 48 <= body[end] < 58:
        end += 1
    return int(body[at:end]) if at > 3 else 0
