"""Telemetry that waits: taken when it was due, sent when the hub is back, with the time when it was taken."""

import json
import time

from fakes import Requests, Response
from rig import ACCEPTED, TELEMETRY, UNREACHABLE, Rig
from telemetry import clock as clock_module

UNIX_2026 = 1767225600
EPOCH = {1970: 0, 2000: 946684800}[time.gmtime(0)[0]]


class Time:
    """`time`, as the clock's module sees it, by the ticks of a rig: the 1st of January 2026 at tick 0."""

    gmtime = staticmethod(time.gmtime)

    def __init__(self, ticks):
        self.ticks = ticks
        self.seconds = UNIX_2026 - EPOCH

    def time_ns(self):
        return (self.seconds * 1000 + self.ticks.now) * 1000000


class Away(Requests):
    """A hub that can be taken away, and that answers by the number of the sample where it is told to."""

    def __init__(self):
        super().__init__(ACCEPTED)
        self.is_away = False
        self.timeout_ms = 0  # until it is seen that it is away
        self.answer_to = {}
        self.lost = []
        self.at_hub = []

    def request(self, method, url, data=None, headers=None, timeout=None):
        if self.is_away:
            self.ticks.now += self.timeout_ms
            raise UNREACHABLE
        body = json.loads(data) if data else {}
        n = body.get("telemetries", {}).get("n")
        answers = self.answer_to.get(n)
        self.answers = [answers.pop(0) if answers else ACCEPTED]
        response = super().request(method, url, data, headers, timeout)
        if response.status_code == 200 and n is not None and response.content[:1] == b"{":
            self.at_hub.append((n, body.get("timestamp")))
        return response


class Case(Rig):
    def __init__(self, outbox=None, **settings):
        self.hub = Away()
        super().__init__(requests=self.hub, outbox=outbox or {}, **settings)
        clock_module.time = Time(self.ticks)
        self.hub.ticks = self.ticks
        self.taken = []
        self.n = 0

        @self.agent.telemetry
        def read():
            self.n += 1
            self.taken.append((self.n, self.agent.clock.timestamp()))
            return {"n": self.n}

    def live(self, seconds):
        end = self.ticks.now + seconds * 1000
        while self.ticks.now < end:
            self.agent.wait(self.agent.step())

    def numbers(self):
        return [n for n, _ in self.hub.at_hub]


def away_for(seconds, **settings):
    case = Case(**settings)
    case.live(120)
    case.hub.is_away = True
    case.live(seconds)
    case.hub.is_away = False
    return case


def test_what_was_taken_while_the_hub_was_away_arrives_with_its_time():
    case = away_for(600)
    assert case.n >= 10
    case.live(300)
    assert sorted(case.numbers()) == list(range(1, case.n + 1))
    waited = [(n, at) for n, at in case.hub.at_hub if at]
    assert len(waited) >= 9 and waited == sorted(waited)
    taken = dict(case.taken)
    assert all(taken[n][:19] == at[:19] for n, at in waited)
    assert case.agent.outbox is None and case.agent.dropped == 0


def test_a_sample_is_taken_at_each_interval_however_long_the_wait_for_the_hub():
    case = away_for(3600)
    times = [at for _, at in case.taken]
    case.live(600)
    assert len(times) >= 60
    assert sorted(case.numbers())[:60] == list(range(1, 61))


def test_new_values_are_not_held_up_and_the_last_word_is_theirs():
    case = away_for(3600, outbox={"size": 65536})
    before = len(case.hub.sent)
    case.live(60)
    sent = [body for _, url, _, body in case.hub.sent[before:] if url.endswith("/telemetry")]
    live = [at for at, body in enumerate(sent) if "timestamp" not in body]
    assert live[0] <= 10 and all(sent[at].get("override") for at in live)  # the state is whole again after each
    assert case.agent.outbox.count > 0


