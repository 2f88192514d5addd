from config_case import GET, SET, TELL, Case, saved
from config_hub import Hub
from support import raises
from telemetry import errors, store


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


def test_one_and_true_are_not_the_same():
    case = Case()
    case.agent.config.set(rate=1)
    case.steps()
    case.agent.config.set(rate=True)
    assert case.agent.config.get("rate") is True
    assert case.steps() == [SET, TELL] and case.hub.config["rate"] is True
    case.agent.config.set(rate=1)
    case.hub.set_config(rate=True)  # in a newer version
    assert case.steps() == [GET, SET, TELL] and case.hub.config["rate"] == 1 and case.hub.config["rate"] is not True


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


def test_what_was_set_goes_up_after_a_restart():
    case = Case()
    case.agent.config.set(rate=9)
    case.start(registered=True)  # before it was told: the hub has no configuration to name
    assert case.steps(2) == [SET, TELL] and case.hub.config == {"rate": 9}


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
        assert case.open() == ["config.set"] and "at most 5" in case.hub.incidents[0]["description"]
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
