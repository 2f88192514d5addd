"""Licences from a hub at the level of HTTP that keeps what is pending, as the real one does."""

import json
import os
from binascii import a2b_base64

import license_vectors as vectors
import rsa_vectors
from fakes import Response
from rig import IDENTITY, TELEMETRY, Rig
from telemetry import clock as clock_module
from telemetry import start, store

KEY = "".join(vectors.MAKER_KEY.split())
GET = "GET /devices/d-1/license"
POST = "POST /devices/d-1/licenses"
NOW = "2026-05-01T12:00:00.000Z"
LATER = "2026-09-01T00:00:00Z"
BOTH = '{"features": ["recording", "playback"]}'
NOT_FOUND = (404, {"error": "no such thing"})
LARGE = '{"features": ["' + "x" * 3000 + '"]}'


class PowerCut(BaseException):
    """Nothing of the program runs on: no `except Exception` may see it."""


class Hub:
    """One device's. `cut`: at its request of that number, from 1, `failure` is raised, before or after it acted."""

    def __init__(self, current_time=NOW):
        self.current_time = current_time
        self.board_time = None  # what the board's own clock says
        self.pending = []
        self.states = []  # as reported: (id, state, error)
        self.paths = []
        self.cut = 0
        self.after = False
        self.failure = None
        self.instead = {}  # path -> (status, body) that it is answered with

    def add(self, license_id, data="recording", expires_at=None, action="add", **fields):
        signature = "".join(vectors.SIGNED.get(data, "").split()) if isinstance(data, str) else None
        change = {"id": license_id, "device_id": "d-1", "data": data, "signature": signature, "action": action}
        change.update(expires_at=expires_at, current_time=self.current_time)
        change.update(fields)
        self.pending.append(change)

    def request(self, method, url, data=None, headers=None, timeout=None):
        path = method + " " + url.split("/v1")[1]
        self.paths.append(path)
        fails = len(self.paths) == self.cut
        if fails and not self.after:
            raise self.failure
        if path in self.instead:
            return Response(*self.instead[path])
        answer = self.act(path, json.loads(data) if data else None)
        if fails:
            raise self.failure
        return answer

    def act(self, path, body):
        if path.endswith("/telemetry"):
            return Response(200, {"success": True, "new_licenses": bool(self.pending)})
        if path.endswith("/license"):
            return Response(200, self.pending[0] if self.pending else {})
        if path.endswith("/licenses"):
            assert set(body) == ({"id", "state", "error"} if body["state"] == "error" else {"id", "state"}), body
            self.states.append((body["id"], body["state"], body.get("error")))
            for change in self.pending:
                if change["id"] == body["id"]:
                    self.pending.remove(change)
                    return Response(200, {})
            return Response(404, {"error": "no such license"})
        raise AssertionError(path)

    def last(self):
        """The state that was reported last."""
        return self.states[-1][1]


def started(hub, key=KEY, **settings):
    if key is not None:
        settings["maker_key"] = key
    rig = Rig(requests=hub, **settings)
    rig.agent.clock.timestamp = lambda: hub.board_time
    return rig


def step(rig):
    rig.ticks.now += 4000 * 1000  # whatever was to wait, waited
    rig.agent.step()


def in_use(agent):
    """Looked at anew from flash."""
    agent.licenses = None
    return [name for name in ("recording", "playback", "export") if agent.licensed(name)]


def reported(**fields):
    """What is reported of a change with these fields, while another licence is in use, which stays so."""
    hub = Hub()
    hub.add("old", '{"feature": "recording"}')
    agent = started(hub)
    step(agent)
    assert hub.states == [("old", "inuse", None)]
    hub.add("new", **fields)
    step(agent)
    assert not hub.pending and len(hub.states) == 2 and hub.states[1][0] == "new"
    assert agent.agent.licensed("recording")
    if hub.last() == "error":
        assert set(store.load("licenses.json")["licenses"]) == {"old"}
    os.remove("licenses.json")
    return hub.states[1][1:]


def refused(expected, **fields):
    state, text = reported(**fields)
    assert state == "error" and expected in text, (state, text, fields)


# The story


