import os

from config_hub import Hub
from power import lives_through
from rig import Rig
from telemetry import errors, store

INFO, SPACE, TELL = "GET /", "GET /space", "PUT /"
BERLIN = {
    "name": "Room 1",
    "location": {"coordinates": {"lat": 52.5, "lng": 13.4}, "utc_offset": 60, "name": "Berlin"},
    "temperature_units": "celsius",
    "maintenance": False,
    "local_time": "2026-01-01T00:00:00",
}


class Case:
    """A board before a stateful hub; `start` makes a new board over the same files."""

    def __init__(self):
        self.hub = Hub()
        self.start(True)

    def start(self, registered=False):
        self.rig = Rig(requests=self.hub, registered=registered)
        self.agent = self.rig.agent

    def steps(self, count=1):
        for _ in range(count):
            self.rig.ticks.now += 3700 * 1000  # every backoff is over
            self.agent.step()
        return self.hub.asked()


def saved():
    return store.load("space.json")


def test_nothing_is_asked_or_written_while_there_is_nothing_new():
    case = Case()
    assert case.steps(3) == []
    assert not case.agent.claimed and case.agent.space == {} and case.agent.info == {}
    assert case.agent.utc_offset == 0
    assert "space.json" not in os.listdir()


def test_a_claimed_device_knows_its_space_after_a_restart_too():
    case = Case()
    case.hub.claim(**BERLIN)
    assert case.steps() == [SPACE, TELL]
    for _ in range(2):
        agent = case.agent
        assert agent.claimed and agent.utc_offset == 60 and agent.space["temperature_units"] == "celsius"
        assert agent.space["location"]["coordinates"] == {"lat": 52.5, "lng": 13.4}
        assert agent.space["maintenance"] is False and "local_time" not in agent.space
        assert case.hub.told == {"space_version": 1}
        assert case.steps(2) == []
        case.start()  # and no network yet


def test_a_move_to_another_space():
    case = Case()
    case.hub.claim(**BERLIN)
    case.steps()
    case.hub.claim(location={"utc_offset": -300}, temperature_units="fahrenheit")
    assert case.steps() == [SPACE, TELL]
    assert case.agent.utc_offset == -300 and case.agent.space["temperature_units"] == "fahrenheit"
    assert "name" not in case.agent.space and case.hub.told == {"space_version": 2}


def test_claimed_no_longer():
    for restart in (False, True):
        case = Case()
        case.hub.claim(**BERLIN)
        case.steps()
        if restart:
            case.start()
        case.hub.unclaim()
        assert case.steps() == [TELL]
        for _ in range(2):
            assert not case.agent.claimed and case.agent.space == {} and case.agent.utc_offset == 0
            assert case.hub.told == {"space_version": 0}
            assert case.steps(2) == []
            case.start()
        case.hub.claim(**BERLIN)
        assert case.steps() == [SPACE, TELL] and case.agent.claimed
        clean()


def clean():
    for name in ("space.json", "identity.json"):
        os.remove(name)


def test_claimed_follows_the_last_reply_even_if_the_space_cannot_be_had():
    case = Case()
    case.hub.claim(**BERLIN)
    case.hub.faults += [(SPACE, (500, {}))]
    assert case.steps() == [SPACE] and case.agent.claimed and case.agent.space == {}
    assert case.steps() == [SPACE, TELL] and case.agent.space["name"] == "Room 1"
    case.hub.unclaim()
    write = store.write
    store.write = fails
    try:
        case.steps()
        assert not case.agent.claimed and case.agent.space == {}
    finally:
        store.write = write
    assert case.steps(2) == [TELL]
    case.hub.faults += [("POST /telemetry", {"space_data_version": None})] * 2
    case.start()
    assert case.steps(2) == [] and not case.agent.claimed


def fails(path, body):
    raise errors.StoreError(path + ": cannot be written")


def test_a_space_that_is_not_there():
    case = Case()
    case.hub.claim(**BERLIN)
    case.hub.faults += [(SPACE, (404, {}))]
    assert case.steps(3) == [SPACE, TELL]
    assert case.hub.told == {"space_version": 0} and case.agent.space == {}
    case.hub.unclaim()
    assert case.steps(2) == [] and not case.agent.claimed
    case.hub.claim(**BERLIN)
    assert case.steps(2) == [SPACE, TELL] and case.agent.claimed and case.agent.utc_offset == 60