def test_they_are_paced():
    case = away_for(7200, outbox={"size": 65536})
    case.live(600)
    waited = [at for at, (_, url, _, body) in enumerate(case.hub.sent) if "timestamp" in (body or {})]
    assert 90 < len(waited) <= 10 * 31  # 10 at a step, one in 2 s on average


def test_a_hub_that_wants_fewer_requests_gets_fewer():
    case = away_for(3600, outbox={"size": 65536})
    case.hub.answer_to = {n: [(429, {"error": "slowly"})] for n in (5, 6)}
    case.live(600)
    assert case.agent.failures["hub"] >= 2
    case.live(3600)
    assert sorted(set(case.numbers())) == list(range(1, case.n + 1))


def test_without_room_the_oldest_are_dropped_and_counted():
    case = away_for(7200, outbox={"size": 1024})
    case.live(900)
    missing = set(range(1, case.n + 1)) - set(case.numbers())
    assert len(missing) == case.agent.dropped > 50
    assert sorted(missing) == list(range(min(missing), max(missing) + 1))  # of all in one piece: the oldest


def test_nothing_waits_without_an_outbox():
    case = away_for(600, outbox={"size": 0})
    case.live(120)
    assert not [at for _, at in case.hub.at_hub if at]
    assert case.agent.outbox is None


def test_of_the_latest_only_one_waits_and_is_whole():
    case = away_for(600, outbox={"policy": "latest"})
    last = case.n
    case.live(60)
    waited = [n for n, at in case.hub.at_hub if at]
    assert waited == [last] and case.agent.dropped == 0


def test_one_that_the_hub_refuses_keeps_no_other_from_it():
    for answer, times in ((400, 1), (422, 1), (404, 1), (500, 19)):
        case = away_for(600)
        case.hub.answer_to = {5: [(answer, {"error": "no"})] * times}
        case.live(600)
        assert sorted(set(range(1, case.n + 1)) - set(case.numbers())) == [5], answer
        assert case.agent.dropped == 1 and case.agent.outbox is None


def test_a_networks_log_in_page_takes_nothing():
    case = away_for(600, outbox={"size": 65536})  # room for all, whatever the backoffs come to
    case.hub.answer_to = {n: [(200, b"<html>log in</html>")] for n in range(1, 20)}
    case.live(9000)
    assert case.agent.outbox is None and case.agent.dropped == 0
    assert sorted(set(case.numbers())) == list(range(1, case.n + 1))


def test_a_key_that_the_hub_takes_no_more_loses_nothing():
    case = Case()
    case.live(120)
    case.hub.answer_to = {5: [(401, {"error": "gone"})]}
    case.live(3600)
    assert sorted(set(case.numbers())) == list(range(1, case.n + 1))


def test_what_was_taken_before_the_clock_was_set_is_dated_later():
    case = Case()
    clock_module.time.seconds = 1000
    case.board.in_reach = False
    case.live(600)
    clock_module.time.seconds = UNIX_2026 - EPOCH
    case.board.in_reach = True
    case.live(300)
    waited = [(n, at) for n, at in case.hub.at_hub if at]
    assert len(waited) >= 9 and waited == sorted(waited)
    assert waited[0][1][:17] == "2026-01-01T00:00:"


def test_what_nobody_can_date_is_dropped_and_told():
    case = Case()
    clock_module.time.seconds = 1000
    case.hub.is_away = True
    case.live(600)
    case.hub.is_away = False
    case.live(300)
    assert case.agent.dropped >= 9 and case.agent.outbox is None


def test_a_function_that_calls_step_while_it_waits_is_told():
    case = Case()
    errors = []

    @case.agent.telemetry
    def read():
        try:
            case.agent.step()
        except RuntimeError as error:
            errors.append(str(error))
        return {}

    case.hub.is_away = True
    case.live(600)
    assert len(errors) >= 10 and set(errors) == {"step: called by what it calls"}


