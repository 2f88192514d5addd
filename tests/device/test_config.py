import os

from config_case import GET, TELL, Case, saved
from support import raises
from telemetry import errors, store


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
    assert case.open() == ["on_config"] and "bad: not on this board" in case.hub.incidents[0]["description"]
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
        assert not case.hub.incidents
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


def test_an_older_version_than_the_reply_named_is_taken_as_it_is():
    case = Case()
    case.hub.set_config(rate=5)
    case.hub.faults.append(("POST /telemetry", {"config_version": 9}))
    assert case.steps() == [GET, TELL]
    assert case.steps(3) == [] and case.hub.told == {"config_version": 1}


def test_one_that_cannot_be_kept_is_refused_once():
    deep = b'{"version": 2, "config": {"deep": [{"limit": 1e999}]}}'
    large = b'{"version": 2, "config": {"rate": "' + b"x" * 16100 + b'"}}'
    for body, reason in ((deep, "limit: not what JSON holds"), (large, "too large"), (None, "BodyTooLarge")):
        case = Case()
        case.hub.set_config(rate=5)
        case.steps()
        case.hub.set_config(rate=6)
        case.hub.faults.append((GET, errors.BodyTooLarge("32768 bytes") if body is None else (200, body)))
        assert case.steps(4) == [GET], reason
        assert [reason in each["description"] for each in case.hub.incidents] == [True]
        assert len(case.applied) == 1 and case.agent.config.get("rate") == 5
        case.start()
        assert case.steps(2) == [] and case.agent.config.get("rate") == 5
        case.hub.set_config(rate=7)
        assert case.steps() == [GET, TELL] and case.agent.config.get("rate") == 7
        os.remove("config.json")
        os.remove("incidents.json")


def test_a_number_that_becomes_true_is_a_change():
    case = Case()
    case.hub.set_config(rate=1, deep=[{"rate": 0}])
    case.steps()
    case.hub.set_config(rate=True, deep=[{"rate": 0}])
    assert case.steps() == [GET, TELL] and case.applied[-1]["rate"] is True
    case.hub.set_config(rate=True, deep=[{"rate": False}])
    assert case.steps() == [GET, TELL] and case.applied[-1]["deep"][0]["rate"] is False
    case.start()
    assert case.agent.config.get("deep")[0]["rate"] is False


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


def test_an_identity_that_cannot_be_read_yet_makes_no_version_lost():
    case = Case()
    case.hub.set_config(rate=5)
    case.steps()
    case.start()
    load = store.load

    def broken(path, *data):
        if path == "identity.json":
            raise errors.StoreError(path + ": EIO")
        return load(path, *data)

    store.load = broken
    try:
        case.agent.step()
        assert case.applied[1:] == [{"rate": 5}]
    finally:
        store.load = load
    assert case.steps(2) == []
    assert case.agent.facts["config_version"] == 1
