import os

from config_hub import Hub
from rig import Rig
from support import raises
from telemetry import errors, store

GET, SET, TELL = "GET /config", "POST /config", "PUT /"


class Case:
    """A board before a stateful hub; `restart` is a new board over the same files."""

    def __init__(self, registered=True, apply=True):
        self.hub = Hub()
        self.applied = []
        self.opened = []
        self.takes = apply
        self.start(registered)

    def start(self, registered=False):
        self.rig = Rig(requests=self.hub, registered=registered)
        self.agent = self.rig.agent
        self.incidents = []
        self.agent.incident = self.incident
        if self.takes:
            self.agent.on_config(self.apply)

    def incident(self, title, issue, priority=2, description=""):
        opened = Incident(issue, description)
        self.incidents.append(opened)
        self.opened.append(issue)
        return opened

    def open(self):
        return [incident.issue for incident in self.incidents if not incident.is_closed]

    def apply(self, config):
        self.applied.append(dict(config))
        if "bad" in config:
            raise ValueError("bad: not on this board")
        config["mine"] = 1
        for value in config.values():
            if isinstance(value, dict):
                value["mine"] = 1

    def steps(self, count=1):
        for _ in range(count):
            self.rig.ticks.now += 3700 * 1000  # every backoff is over
            self.agent.step()
        return self.hub.asked()


class Incident:
    def __init__(self, issue, description):
        self.issue = issue
        self.description = description
        self.is_closed = False

    def close(self):
        self.is_closed = True


def saved():
    return store.load("config.json")


def test_a_newer_configuration_is_fetched_applied_saved_and_told():
    case = Case()
    assert case.steps(2) == []
    assert "config.json" not in os.listdir()
    assert case.agent.config.get("rate") is None and case.agent.config.get("rate", 7) == 7
    case.hub.set_config(rate=5, deep={"a": [1, 2.5, None, "x"]})
    assert case.steps() == [GET, TELL]
    assert len(case.applied) == 1 and case.applied[0]["rate"] == 5
    assert case.agent.config.get("rate") == 5
    assert case.agent.config.get("deep") == {"a": [1, 2.5, None, "x"]}  # not what the function made of its own
    assert case.agent.config.get("mine") is None
    assert case.hub.told == {"config_version": 1}
    assert case.steps(3) == []
    case.hub.set_config(rate=6)
    assert case.steps() == [GET, TELL]
    assert case.agent.config.get("rate") == 6 and case.agent.config.get("deep") is None
    assert len(case.applied) == 2


def test_it_is_applied_at_the_start_before_the_network():
    case = Case()
    case.hub.set_config(rate=5)
    case.steps()
    case.start()
    case.rig.board.in_reach = False
    case.agent.step()
    assert case.applied[1:] == [{"rate": 5}] and case.agent.config.get("rate") == 5
    case.rig.board.in_reach = True
    assert case.steps(2) == [] and len(case.applied) == 2
    assert case.agent.facts["config_version"] == 1


def test_without_a_function_it_is_only_saved():
    case = Case(apply=False)
    case.hub.set_config(rate=5)
    assert case.steps() == [GET, TELL]
    assert case.agent.config.get("rate") == 5
    case.start()
    assert case.agent.config.get("rate") == 5 and case.steps() == []


def test_the_same_configuration_in_a_newer_version_is_not_applied_again():
    case = Case()
    case.hub.set_config(rate=5)
    case.steps()
    case.hub.set_config(rate=5)
    assert case.steps() == [GET, TELL] and len(case.applied) == 1
    assert saved()["version"] == 2


def test_a_refused_one_is_told_once_and_not_fetched_again():
    case = Case()
    case.hub.set_config(rate=5)
    case.steps()
    case.hub.set_config(bad=1)
    assert case.steps(3) == [GET]
    assert case.open() == ["on_config"] and "bad: not on this board" in case.incidents[0].description
    assert case.agent.config.get("rate") == 5 and case.agent.config.get("bad") is None
    assert case.hub.told == {"config_version": 1}
    case.start()
    assert case.steps(3) == [] and case.applied[-1] == {"rate": 5} and case.open() == []
    case.hub.set_config(bad=2)
    assert case.steps(3) == [GET] and case.open() == ["on_config"]
    case.hub.set_config(rate=6)
    assert case.steps(2) == [GET, TELL] and case.open() == []
    assert case.hub.told == {"config_version": 4} and case.agent.config.get("rate") == 6


def test_the_first_one_refused():
    case = Case()
    case.hub.set_config(bad=1)
    assert case.steps(2) == [GET]
    applied = len(case.applied)
    case.start()
    assert case.steps(2) == [] and len(case.applied) == applied  # nothing is in force


