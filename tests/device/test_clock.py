import time

from support import raises
from telemetry import clock
from telemetry import ntp as ntp_module
from telemetry.clock import Clock
from telemetry.errors import NetworkError
from telemetry.ntp import sync

UNIX_OFFSET = {1970: 0, 2000: 946684800}[time.gmtime(0)[0]]  # of the port's epoch
EPOCH_2025 = 1735689600 - UNIX_OFFSET


def needs_sync(a_clock):
    return a_clock.uptime() >= a_clock.sync_at


def progress():
    pass


class Ntp:
    """Stands in for `ntptime`: what each server says, a number of seconds or an exception."""

    def __init__(self, **answers):
        self.answers = answers
        self.host = None
        self.asked = []

    def time(self):
        self.asked.append(self.host)
        answer = self.answers[self.host]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_the_first_sensible_server_sets_the_clock():
    now = EPOCH_2025 + 1000
    for wrong in (
        OSError(110),
        IndexError(),
        ValueError("x"),
        0,
        -5,
        EPOCH_2025 - 1,
        4102444800 - UNIX_OFFSET,
        2**40,
    ):
        ntp = Ntp(a=wrong, b=now, c=now + 5)
        was_set = []
        a_clock = Clock(("a", "b", "c"), ntp, was_set.append)
        assert needs_sync(a_clock)
        assert sync(a_clock, progress) == "b"
        assert was_set == [now] and ntp.asked == ["a", "b"]
        assert not needs_sync(a_clock)


def test_no_server_is_an_error_that_names_each():
    was_set = []
    a_clock = Clock(("a", "b"), Ntp(a=OSError(110), b=0), was_set.append)
    text = str(raises(NetworkError, sync, a_clock, progress))
    assert "a (" in text and "b (" in text and not was_set
    assert "NTP" in str(raises(NetworkError, sync, Clock((), Ntp(), was_set.append), progress))


def test_after_a_failure_it_is_not_asked_at_once_again():
    a_clock = Clock(("a",), Ntp(a=OSError(110)), None)
    raises(NetworkError, sync, a_clock, progress)
    assert not needs_sync(a_clock)