def test_add_update_remove():
    hub = Hub()
    rig = started(hub)
    agent = rig.agent
    assert not agent.licensed("recording")
    step(rig)
    assert hub.paths == [TELEMETRY] and os.listdir() == ["identity.json"]
    hub.add("l-1")
    step(rig)
    assert hub.paths[1:] == [TELEMETRY, GET, POST, GET]
    assert agent.licensed("recording") and not agent.licensed("playback")
    hub.add("l-1", BOTH, action="update")
    step(rig)
    assert agent.licensed("recording") and agent.licensed("playback")
    hub.add("l-1", None, action="remove")
    step(rig)
    assert not agent.licensed("recording") and not agent.licensed("playback")
    assert hub.states == [("l-1", "inuse", None), ("l-1", "inuse", None), ("l-1", "removed", None)]
    assert store.load("licenses.json")["licenses"] == {}
    step(rig)
    assert hub.paths[-1] == TELEMETRY


def test_what_was_in_use_is_so_after_a_restart_and_offline():
    hub = Hub()
    hub.add("l-1", BOTH)
    step(started(hub))
    again = started(hub)
    assert in_use(again.agent) == ["recording", "playback"]
    again.board.in_reach = False
    step(again)
    assert in_use(again.agent) == ["recording", "playback"]


def test_what_data_may_be():
    for data, features in (
        ("recording", ["recording"]),
        ("5", ["5"]),
        ('"x"', ['"x"']),
        ("[]", ["[]"]),
        ("Aufnahme für später", ["Aufnahme für später"]),
        (BOTH, ["recording", "playback"]),
        ('{"feature": "recording"}', ["recording"]),
        ('{"features": ["export"], "device_id": "d-1", "seats": 5}', ["export"]),
        ('{"features": ["export"], "device_id": null}', ["export"]),
    ):
        hub = Hub()
        hub.add("l-1", data)
        rig = started(hub)
        step(rig)
        assert hub.states == [("l-1", "inuse", None)], (data, hub.states)
        assert all(rig.agent.licensed(feature) for feature in features), data
        assert set(rig.agent.licenses) == set(features)
        os.remove("licenses.json")


def test_data_of_no_use():
    for data in vectors.SIGNED:
        if "d-2" in data or data in (
            "{}",
            '{"features": ["export"], "device_id": 1}',
            '{"features": "recording"}',
            '{"features": []}',
            '{"features": null}',
            '{"features": {"recording": true}}',
            '{"features": ["recording", 1]}',
            '{"features": [["recording"]]}',
            '{"feature": 1}',
            '{"feature": null}',
        ):
            refused("data: expected features of device d-1", data=data)
    assert len(vectors.SIGNED) == 21


def test_several_for_a_feature_the_longest_counts():
    hub = Hub()
    hub.board_time = NOW
    hub.add("short", "recording", "2026-06-01")
    hub.add("long", BOTH, "2026-07-01")
    rig = started(hub)
    step(rig)
    hub.board_time = "2026-06-15T00:00:00.000Z"
    assert in_use(rig.agent) == ["recording", "playback"]
    hub.add("ever", '{"feature": "recording"}')
    step(rig)
    hub.board_time = "2026-07-15T00:00:00.000Z"
    assert in_use(rig.agent) == ["recording"]
    hub.add("ever", action="remove")
    hub.add("more", expires_at="2026-08-01")
    step(rig)
    assert in_use(rig.agent) == ["recording"]
    hub.add("more", action="remove")
    step(rig)
    assert in_use(rig.agent) == []
    assert set(store.load("licenses.json")["licenses"]) == {"short", "long"}  # expired ones may be extended
    hub.add("short", expires_at="2027-01-01", action="update")
    step(rig)
    assert in_use(rig.agent) == ["recording"]


def test_an_update_of_what_is_not_here_is_taken():
    assert reported(data=BOTH, action="update") == ("inuse", None)


def test_to_remove_what_is_not_here_is_done():
    assert reported(data="playback", action="remove", signature="forged") == ("removed", None)


# What is not the maker's


def test_forged():
    good = "".join(vectors.SIGNED["recording"].split())
    other = "".join(vectors.SIGNED[BOTH].split())
    refused("not by this key", signature=other)
    refused("not by this key", data="playback", signature=good)
    refused("not by this key", data="recording ", signature=good)
    refused("not by this key", signature="".join(rsa_vectors.RSA_2048_E65537[1].split()))
    for signature in (None, "", "forged", good[:-4], good + "\n", good + "AAAA", 1, True, [], {}, [good]):
        refused("signature: expected base64", signature=signature)