def test_a_refusal_may_be_any_exception_and_what_is_none_is_asked_again():
    class Odd(Exception):
        def __str__(self):
            raise ValueError

    for refusal in (Odd(), KeyError("x"), OSError(5), errors.NotFound("GET x", 404), AttributeError()):
        case = refusing(refusal)
        assert case.steps(2) == [GET] and saved()["refused"] == case.hub.version, refusal
        store.save("config.json", {"version": 0})
    for no_word in (MemoryError(), errors.TooManyRequests("GET x", 429), errors.Unauthorized("GET x", 401)):
        case = refusing(no_word)
        case.steps()
        assert not case.incidents
        case.agent.apply = None
        assert GET in case.steps(2) and saved()["version"] == 1, no_word
        store.save("config.json", {"version": 0})


def refusing(error):
    case = Case()

    def refuse(config):
        raise error

    case.agent.on_config(refuse)
    case.hub.set_config(rate=5)
    return case


def test_an_interrupt_reaches_the_repl_and_refuses_nothing():
    case = refusing(KeyboardInterrupt())
    raises(KeyboardInterrupt, case.agent.step)
    case.hub.asked()
    case.start()
    assert case.steps() == [GET, TELL] and case.applied == [{"rate": 5}]


def test_one_that_fails_at_the_start_stays_in_force():
    case = Case()
    case.hub.set_config(rate=5)
    case.steps()
    case.start()

    def fail(config):
        raise OSError(5)

    case.agent.on_config(fail)
    assert case.steps(2) == []
    assert case.open() == ["on_config"] and case.agent.config.get("rate") == 5
    case.agent.on_config(case.apply)
    case.hub.set_config(rate=6)
    case.steps()
    assert case.open() == []


def test_what_the_user_sets_is_in_force_at_once_and_goes_to_the_hub():
    case = Case()
    case.hub.set_config(rate=5, mode="a")
    case.steps()
    assert case.agent.config.get("rate") == 5
    case.agent.config.set(rate=9, extra={"x": [True, None]})
    assert case.agent.config.get("rate") == 9
    assert case.steps() == [SET, TELL]
    assert case.hub.config == {"rate": 9, "mode": "a", "extra": {"x": [True, None]}}
    assert case.hub.told == {"config_version": 2} and len(case.applied) == 1
    assert saved()["changes"] == {} and saved()["version"] == 2
    assert case.steps(3) == []
    case.agent.config.set(rate=9)
    assert case.steps() == []
    case.start()
    assert case.steps(2) == [] and case.agent.config.get("rate") == 9


def test_what_is_so_already_is_not_written():
    case = Case()
    case.agent.config.set(rate=9, none=None)
    written = []
    write = store.write
    store.write = lambda path, body: written.append(path)
    try:
        case.agent.config.set(rate=9)
        case.agent.config.set(none=None)
        case.agent.config.set()
    finally:
        store.write = write
    assert not written
    case.steps()
    assert case.hub.config == {"rate": 9, "none": None}  # None is a value


def test_what_json_does_not_hold_cannot_be_set():
    case = Case()
    case.agent.config.set(rate=1)
    before = saved()
    inf = float("inf")
    bad = [(1, 2), b"x", {1}, object(), inf, -inf, inf - inf, {1: 2}, {None: 1}, {"a": [{"b": b""}]}, [[print]], Hub]
    for value in bad:
        error = raises(ValueError, case.agent.config.set, good=1, key=value)
        assert "config" in str(error)
    assert "key" in str(raises(ValueError, case.agent.config.set, key=(1,)))
    assert saved() == before and case.agent.config.get("good") is None


def test_a_flash_that_cannot_be_written_changes_nothing():
    case = Case()
    case.agent.config.set(rate=1)
    case.steps(2)
    write = store.write
    store.write = fails
    try:
        raises(errors.StoreError, case.agent.config.set, rate=2)
        assert case.agent.config.get("rate") == 1
        assert case.steps(2) == []
        case.hub.set_config(rate=3)
        assert case.steps() == [GET]
        assert case.hub.told == {"config_version": 1}
    finally:
        store.write = write
    assert case.steps() == [GET, TELL]
    assert case.agent.config.get("rate") == 3 and case.hub.told == {"config_version": 2}


def fails(path, body):
    raise errors.StoreError(path + ": cannot be written")


def test_set_before_registration_and_offline():
    case = Case(registered=False)
    case.agent.config.set(rate=9)
    case.rig.board.in_reach = False
    case.steps(2)
    case.start()
    case.agent.config.set(mode="b")
    case.rig.board.in_reach = False
    case.steps(2)
    assert case.applied == [{"rate": 9}, {"rate": 9, "mode": "b"}]  # each start's
    case.rig.board.in_reach = True
    assert case.steps(2) == ["POST register", SET, TELL]
    assert case.hub.config == {"rate": 9, "mode": "b"} and saved()["changes"] == {}