def test_after_a_week_without_network_it_is_asked():
    period = 1 << 30
    ticks = [1000]
    real = clock.ticks_ms, clock.ticks_diff, clock.ticks_add
    clock.ticks_ms = lambda: ticks[0] % period
    clock.ticks_diff = lambda end, start: (end - start + period // 2) % period - period // 2
    clock.ticks_add = lambda ticks, delta: (ticks + delta) % period
    try:
        a_clock = Clock(("a",), Ntp(a=OSError(110)), None)
        raises(NetworkError, sync, a_clock, progress)
        for _ in range(24 * 8):
            ticks[0] += 3600 * 1000
            a_clock.uptime()  # as waiting does
            if a_clock.uptime() > 2 * 3600:
                assert needs_sync(a_clock)
    finally:
        clock.ticks_ms, clock.ticks_diff, clock.ticks_add = real


def test_it_is_asked_once_a_day():
    ticks = [1000]
    real = clock.ticks_ms
    clock.ticks_ms = lambda: ticks[0]
    try:
        a_clock = Clock(("a",), Ntp(a=EPOCH_2025 + 1000), lambda seconds: None)
        sync(a_clock, progress)
        ticks[0] += 23 * 3600 * 1000
        assert not needs_sync(a_clock)
        ticks[0] += 2 * 3600 * 1000
        assert needs_sync(a_clock)
    finally:
        clock.ticks_ms = real


class Rtc:
    """The chip's clock, set by `sync`."""

    def __init__(self):
        self.now = EPOCH_2025 + 5 * YEAR
        ntp_module.time = self

    def __call__(self):
        return self.now

    def set(self, seconds):
        self.now = seconds


YEAR = 365 * 86400


def test_a_server_that_lies_is_not_believed():
    real = ntp_module.time
    try:
        for wrong in (YEAR, -YEAR // 2, 20 * YEAR, 3700, -3700):
            rtc = Rtc()
            right = rtc.now
            ntp = Ntp(a=right, b=right + wrong, c=right + 2)
            a_clock = Clock(("a", "b", "c"), ntp, rtc.set)
            assert [sync(a_clock, progress) for _ in range(3)] == ["a", "c", "a"]
            assert rtc.now == right and a_clock.failures == 0
            ntp.answers = {"a": OSError(110), "b": right + wrong, "c": OSError(110)}
            text = str(raises(NetworkError, sync, a_clock, progress))
            assert "b (" in text and str(wrong) in text and rtc.now == right
    finally:
        ntp_module.time = real


def test_a_clock_that_was_wrong_is_put_right():
    real = ntp_module.time
    try:
        for servers in (("liar", "a"), ("liar", "a", "b")):  # two agree, or one is asked again
            rtc = Rtc()
            ntp = Ntp(liar=rtc.now + 20 * YEAR, a=rtc.now, b=rtc.now)
            right = rtc.now
            a_clock = Clock(servers, ntp, rtc.set)
            assert sync(a_clock, progress) == "liar" and rtc.now != right
            if len(servers) == 2:
                ntp.answers["liar"] = OSError(110)
                raises(NetworkError, sync, a_clock, progress)
            assert sync(a_clock, progress) in ("a", "b") and rtc.now == right
        rtc = Rtc()
        ntp = Ntp(liar=rtc.now + 20 * YEAR, a=right)
        a_clock = Clock(("liar", "a"), ntp, rtc.set)
        sync(a_clock, progress)
        a_clock.leap = None  # as after a certificate that is not valid now
        assert sync(a_clock, progress) == "a" and rtc.now == right
    finally:
        ntp_module.time = real


def test_a_network_that_returns_is_asked_at_once():
    a_clock = Clock(("a",), Ntp(a=OSError(110)), None)
    raises(NetworkError, sync, a_clock, progress)
    a_clock.network_returned()
    assert needs_sync(a_clock)


def test_without_ntp_nothing_is_asked():
    assert not needs_sync(Clock())


def test_no_timestamp_before_the_clock_is_set():
    fake = FakeTime()
    clock.time = fake
    try:
        for unset in (0, 86400, EPOCH_2025 - 1, 4102444800 - UNIX_OFFSET):
            fake.now = unset
            assert Clock().timestamp() is None
        for now, timestamp in (
            (EPOCH_2025 + 1, "2025-01-01T00:00:01.250Z"),
            (1785829544 - UNIX_OFFSET, "2026-08-04T07:45:44.250Z"),
            (4102444799 - UNIX_OFFSET, "2099-12-31T23:59:59.250Z"),
        ):
            fake.now = now
            assert Clock().timestamp() == timestamp
    finally:
        clock.time = time


class FakeTime:
    now = 0

    def __getattr__(self, name):
        return getattr(time, name)

    def time(self):
        return self.now

    def time_ns(self):
        return self.now * 1000000000 + 250999999


def test_uptime_goes_on_when_ticks_wrap():
    period = 1 << 30
    ticks = [period - 2000]
    real = clock.ticks_ms, clock.ticks_diff, clock.ticks_add
    clock.ticks_ms = lambda: ticks[0] % period
    clock.ticks_diff = lambda end, start: (end - start + period // 2) % period - period // 2
    clock.ticks_add = lambda ticks, delta: (ticks + delta) % period
    try:
        a_clock = Clock()
        for _ in range(5):
            ticks[0] += period // 4
            a_clock.uptime()
        assert a_clock.uptime() == 5 * (period // 4) // 1000
        for _ in range(40):
            ticks[0] += 999  # nothing is lost between two whole seconds
            a_clock.uptime()
        assert a_clock.uptime() == (5 * (period // 4) + 40 * 999) // 1000
    finally:
        clock.ticks_ms, clock.ticks_diff, clock.ticks_add = real


def test_what_was_taken_before_is_dated_by_the_clock_of_now():
    a_clock = Clock()
    clock.time = Fixed((EPOCH_2025 + 100) * 1000000000 + 5000000)
    try:
        assert a_clock.timestamp() == "2025-01-01T00:01:40.005Z"
        assert a_clock.timestamp(1006) == "2025-01-01T00:01:38.999Z"
    finally:
        clock.time = time


class Fixed:
    gmtime = time.gmtime

    def __init__(self, ns):
        self.ns = ns

    def time_ns(self):
        return self.ns


def peak(waits):
    """The most in one second."""
    seconds = [int(wait) for wait in waits]
    return max([seconds.count(second) for second in set(seconds)])


def test_a_thousand_boards_do_not_come_at_once():
    # Bounds that chance breaks once in 10 million runs; the rows are what the network's return, and the power's, ask.
    for interval, most, limit in ((60, 30, 75), (3600, 30, 75), (30, 15, 125), (1800, 15, 125), (10, 30, 300)):
        waits = [clock.apart(interval, most) for _ in range(1000)]
        assert min(waits) >= 0 and max(waits) <= min(most, interval / 2)
        assert peak(waits) <= limit, (interval, most)
        # And so in each interval from then on.
        assert peak([wait + interval * n for wait in waits for n in range(3)]) <= limit
    assert clock.apart(1, 30) <= 0.5  # a board that speaks each second is back in time