def test_an_update_that_is_forged_leaves_the_old_in_use():
    hub = Hub()
    hub.board_time = NOW
    hub.add("l-1", BOTH, "2026-06-01")
    rig = started(hub)
    step(rig)
    hub.add("l-1", BOTH, "2036-06-01", action="update", signature="forged")
    step(rig)
    assert hub.last() == "error" and in_use(rig.agent) == ["recording", "playback"]
    hub.board_time = "2026-06-01T00:00:00.000Z"
    assert in_use(rig.agent) == []


def test_fields_of_wrong_types():
    for value in (None, 0, 1, True, 1.5, [], {}, ["recording"], {"feature": "recording"}):
        refused("data: ", data=value, signature="".join(vectors.SIGNED["recording"].split()))
    for value in (None, 0, True, "", "ADD", "inuse", [], {}, ["add"]):
        refused("action: expected add, update or remove", action=value)
    for value in (0, 1, True, 1.5, [], {}, ["2027-01-01"], list("2027-01-01")):
        refused("expires_at: expected", expires_at=value)


def test_an_id_of_a_wrong_type_is_no_licence():
    for value in (None, "", 1, True, [], {}, ["l-1"], "l\n1"):
        hub = Hub()
        hub.add(value)
        rig = started(hub)
        step(rig)
        assert hub.paths == [TELEMETRY, GET] and not hub.states
        step(rig)  # it goes on
        assert hub.paths[2:] == [TELEMETRY, GET] and "licenses.json" not in os.listdir()


def test_a_reply_that_is_no_object():
    for answer in ([], "x", 5, True, [1]):
        hub = Hub()
        hub.add("l-1")
        hub.instead[GET] = (200, answer)
        rig = started(hub)
        step(rig)
        assert not hub.states and hub.paths == [TELEMETRY, GET]


def test_when_it_expires():
    for text in (
        "2027-01-01",
        "2027-01-01T00:00:00",
        "2027-01-01T00:00:00Z",
        "2027-01-01T00:00:00.5Z",
        "2027-01-01T00:00:00.123456789Z",
        "2027-01-01T00:00:00+00:00",
        "2027-01-01T00:00:00.000+00:00",
    ):
        hub = Hub()
        hub.board_time = "2026-12-31T23:59:59.999Z"
        hub.add("l-1", BOTH, text)
        rig = started(hub)
        step(rig)
        assert hub.last() == "inuse" and in_use(rig.agent) == ["recording", "playback"], text
        hub.board_time = "2027-01-01T00:00:00.000Z"
        assert not rig.agent.licensed("recording"), text  # in memory
        assert in_use(rig.agent) == []
        os.remove("licenses.json")


def test_an_expiry_that_nobody_can_read():
    for text in (
        "",
        "never",
        "2027",
        "2027-01",
        "2027-1-1",
        "01.01.2027",
        "20270101T000000Z",
        "2027-00-01",
        "2027-13-01",
        "2027-01-00",
        "2027-01-32",
        "2027-01-01T",
        "2027-01-01Z",
        "2027-01-01T24:00:00Z",
        "2027-01-01T00:60:00Z",
        "2027-01-01T00:00:60Z",
        "2027-01-01T00:00",
        "2027-01-01 00:00:00",
        "2027-01-01T00:00:00.",
        "2027-01-01T00:00:00.Z",
        "2027-01-01T00:00:00ZZ",
        "2027-01-01T00:00:00Z ",
        " 2027-01-01",
        "2027-01-01T00:00:00+01:00",
        "2027-01-01T00:00:00-00:00",
        "2027-01-01T00:00:00+00",
        "2027-01-01T00:00:00." + "0" * 9000 + "Z",
        "+027-01-01",
        "99999-01-01",
    ):
        refused("expires_at: expected UTC as 2027-01-01T00:00:00Z", data=BOTH, expires_at=text)


# The key