def test_failures_are_counted_by_kind():
    case = Case()
    case.board.in_reach = False
    case.live(60)
    case.board.in_reach = True
    case.hub.is_away = True
    case.live(60)
    assert case.agent.failures["wifi"] > 1 and case.agent.failures["network"] > 1
    case.hub.is_away = False
    case.live(400)
    assert case.agent.failed is None and case.last()["status"] == "online"
    assert TELEMETRY in case.paths()


def test_what_waits_is_sent_even_to_a_hub_that_wanted_silence_again_and_again():
    # From the 4th time on it is one in 32 s or more, and a step comes every 20 s.
    case = away_for(600)
    case.hub.answer_to = {5: [(429, {"error": "slowly"})] * 5}
    case.live(3 * 3600)
    assert case.agent.outbox is None
    assert sorted(case.numbers()) == list(range(1, case.n + 1))


def test_what_waits_has_the_time_when_it_was_taken_however_long_the_hub_was_waited_for():
    case = Case()
    case.live(120)
    case.hub.is_away = True
    case.hub.timeout_ms = 20000
    case.live(600)
    case.hub.is_away = False
    case.live(300)
    taken = dict(case.taken)
    waited = [(n, at) for n, at in case.hub.at_hub if at]
    assert len(waited) >= 5
    for n, at in waited:
        assert taken[n][:19] == at[:19], (n, taken[n], at)


class Ntp:
    """The module `ntptime`, with a server that is away."""

    host = ""
    is_away = True
    asked = 0

    def time(self):
        self.asked += 1
        if self.is_away:
            raise OSError(110)
        return UNIX_2026 - EPOCH + clock_module.time.ticks.now // 1000


def started_while_all_was_away(seconds):
    case = Case(outbox={"size": 65536})
    clock = case.agent.clock
    clock.servers, clock.ntp, clock.sync_at = ("ntp",), Ntp(), 0
    clock_module.time.seconds = 1000

    def set_rtc(seconds):
        clock_module.time.seconds = UNIX_2026 - EPOCH

    clock.set_rtc = set_rtc
    case.hub.is_away = True
    case.live(seconds)
    case.hub.is_away = False
    return case


def test_who_starts_while_all_is_away_loses_nothing_when_the_hub_is_back_before_ntp():
    case = started_while_all_was_away(1800)
    assert case.agent.clock.failures >= 3
    case.live(40)
    case.agent.clock.ntp.is_away = False
    case.live(900)
    waited = [(n, at) for n, at in case.hub.at_hub if at]
    assert len(waited) >= 28 and waited == sorted(waited) and case.agent.dropped == 0


def test_after_another_outage_ntp_has_its_chances_again():
    case = started_while_all_was_away(1800)
    case.live(60)
    case.hub.is_away = True
    case.live(3600)
    case.hub.is_away = False
    case.live(40)
    case.agent.clock.ntp.is_away = False
    case.live(1800)
    assert len([at for _, at in case.hub.at_hub if at]) >= 85 and case.agent.dropped == 0


def test_where_ntp_never_answers_what_cannot_be_dated_does_not_wait_for_ever():
    case = started_while_all_was_away(1800)
    asked = case.agent.clock.ntp.asked
    case.live(1800)
    assert case.agent.outbox is None and case.agent.dropped >= 25
    assert case.agent.clock.ntp.asked >= asked + 3


class Flaky:
    """A hub that fails half of the time, at random."""

    def __init__(self, number):
        self.state = number
        self.at_hub = []

    def request(self, method, url, data=None, headers=None, timeout=None):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        if self.state >> 16 & 1:
            return Response(503, {"error": "busy"})
        if url.endswith("/telemetry"):
            self.at_hub.append(json.loads(data)["telemetries"]["n"])
        return Response(200, {"success": True})


def test_a_hub_that_fails_half_of_the_time_loses_nothing():
    for number in range(3):
        case = away_for(1800)
        before = case.n
        flaky = case.agent.hub.requests = Flaky(number)
        case.live(3600)
        assert case.agent.dropped == 0 and set(case.numbers() + flaky.at_hub) >= set(range(1, before + 1))