def test_set_within_the_users_function():
    case = Case()
    calls = []

    @case.agent.on_config
    def apply(config):
        calls.append(dict(config))
        case.agent.config.set(count=len(calls))
        if "bad" in config:
            raise ValueError("bad")

    case.hub.set_config(rate=5)
    assert case.steps(3) == [GET, SET, TELL]
    assert case.hub.config == {"rate": 5, "count": 1} and calls == [{"rate": 5}]
    assert case.hub.told == {"config_version": 2}
    case.hub.set_config(bad=1)
    assert case.steps(3) == [GET, SET, TELL]  # what was set goes up with all that is in force
    assert case.hub.config == {"rate": 5, "count": 2} == saved()["config"] and saved()["changes"] == {}
    case.start()
    case.agent.on_config(apply)
    assert case.steps(3) == [SET, TELL]
    assert case.hub.config == {"rate": 5, "count": 3} and len(calls) == 3


def test_what_is_set_while_the_change_is_on_its_way_goes_up_next():
    case = Case()
    case.agent.config.set(rate=1)
    case.hub.cut = lambda: case.hub.sent[-1][0] == SET and case.agent.config.set(late=1)
    case.steps()
    case.hub.cut = None
    assert case.hub.config == {"rate": 1} and saved()["changes"]["late"] == 1
    assert case.steps(2) == [SET, TELL]
    assert case.hub.config == {"rate": 1, "late": 1} and saved()["changes"] == {}


def test_a_change_on_top_of_a_newer_configuration():
    case = Case()
    case.hub.set_config(rate=5, mode="a")
    case.steps()
    case.hub.set_config(rate=6, mode="c")
    case.agent.config.set(mode="b")
    assert case.steps() == [GET, SET, TELL]
    assert case.applied[-1] == {"rate": 6, "mode": "b"}
    assert case.hub.config == {"rate": 6, "mode": "b"} and case.hub.told == {"config_version": 3}


def test_a_change_that_the_hub_refuses_is_told_and_sent_no_more():
    for status in (400, 422):
        case = Case()
        case.agent.config.set(rate=9)
        case.hub.faults.append((SET, (status, {"error": "rate: at most 5"})))
        assert case.steps(3) == [SET]
        assert case.open() == ["config.set"] and "at most 5" in case.incidents[0].description
        assert case.agent.config.get("rate") == 9
        case.start()
        assert case.steps(2) == [] and case.agent.config.get("rate") == 9
        case.agent.config.set(mode="b")
        assert case.steps(2) == [SET, TELL]
        assert case.hub.config == {"rate": 9, "mode": "b"} and saved()["version"] == 1
        store.save("config.json", {"version": 0})


def test_a_refused_change_gives_way_to_the_hubs_next_configuration():
    case = Case()
    case.agent.config.set(rate=9)
    case.hub.faults.append((SET, (422, {"error": "rate: at most 5"})))
    case.steps()
    case.hub.set_config(rate=5)
    assert case.steps() == [GET, TELL]
    assert case.agent.config.get("rate") == 5 and case.open() == []


def test_a_lost_answer_to_a_change_is_settled_by_the_hubs_next_version():
    case = Case()
    case.hub.set_config(rate=5)
    case.steps()
    case.agent.config.set(rate=9)
    case.hub.faults.append((SET, "lose"))
    assert case.steps(3) == [SET, GET, TELL]
    assert len(case.applied) == 1 and saved()["changes"] == {}
    assert case.hub.version == 2 and case.hub.told == {"config_version": 2}


def test_every_request_may_fail_in_every_way():
    answers = ["lose", "refuse", (500, {}), (403, {}), (404, {}), (200, b"<html>"), (200, []), (429, {}), (413, {})]
    for request in (GET, SET, TELL):
        for answer in answers if request != TELL else answers[:5]:
            for times in (1, 2):
                case = Case()
                case.hub.set_config(rate=5, mode="a")
                case.agent.config.set(mode="b")
                case.hub.faults += [(request, answer)] * times
                case.steps(8)
                agree(case, request, answer, times)
                assert case.steps(2) == []
                os.remove("config.json")


def agree(case, *what):
    assert case.hub.config == {"rate": 5, "mode": "b"}, what
    assert saved()["config"] == case.hub.config and saved()["changes"] == {}, what
    assert saved()["version"] == case.hub.version == case.hub.told["config_version"], what
    assert case.applied[-1] == case.hub.config, what