def test_without_a_key_nothing_is_taken():
    hub = Hub()
    hub.add("l-1")
    hub.add("l-2", BOTH, action="update")
    hub.add("l-3", action="remove")
    rig = started(hub, None)
    step(rig)
    text = "no maker_key in settings.json"
    assert hub.states == [("l-1", "error", text), ("l-2", "error", text), ("l-3", "removed", None)]
    assert in_use(rig.agent) == []


def test_the_key_in_a_file():
    path = os.getcwd().rstrip("/") + "/maker.der"
    hub = Hub()
    hub.add("l-1")
    rig = started(hub, path)
    step(rig)
    assert hub.last() == "error" and path[:40] in hub.states[0][2] and "openssl rsa -pubout" in hub.states[0][2]
    with open(path, "wb") as file:
        file.write(a2b_base64(KEY))
    hub.add("l-1")
    step(rig)  # it is read when it is needed
    assert hub.last() == "inuse" and rig.agent.licensed("recording")


def test_a_key_of_no_use():
    for key in ("MI", KEY[:-8], KEY[:200], "".join(rsa_vectors.RSA_1024.split())):
        hub = Hub()
        hub.add("l-1")
        rig = started(hub, key)
        step(rig)
        assert hub.last() == "error" and hub.states[0][2].startswith("maker_key: "), hub.states
        assert in_use(rig.agent) == []


def test_another_makers_key():
    hub = Hub()
    hub.add("l-1")
    rig = started(hub, "".join(rsa_vectors.RSA_2048_E65537[0].split()))
    step(rig)
    assert hub.states == [("l-1", "error", "signature: not by this key")]


# Time


def test_the_hubs_clock_where_there_is_no_other():
    for text in ("2026-05-01T12:34:56Z", "2026-05-01T12:34:56.789Z", "2026-05-01T12:34:56+00:00"):
        hub = Hub(text)
        rig = started(hub)
        told = []
        rig.agent.clock.set_rtc = told.append
        hub.add("l-1", "recording", "2026-05-01T12:34:56Z")
        hub.add("l-2", BOTH, "2026-05-01T12:34:57Z")
        step(rig)
        assert {clock_module.utc_of(seconds)[:6] for seconds in told} == {(2026, 5, 1, 12, 34, 56)}
        assert in_use(rig.agent) == ["recording", "playback"]
        hub.add("l-2", BOTH, action="remove")
        step(rig)
        assert in_use(rig.agent) == []  # l-1 is over
        os.remove("licenses.json")