def test_device_info():
    case = Case()
    case.hub.info = {"name": "Pump", "sub_model": "B", "details": {"a": [1]}, "access_key": "secret", "list": [1]}
    case.hub.info_version = 1
    assert case.steps(2) == [INFO]
    case.start()
    assert case.agent.info == {"name": "Pump", "sub_model": "B", "details": {"a": [1]}}
    assert case.steps(2) == [] and not case.agent.claimed
    case.hub.info = {"name": "Fan"}
    case.hub.info_version = 2
    assert case.steps(2) == [INFO] and case.agent.info == {"name": "Fan"}
    assert "access_key" not in saved()["info"]


def test_only_what_is_new_is_asked():
    case = Case()
    case.hub.claim(**BERLIN)
    case.hub.info_version = 1
    assert case.steps(2) == [INFO, SPACE, TELL]
    case.hub.info_version = 2
    assert case.steps(2) == [INFO]
    case.hub.faults += [(INFO, (500, {}))]
    case.hub.info_version = 3
    case.hub.claim(**BERLIN)
    case.steps(2)
    assert case.steps(2) == [] and case.hub.told == {"space_version": 2}
    assert saved()["info_version"] == 3


def test_what_is_of_a_wrong_type_is_left_out():
    for value in (None, 5, 2.5, True, "x", [], [1], {}):
        for field, kind in (("name", str), ("location", dict), ("temperature_units", str), ("maintenance", bool)):
            case = Case()
            case.hub.claim(**dict(BERLIN, **{field: value}))
            assert case.steps(2) == [SPACE, TELL]
            agent = case.agent
            assert agent.claimed
            assert type(agent.utc_offset) is int
            if type(value) is kind:
                assert agent.space[field] == value
            elif field != "maintenance":
                assert field not in agent.space, (field, value)
            clean()


def test_an_offset_of_a_wrong_type_is_none():
    for value in (None, 2.5, True, "60", [], {}):
        case = Case()
        case.hub.claim(location={"utc_offset": value, "name": "Berlin"})
        case.steps()
        assert case.agent.utc_offset == 0 and case.agent.space["location"]["name"] == "Berlin"
        clean()


def test_what_is_too_large_is_left_out():
    case = Case()
    case.hub.info = {"k%03d" % i: "\xe4" * 40 for i in range(300)}
    case.hub.info["name"] = "Pump"
    case.hub.info["details"] = {"all": "x" * 6000}
    case.hub.info_version = 1
    case.hub.claim(**dict(BERLIN, note="x" * 9000))
    assert case.steps(2) == [INFO, SPACE, TELL]
    assert case.agent.info["name"] == "Pump" and "details" not in case.agent.info
    assert case.agent.utc_offset == 60
    assert os.stat("space.json")[6] < 9000


def test_every_request_may_fail_in_every_way():
    for request in (INFO, SPACE):
        for answer in ("lose", "refuse", (500, {}), (403, {}), (200, b"<html>"), (200, []), (429, {}), (422, {})):
            case = Case()
            case.hub.claim(**BERLIN)
            case.hub.info_version = 1
            case.hub.faults += [(request, answer)] * 2
            case.steps(6)
            assert case.agent.info["name"] == "Board" and case.agent.utc_offset == 60, (request, answer)
            assert case.hub.told == {"space_version": 1} and case.steps(2) == []
            clean()


def test_another_device_knows_nothing_of_the_old_ones_space():
    case = Case()
    case.hub.claim(**BERLIN)
    case.hub.info_version = 4
    case.steps()
    case.hub.__init__()
    case.hub.id = "d-2"
    case.hub.faults.append(("POST /telemetry", (401, {})))
    case.steps(2)
    for _ in range(2):
        assert not case.agent.claimed and case.agent.space == {} and case.agent.info == {}
        assert case.hub.told == {}
        case.start()
        case.steps()
    case.hub.claim(**BERLIN)
    assert case.steps() == [SPACE, TELL]


def test_the_power_may_go_at_any_moment():
    cuts = 0
    for first in range(1, 100):
        case = Case()
        survived = live(case, first)
        cuts += not survived
        case.start()
        live(case, 3)
        case.start()
        assert live(case, None)
        case.hub.cut = None
        assert case.agent.claimed and case.agent.utc_offset == 60 and case.agent.info == {"id": "d-1", "name": "Board"}
        assert case.hub.told == {"space_version": case.hub.space_version}
        assert case.steps(2) == []
        clean()
        if survived:
            break
    assert survived and cuts > 10


def live(case, cut_at):
    # One life of a device that is claimed, and claimed again.
    def life():
        case.hub.info_version = 1
        if not case.hub.space_version:
            case.hub.claim(name="Room 0")
        case.steps(2)
        if case.hub.space_version < 2:
            case.hub.claim(**BERLIN)
        case.steps(2)

    return lives_through(case.hub, cut_at, life)
