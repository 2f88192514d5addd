"""What a wrong clock, or a wrong answer about time, does: no longer harm than it lasts."""

import time

from rig import ACCEPTED, Rig
from telemetry import clock as clock_module
from telemetry import errors, ntp, once
from test_licenses import LATER, Hub, in_use, started, step


class World:
    """The time by NTP, which the board's clock is set to: in place of `ntptime`. A text, or None: nobody answers."""

    def __init__(self, rig, hub):
        self.hub = hub
        self.says = None
        clock = rig.agent.clock
        clock.ntp = self
        clock.servers = ("ntp",)
        clock.sync_at = 0
        clock.set_rtc = self.set_rtc

    def time(self):
        if self.says is None:
            raise OSError(110)
        return int(time.mktime(tuple([int(each) for each in self.says.split("-")] + [0] * 6)))

    def set_rtc(self, seconds):
        self.hub.board_time = "%04d-%02d-%02dT%02d:%02d:%02d.000Z" % clock_module.utc_of(seconds)[:6]


def a_day(rig):
    """More than one, so that NTP and licences have their turn."""
    rig.ticks.now += 100000 * 1000
    rig.agent.step()


def test_a_licence_outlives_an_answer_from_the_future():
    hub = Hub()
    hub.add("l-1", "recording", LATER)
    rig = started(hub)
    world = World(rig, hub)
    world.says = "2026-05-01"
    step(rig)
    assert in_use(rig.agent) == ["recording"]
    world.says = "2060-05-01"
    a_day(rig)
    a_day(rig)
    assert in_use(rig.agent) == []
    world.says = "2026-05-03"
    a_day(rig)
    a_day(rig)
    assert in_use(rig.agent) == ["recording"]
    world.says = None  # and what was on flash sets the clock no more
    a_day(rig)
    assert hub.board_time[:4] == "2026"
    rig = started(hub)
    hub.board_time = None  # a start without a clock
    assert in_use(rig.agent) == ["recording"]


def test_what_was_saved_sets_no_clock_that_a_server_set():
    hub = Hub()
    hub.add("l-1", "recording", LATER)
    rig = started(hub)
    world = World(rig, hub)
    world.says = "2060-05-01"
    step(rig)
    assert in_use(rig.agent) == []
    world.says = "2026-05-03"
    for _ in range(2):  # so far from the time so far, one answer is not believed
        rig.agent.clock.sync_at = 0
        step(rig)
    rig.agent.due["licenses"] = 0
    step(rig)
    rig.agent.clock.failures = 1
    assert in_use(rig.agent) == ["recording"] and hub.board_time[:4] == "2026"


def test_a_clock_of_no_use_in_no_century():
    narrow = time.gmtime

    def gmtime(seconds):  # of a port whose ints of time have 32 bits
        if not -0x80000000 <= seconds < 0x80000000:
            raise OverflowError
        return narrow(seconds)

    class Time:
        pass

    Time.gmtime = staticmethod(gmtime)
    was = clock_module.time
    clock_module.time = Time
    try:
        assert clock_module.utc_of(0x80000000) is None
        assert clock_module.utc_of(-0x80000001) is None
    finally:
        clock_module.time = was


def test_no_limit_of_update_device_lasts_for_years():
    rig = Rig(ACCEPTED)
    agent = rig.agent
    agent.step()
    agent.facts["config_version"] = 7
    agent.due["tell"] = 0
    rig.requests.answers = [ACCEPTED, TOO_MANY, ACCEPTED]
    agent.step()
    assert 60 < agent.due["tell"] - agent.clock.uptime() <= 3600


class _TooMany:
    status_code = 429
    content = b"{}"
    headers = {"Retry-After": "999999999"}

    def close(self):
        pass


TOO_MANY = _TooMany()


def test_times_stay_whole_seconds():
    # A float of 32 bits, as on the chip, knows no half second after 97 days, and no ten seconds after three years.
    rig = Rig(ACCEPTED)
    agent = rig.agent
    clock = agent.clock
    clock.hush(10.5)
    assert type(clock.quiet_until) is int and clock.quiet_until - clock.uptime() >= 10.5
    clock.ntp = clock
    try:
        ntp.sync(clock, lambda: None)
    except Exception as error:
        assert type(error).__name__ == "NetworkError"
    assert type(clock.sync_at) is int
    registration = agent.registration
    rig.requests.answers = [(422, {"error": "no"})]
    agent.guard("registration", once, "identity", "register", registration)
    assert type(registration.register_at) is int and registration.not_before == registration.register_at


class Dated(Hub):
    """A hub whose certificate is good in 2026 only, by the board's clock."""

    def request(self, *request, **more):
        if (self.board_time or "")[:4] != "2026":
            raise errors.TlsError("the certificate validity has expired")
        return super().request(*request, **more)


def test_an_answer_from_the_future_ends_no_connection_for_ever():
    hub = Dated()
    rig = started(hub)
    world = World(rig, hub)
    for wrong in ("2060-05-01", "2025-05-01"):
        world.says = wrong
        rig.agent.clock.sync_at = 0
        rig.agent.wait(rig.agent.step())
        before = len(hub.paths)
        world.says = "2026-05-01"
        begin_ms = rig.ticks.now
        while len(hub.paths) == before:
            rig.agent.wait(rig.agent.step())
            assert rig.ticks.now - begin_ms < 3600 * 1000, "never again"


def test_duties_too_are_due_at_whole_seconds():
    rig = Rig(ACCEPTED)
    agent = rig.agent
    agent.step()
    agent.due["config"] = 0
    rig.requests.answers = [(200, {"success": True, "config_version": 1}), (500, {})]
    agent.step()
    assert "config" in agent.due and all(type(at) is int for at in agent.due.values()), agent.due


def test_a_registration_that_failed_is_told_again_the_next_time():
    rig = Rig(ACCEPTED)
    agent = rig.agent
    agent.step()
    for _ in range(2):
        rig.requests.answers = [(401, {}), (401, {}), ACCEPTED]
        for _ in range(3):
            rig.ticks.now += 4000 * 1000
            agent.step()
        assert agent.registration.is_accepted and "registration" not in agent._said


def test_a_server_that_goes_on_in_another_century_is_told_of_once():
    rig = Rig(ACCEPTED)
    agent = rig.agent

    class Ntp:
        now = 10

        def time(self):
            self.now += 60
            return self.now

    agent.clock.ntp = Ntp()
    agent.clock.servers = ("ntp",)
    errors.log.clear()
    for _ in range(3):
        ntp.set_clock(agent)
    assert len([line for _, line in errors.log if "clock" in line]) == 1, errors.log