def test_odd_answers_change_nothing_and_are_asked_again():
    odd = [("version", value) for value in (None, "2", 2.0, True, [], {})]
    odd += [("config", value) for value in (None, "x", 1, [], [["a", 1]], False)]
    for field, value in odd:
        for request in (GET, SET):
            case = Case()
            case.hub.set_config(rate=5)
            if request == SET:
                case.agent.config.set(rate=5)
            case.hub.faults.append((request, {field: value}))
            if request == GET:
                assert case.steps() == [GET], (field, value)
                assert "config.json" not in os.listdir() and not case.applied
            case.steps(3)
            assert saved()["config"] == {"rate": 5} and case.hub.told == {"config_version": case.hub.version}
            os.remove("config.json")


def test_an_older_version_than_the_reply_named_is_taken_as_it_is():
    case = Case()
    case.hub.set_config(rate=5)
    case.hub.faults.append(("POST /telemetry", {"config_version": 9}))
    assert case.steps() == [GET, TELL]
    assert case.steps(3) == [] and case.hub.told == {"config_version": 1}


def test_a_number_that_no_json_holds_costs_nothing_that_was_saved():
    case = Case()
    case.hub.set_config(rate=5)
    case.steps()
    case.hub.set_config(rate=6)
    case.hub.faults.append((GET, (200, b'{"version": 2, "config": {"rate": 1e999}}')))
    case.steps()
    case.start()
    assert case.agent.config.get("rate") in (5, float("inf"))  # CPython reads and writes what JSON has not


def test_another_device_at_the_hub_keeps_what_is_in_force():
    case = Case()
    for _ in range(7):
        case.hub.set_config(rate=5)
    case.steps()
    case.hub.__init__()
    case.hub.id = "d-2"
    case.hub.faults.append(("POST /telemetry", (401, {})))
    case.steps(2)
    assert case.agent.hub.identity["id"] == "d-2"
    assert case.hub.told == {} and case.agent.config.get("rate") == 5
    case.start()
    assert case.steps() == [] and case.applied[-1] == {"rate": 5}
    case.hub.set_config(rate=6)  # its first version
    assert case.steps() == [GET, TELL] and case.agent.config.get("rate") == 6


def test_what_was_set_goes_to_the_other_device_too():
    case = Case()
    case.hub.set_config(rate=5)
    case.steps()
    case.hub.id = "d-2"
    case.agent.config.set(mode="b")
    case.hub.version = 0
    case.hub.config = {}
    case.hub.faults += [("POST /telemetry", (401, {}))]
    case.steps(3)
    assert case.hub.config == {"rate": 5, "mode": "b"} and case.hub.told == {"config_version": 1}


def test_an_identity_that_cannot_be_read_yet_makes_no_version_lost():
    case = Case()
    case.hub.set_config(rate=5)
    case.steps()
    case.start()
    load = store.load

    def broken(path):
        if path == "identity.json":
            raise errors.StoreError(path + ": EIO")
        return load(path)

    store.load = broken
    try:
        case.agent.step()
        assert case.applied[1:] == [{"rate": 5}]
    finally:
        store.load = load
    assert case.steps(2) == []
    assert case.agent.facts["config_version"] == 1


class PowerCut(BaseException):
    pass


def test_the_power_may_go_at_any_moment():
    cuts = 0
    for first in range(1, 100):
        for second in (1, 2, 3, 5):
            case = Case()
            case.hub.config = {}
            survived = live(case, first)
            if not survived:
                case.start()
                survived_again = live(case, second)
                case.start()
                cuts += 1 + (not survived_again)
            assert live(case, None)
            case.hub.cut = None
            case.steps(2)
            agree(case, first, second)
            assert case.hub.version <= 6
            for name in ("config.json", "identity.json"):
                os.remove(name)
        if survived:
            break
    assert cuts > 20 and survived


def live(case, cut_at):
    # One life of a program that sets a mode of its own; the operator changes the rate while it lives.
    left = [cut_at or 0]

    def cut():
        left[0] -= 1
        if left[0] == 0:
            raise PowerCut

    def cutting(path, body):
        cut()
        write(path, body)
        cut()

    write = store.write
    store.write = cutting
    case.hub.cut = cut
    try:
        if case.hub.version == 0:
            case.hub.set_config(rate=4)
        case.steps(1)
        if case.agent.config.get("mode") != "b":
            case.agent.config.set(mode="b")
        case.steps(2)
        if case.hub.config.get("rate") != 5:
            case.hub.set_config(**dict(case.hub.config, rate=5))
        case.steps(2)
    except PowerCut:
        return False
    finally:
        store.write = write
    return True
