from fakes import Ticks
from support import raises
from telemetry import wifi
from telemetry.errors import WifiError

IDLE, CONNECTING, GOT_IP = 1000, 1001, 1010
NOT_FOUND, ASSOC_LEAVE = 201, 8
HOUR = 3600


class Wlan:
    """The driver of the chip, and stricter: each call at a wrong moment fails the test. `trouble`: what it takes until
    it connects: "", "disconnect", "radio", or "nothing" that helps; with "silence" it does not even say that it failed.
    """

    def __init__(self, ticks):
        self.ticks = ticks
        self.in_reach = True
        self.trouble = ""
        self.errors = {}  # method -> what it raises
        self.calls = []
        self.is_on = False
        self.ssid = None
        self.reason = 0
        self.since = None  # when it began to connect
        self.left_at = None  # when a disconnect will be over
        self.connected = False

    def _called(self, name):
        if name in self.errors:
            raise self.errors[name]
        self.calls.append((self.ticks.now // 1000, name))

    def active(self, *on):
        self._now()
        if on:
            assert on[0] != self.is_on
            self._called("on" if on[0] else "off")
            self.is_on = on[0]
            self.connected = False
            self.since = None
            if self.trouble in ("disconnect", "radio"):
                self.trouble = ""
        return self.is_on

    def connect(self, ssid, password):
        self._now()
        assert self.is_on and self.since is None and self.left_at is None and not self.connected
        self._called("connect")
        self.ssid = ssid
        self.since = self.ticks.now

    def disconnect(self):
        assert self.is_on
        self._called("disconnect")
        if self.trouble == "disconnect":
            self.trouble = ""
        if self.since is not None or self.connected:
            self.left_at = self.ticks.now + 120

    def isconnected(self):
        self._now()
        return self.connected

    def status(self):
        self._now()
        if self.connected:
            return GOT_IP
        if self.reason == ASSOC_LEAVE:
            return IDLE
        return self.reason or (IDLE if self.since is None else CONNECTING)

    def config(self, name):
        assert self.is_on and name == "ssid"
        return self.ssid

    def _now(self):
        if self.left_at is not None and self.ticks.now >= self.left_at:
            self.connected = False
            self.since = self.left_at = None
            self.reason = ASSOC_LEAVE
        if self.since is not None and self.ticks.now >= self.since + 2000 and self.trouble != "silence":
            self.connected = self.in_reach and not self.trouble
            self.reason = 0 if self.connected else NOT_FOUND
            self.since = None if self.connected else self.ticks.now

    def lose(self, reason=200):
        """The connection goes; the driver tries anew, unless it is in trouble."""
        self.connected = False
        self.reason = reason
        self.since = self.ticks.now


class Board:
    """What `wifi` sees of it."""

    told = outage = None
    fed = 0

    def __init__(self):
        self.ticks = Ticks(wifi)
        self.wlan = Wlan(self.ticks)

    def feed(self):
        self.fed += 1

    def is_connected(self):
        if self.wlan.isconnected():
            self.outage = None
            return True
        return False

    def join(self, ssid="net", password="12345678", timeout=15):
        wifi.join(self, self.wlan, ssid, password, timeout)

    def seconds_of(self, hours):
        """Fails to join for so long, asking every two minutes."""
        end = self.ticks.now + hours * HOUR * 1000
        while self.ticks.now < end:
            raises(WifiError, self.join, timeout=0)
            self.ticks.now += 120000

    def names(self):
        return [name for _, name in self.wlan.calls]


def joined():
    board = Board()
    board.join()
    del board.wlan.calls[:]
    return board


def test_from_the_start():
    board = Board()
    board.join()
    assert board.names() == ["on", "connect"]
    board.join()
    assert board.names() == ["on", "connect"]
    assert 0 < board.fed < 100 and board.outage is None


def test_it_waits_no_longer_than_told_and_says_why():
    board = Board()
    board.wlan.in_reach = False
    begin = board.ticks.now
    assert "not in reach" in str(raises(WifiError, board.join))
    assert 5000 <= board.ticks.now - begin <= 15100
    begin = board.ticks.now
    assert "Wi-Fi net: " in str(raises(WifiError, board.join, timeout=0))
    assert board.ticks.now - begin <= 100
    board.wlan.in_reach = True
    board.join()
    assert board.names() == ["on", "connect"]  # by itself


def test_what_the_driver_throws_is_told():
    for error in (OSError("Wifi Internal State Error"), RuntimeError("Wifi Unknown Error 0x0101")):
        for method in ("on", "connect"):
            board = Board()
            board.wlan.errors[method] = error
            assert str(error) in str(raises(WifiError, board.join))
            assert str(error) in str(raises(WifiError, board.join, timeout=0))
            board.wlan.errors.clear()
            board.join(timeout=15)  # it did not wait before it tried again
        board = joined()
        board.wlan.lose()
        board.wlan.in_reach = False
        raises(WifiError, board.join)
        board.wlan.errors["disconnect"] = error
        board.ticks.now += 200000
        assert str(error) in str(raises(WifiError, board.join))
        for _ in range(3):  # with the radio off in between, at last
            raises(WifiError, board.join)
        assert board.names() == ["off", "on", "connect"]


def test_ctrl_c_passes():
    board = Board()
    board.wlan.errors["connect"] = KeyboardInterrupt()
    raises(KeyboardInterrupt, board.join)
    board.wlan.errors.clear()
    board.ticks.now += 200000
    board.join()
    board = Board()
    board.wlan.errors["on"] = MemoryError()
    raises(MemoryError, board.join)


def test_a_short_outage_is_the_drivers():
    board = joined()
    for _ in range(20):
        board.wlan.lose()
        raises(WifiError, board.join, timeout=0)
        board.join()
        board.ticks.now += 50000
    assert board.names() == []


def test_a_driver_that_was_told_to_leave_is_told_to_connect():
    for begin in ("disconnect", "off"):
        board = joined()
        if begin == "off":
            board.wlan.active(False)
        else:
            board.wlan.disconnect()
            board.ticks.now += 500
        board.join()
        assert board.names()[-1] == "connect"


def test_a_stuck_driver_is_helped():
    for trouble, most in (("disconnect", 150), ("radio", 1200)):
        board = joined()
        board.wlan.trouble = trouble
        board.wlan.lose()
        begin = board.ticks.now
        while True:
            try:
                board.join(timeout=0)
                break
            except WifiError:
                board.ticks.now += 10000
        assert 60 <= (board.ticks.now - begin) // 1000 <= most
        assert ("off" in board.names()) == (trouble == "radio")


def test_the_ladder_goes_on_without_hurry():
    board = joined()
    board.wlan.trouble = "nothing"
    board.wlan.lose()
    board.seconds_of(11)
    at = [seconds for seconds, name in board.wlan.calls if name == "connect"]
    gaps = [b - a for a, b in zip(at, at[1:])]
    assert 20 < len(at) < 50 and min(gaps) >= 120 and max(gaps) <= 1800 + 130
    assert board.names().count("off") == len(at) // 3 == board.names().count("on")
    assert board.outage[3] < 11 * HOUR  # for `Board.is_hopeless`: never more than passed
    board.seconds_of(2)
    assert board.outage[3] >= 12 * HOUR
    board.wlan.trouble = ""
    board.ticks.now += 5000
    board.join(timeout=15)
    assert board.outage is None  # and with it all is forgotten


def test_a_driver_that_says_no_more_is_given_the_time_to_leave():
    board = joined()
    board.wlan.trouble = "silence"
    board.wlan.lose()
    for _ in range(12):  # after the first disconnect it is idle by its status, whatever it does
        raises(WifiError, board.join, timeout=0)
        board.ticks.now += 300000
    assert board.names().count("connect") > 3


def test_boards_that_failed_together_do_not_begin_anew_together():
    begun = set()
    for _ in range(20):
        board = joined()
        board.wlan.trouble = "nothing"
        board.wlan.lose()
        while not board.wlan.calls:
            raises(WifiError, board.join, timeout=0)
            board.ticks.now += 1000
        begun.add(board.wlan.calls[0][0])
    assert len(begun) > 5


def test_another_network_or_password():
    for told in (("other", "12345678"), ("net", "87654321")):
        board = joined()
        ssid, password = told
        if ssid == "other":
            board.join(ssid, password)
            assert board.names() == ["disconnect", "connect"]
        else:
            board.join(ssid, password)  # connected as it is
            assert board.names() == []
        assert board.told == told
        board.join(ssid, password)


def test_after_a_soft_reset_the_radio_is_where_it_was():
    board = joined()
    board.told = None
    board.join()
    assert board.names() == []
    board.told = None
    board.wlan.lose()
    board.wlan.reason = 0
    board.join()  # it may be trying with another password
    assert board.names() == ["disconnect", "connect"]