def unset(rig):
    """A chip whose clock was not set; once it is, it goes on."""
    set_at = []

    def set_rtc(seconds):
        set_at[:] = [seconds - rig.ticks.now // 1000]

    def timestamp():
        if not set_at:
            return None
        return "%04d-%02d-%02dT%02d:%02d:%02d.000Z" % clock_module.utc_of(set_at[0] + rig.ticks.now // 1000)[:6]

    rig.agent.clock.set_rtc = set_rtc
    rig.agent.clock.timestamp = timestamp
    return rig


def test_the_hubs_clock_goes_on_offline():
    hub = Hub()
    hub.add("l-1", "recording", "2026-05-03")
    first = unset(started(hub))
    step(first)
    for rig in (first, unset(started(hub))):  # after a start too, which has no clock again
        assert rig.agent.licensed("recording")
        rig.ticks.now += 35 * 3600 * 1000
        assert rig.agent.licensed("recording")
        store.save("kept.json", store.load("licenses.json"))
        rig.ticks.now += 2 * 3600 * 1000
        assert not rig.agent.licensed("recording")
        store.save("licenses.json", store.load("kept.json"))  # as if nobody had asked before the power went
    assert in_use(unset(started(hub)).agent) == ["recording"]


def test_a_clock_that_went_on_gives_way_to_the_hubs():
    hub = Hub()
    hub.add("l-1", "recording", LATER)
    step(unset(started(hub)))
    rig = unset(started(hub))  # days later, by nobody's clock
    assert rig.agent.licensed("recording") and rig.agent.clock.timestamp() == NOW
    rig.agent.clock.failures = 1  # no NTP server answers
    hub.current_time = "2026-08-31T23:59:59Z"
    hub.add("l-2", BOTH)
    step(rig)
    assert rig.agent.clock.timestamp() == "2026-08-31T23:59:59.000Z"
    hub.current_time = NOW
    hub.add("l-3", BOTH)
    rig.agent.step()
    assert rig.agent.clock.timestamp() == "2026-08-31T23:59:59.000Z"  # never back


def test_the_boards_clock_is_not_set_by_the_hub():
    hub = Hub()
    hub.board_time = "2026-01-01T00:00:00.000Z"
    rig = started(hub)
    told = []
    rig.agent.clock.set_rtc = told.append
    hub.add("l-1", "recording", "2026-04-01")
    step(rig)
    assert not rig.agent.licensed("recording")  # but it cannot be earlier than the hub says
    assert not told
    hub.current_time = "2026-03-01T00:00:00Z"
    hub.add("l-2", BOTH, "2026-04-01")
    step(rig)
    assert in_use(rig.agent) == []  # nor than it said before


def test_a_time_of_no_use_costs_no_licence():
    for value in (None, 0, True, 1.5, [], {}, "", "now", "2026-05-01T12:00:00+02:00", "9999-12-31", "2100-01-01"):
        hub = Hub(value)
        rig = started(hub)
        told = []
        rig.agent.clock.set_rtc = told.append
        hub.add("l-1", "recording", "2026-06-01")
        step(rig)
        assert not told
        assert hub.last() == "inuse" and in_use(rig.agent) == ["recording"], value
        assert rig.agent.clock.at_least == ""
        os.remove("licenses.json")


def test_a_clock_that_cannot_be_set_costs_no_licence():
    hub = Hub()
    rig = started(hub)
    rig.agent.clock.set_rtc = lambda seconds: 1 / 0
    hub.add("l-1", "recording", "2026-04-30")
    hub.add("l-2", "recording", "2026-06-01")
    step(rig)
    assert rig.agent.clock.at_least == NOW[:19] and in_use(rig.agent) == ["recording"]


def test_expired_stays_expired_without_a_clock():
    hub = Hub()
    hub.add("l-1", "recording", LATER)
    hub.board_time = NOW
    rig = started(hub)
    step(rig)
    hub.board_time = "2026-09-01T00:00:01.000Z"
    assert not rig.agent.licensed("recording")  # offline: nobody but the user's program saw it
    hub.board_time = None
    assert in_use(started(hub).agent) == []
    hub.board_time = NOW  # a clock that was set back
    assert in_use(started(hub).agent) == []


def test_expired_in_the_course_of_a_day():
    hub = Hub()
    hub.add("l-1", "recording", "2026-05-01T14:00:00Z")
    hub.board_time = NOW
    rig = started(hub)
    step(rig)
    hub.board_time = "2026-05-01T14:00:00.000Z"
    assert not rig.agent.licensed("recording")
    hub.board_time = None
    assert in_use(started(hub).agent) == []


def test_it_expires_while_nobody_asks():
    hub = Hub()
    hub.add("l-1", "recording", LATER)
    hub.board_time = NOW
    rig = started(hub)
    step(rig)
    hub.board_time = "2026-09-01T00:00:01.000Z"
    for _ in range(24):
        step(rig)  # more than a day
    hub.board_time = None
    assert in_use(started(hub).agent) == []


def test_the_hubs_time_lasts_over_a_restart():
    hub = Hub()
    hub.add("l-1", "recording", LATER)
    step(started(hub))
    assert in_use(started(hub).agent) == ["recording"]
    hub.current_time = "2026-09-02T00:00:00Z"
    hub.add("l-2", signature="forged")  # nothing to keep but the time
    step(started(hub))
    assert in_use(started(hub).agent) == []


def test_a_licence_that_comes_too_late():
    hub = Hub("2026-09-02T00:00:00Z")
    hub.add("l-1", "recording", LATER)
    step(started(hub))
    assert in_use(started(hub).agent) == []


def test_flash_is_written_once_a_day_at_most():
    hub = Hub()
    hub.add("l-1", "recording", LATER)
    hub.board_time = NOW
    writes = []
    write = store.write

    def counted(path, body):
        if path == "licenses.json":
            writes.append(path)
        write(path, body)

    store.write = counted
    try:
        rig = started(hub)
        step(rig)
        assert len(writes) == 1
        for _ in range(50):
            step(rig)
            assert in_use(rig.agent) == ["recording"]
        assert len(writes) == 1
        for hour in range(1, 24):
            hub.board_time = "2026-05-02T%02d:00:00.000Z" % hour
            step(rig)
            assert in_use(rig.agent) == ["recording"]
            in_use(started(hub).agent)
        assert len(writes) == 2
        hub.board_time = "2026-09-01T00:00:00.000Z"
        for _ in range(5):
            assert in_use(rig.agent) == []
        assert len(writes) == 3
    finally:
        store.write = write


# Restarts, lost replies, a flash that fails


def changes(hub):
    hub.board_time = NOW
    hub.add("l-1", BOTH, LATER)
    hub.add("l-2", '{"features": ["export"], "device_id": "d-1", "seats": 5}')
    hub.add("l-3", "recording", signature="forged")
    hub.add("l-2", action="remove")
    hub.add("l-1", '{"feature": "recording"}', action="update")


def agrees(hub, rig):
    """Hub and board: everything was done, and each said so."""
    assert not hub.pending
    last = {license_id: state for license_id, state, _ in hub.states}
    assert last == {"l-1": "inuse", "l-2": "removed", "l-3": "error"}, last
    for agent in (rig.agent, started(hub).agent):
        assert in_use(agent) == ["recording"]
    assert set(store.load("licenses.json")["licenses"]) == {"l-1"}
    os.remove("licenses.json")


def test_the_power_goes_at_each_request():
    for after in (False, True):
        for cut in range(1, 12):
            hub = Hub()
            changes(hub)
            hub.cut, hub.after, hub.failure = cut, after, PowerCut()
            try:
                step(started(hub))
                raise AssertionError("no cut at %d" % cut)
            except PowerCut:
                pass
            rig = started(hub)
            for _ in range(3):
                step(rig)
            agrees(hub, rig)


def test_a_reply_is_lost_at_each_request():
    for failure in (OSError(104), OSError(110)):
        for after in (False, True):
            for cut in range(1, 13):
                hub = Hub()
                changes(hub)
                hub.cut, hub.after, hub.failure = cut, after, failure
                rig = started(hub)
                for _ in range(4):
                    step(rig)
                agrees(hub, rig)


def test_the_power_goes_at_each_save():
    save = store.save
    for after in (False, True):
        for cut in (1, 2, 3, 4):
            count = []

            def cut_off(path, data, count=count, cut=cut, after=after):
                count.append(path)
                if len(count) == cut and not after:
                    raise PowerCut
                save(path, data)
                if len(count) == cut:
                    raise PowerCut

            hub = Hub()
            changes(hub)
            rig = started(hub)
            store.save = cut_off
            try:
                step(rig)
                raise AssertionError("no cut at %d" % cut)
            except PowerCut:
                pass
            finally:
                store.save = save
            rig = started(hub)
            for _ in range(3):
                step(rig)
            agrees(hub, rig)


def test_a_flash_that_fails_is_no_licence_in_use():
    hub = Hub()
    hub.add("l-1")
    rig = started(hub)
    step(rig)
    hub.add("l-2", BOTH)
    hub.add("l-1", action="remove")
    write = store.write

    def broken(path, body):
        from telemetry.errors import StoreError

        raise StoreError(path + ": [Errno 5] EIO")

    store.write = broken
    try:
        for _ in range(3):
            step(rig)
    finally:
        store.write = write
    assert hub.states == [("l-1", "inuse", None)] and len(hub.pending) == 2
    assert rig.agent.licensed("recording") and not rig.agent.licensed("playback")  # as it was
    step(rig)
    assert not hub.pending and in_use(rig.agent) == ["recording", "playback"]


def test_a_flash_that_cannot_be_read_raises_nothing_into_a_program():
    hub = Hub()
    hub.add("l-1")
    step(started(hub))
    rig = started(hub)
    load = store.load

    def broken(path):
        from telemetry.errors import StoreError

        raise StoreError(path + ": [Errno 5] EIO")

    store.load = broken
    try:
        assert rig.agent.licensed("recording") is False
    finally:
        store.load = load
    assert rig.agent.licensed("recording") is True


def test_a_flash_that_takes_no_time_raises_nothing_and_is_not_asked_again():
    hub = Hub()
    hub.add("l-1", "recording", LATER)
    hub.board_time = NOW
    rig = started(hub)
    step(rig)
    hub.board_time = "2026-09-02T00:00:00.000Z"
    writes = []
    write = store.write

    def broken(path, body):
        from telemetry.errors import StoreError

        writes.append(path)
        raise StoreError(path + ": [Errno 5] EIO")

    store.write = broken
    try:
        for _ in range(3):
            assert rig.agent.licensed("recording") is False
    finally:
        store.write = write
    assert len(writes) == 1


def test_no_room():
    hub = Hub()
    hub.add("l-1", BOTH)
    hub.add("l-2", LARGE)
    hub.add("l-3", LARGE)
    rig = started(hub)
    step(rig)
    assert [state for _, state, _ in hub.states] == ["inuse", "inuse", "error"] and "no room" in hub.states[2][2]
    assert in_use(rig.agent) == ["recording", "playback"]
    hub.add("l-2", action="remove")
    hub.add("l-3", LARGE)
    step(rig)
    assert hub.last() == "inuse" and in_use(rig.agent) == ["recording", "playback"]


def test_many_at_a_time_hold_no_telemetry_up():
    hub = Hub()
    for number in range(12):
        hub.add("l-%d" % number)
    rig = started(hub)
    for waiting in (7, 2, 0):
        step(rig)
        assert len(hub.pending) == waiting
    assert hub.paths.count(TELEMETRY) == 3


def test_a_hub_that_takes_no_report_is_not_asked_for_ever():
    hub = Hub()
    hub.add("l-1")
    hub.instead[POST] = (200, {})
    rig = started(hub)
    step(rig)
    assert hub.paths == [TELEMETRY, GET, POST, GET]
    rig.agent.step()
    assert hub.paths[4:] == [TELEMETRY]  # it waits
    assert rig.agent.licensed("recording")


def test_a_licence_that_is_gone_at_the_hub():
    hub = Hub()
    hub.add("l-1")
    hub.instead[POST] = NOT_FOUND
    rig = started(hub)
    step(rig)
    assert hub.paths == [TELEMETRY, GET, POST]
    hub.instead = {GET: NOT_FOUND}  # none pending, as some hubs say it
    step(rig)
    assert hub.paths[3:] == [TELEMETRY, GET]
    assert "licenses" not in rig.agent.retries


def test_a_report_that_is_refused_is_sent_seldom():
    hub = Hub()
    hub.add("l-1")
    hub.instead[POST] = (422, {"error": "no"})
    rig = started(hub)
    for hour in range(3):
        hub.board_time = "2026-05-01T2%d:00:00.000Z" % hour
        step(rig)
    assert hub.paths == [TELEMETRY, GET, POST] * 3
    assert store.load("licenses.json")["seen"] == "2026-05-01T20:00:00.000Z"  # written once
    rig.agent.step()
    assert hub.paths[9:] == [TELEMETRY]


def test_silence_and_a_key_that_is_refused_are_the_agents_business():
    for status in (401, 429):
        for path in (GET, POST):
            hub = Hub()
            hub.add("l-1")
            hub.instead[path] = (status, {"error": "no"})
            rig = started(hub)
            step(rig)
            assert hub.paths[-1] == path and not hub.states
            if status == 429:
                rig.agent.step()
                assert hub.paths[-1] == path  # nothing is sent
            else:
                assert not rig.registration.is_accepted


def test_out_of_memory_is_no_error_of_the_licence():
    hub = Hub()
    hub.add("l-1")
    rig = started(hub)
    save = store.save

    def full(path, data):
        raise MemoryError

    store.save = full
    try:
        step(rig)
    finally:
        store.save = save
    assert not hub.states and rig.agent._starved == 1
    step(rig)
    assert hub.states == [("l-1", "inuse", None)]


def test_another_device_has_none_of_the_old_ones_licences():
    hub = Hub()
    hub.add("l-1")
    rig = started(hub)
    step(rig)
    rig.agent.hub.identity = dict(IDENTITY, id="d-2")
    start.renew(rig.agent)
    assert not rig.agent.licensed("recording")
    step(rig)
    assert not rig.agent.licensed("recording")


def test_nothing_is_asked_at_a_start_without_licences():
    hub = Hub()
    rig = started(hub)
    for _ in range(50):
        step(rig)
    assert set(hub.paths) == {TELEMETRY}
