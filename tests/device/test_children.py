import json
import os
import sys

from fakes import Response
from rig import ACCEPTED, TELEMETRY, UNREACHABLE, Rig
from support import raises
from telemetry import children, clock, errors, start, store

HEAP = "2M"  # for a gateway and its hub, with hundreds of devices each

REGISTER_CHILD = "POST /devices/d-1/children"
TELEMETRIES = "POST /devices/d-1/children/telemetries"
OFF = {"status": "online", "telemetries": {"level": 0}, "override": True}


class Family:
    """A hub with a gateway and its children, at the level of HTTP. It acts on a request and then loses the answer, or
    gives another one, if `faults` says so: end of the path -> list of what to answer instead, `LOST` or None for the
    hub's own."""

    LOST = errors.Unanswered("broken off")

    def __init__(self):
        self.parents = {"d-1": "key-1"}
        self.keys = {}  # of children: id -> access key
        self.fields = {}  # id -> what it was registered with, and update device said
        self.messages = {}  # id -> those that were accepted
        self.asks = {}  # id -> what its replies say
        self.made = 0
        self.faults = {}
        self.sent = []
        self.most = 0  # messages in one request

    def request(self, method, url, data=None, headers=None, timeout=None):
        body = json.loads(data) if data else None
        self.sent.append((method, url, headers, body))
        parts = url.split("/v1/devices")[1].split("/")[1:]
        key = headers.get("Authorization")
        fault = None
        for end in self.faults:
            if url.endswith(end) and self.faults[end]:
                fault = self.faults[end].pop(0)
                break
        if fault is not None and fault is not self.LOST:
            if isinstance(fault, Exception):
                raise fault
            return fault if isinstance(fault, Response) else Response(*fault)
        answer = self._act(url, method, parts, key, body)
        if fault:
            raise fault
        return Response(*answer)

    def _act(self, url, method, parts, key, body):
        if not parts:
            self.made += 1
            identity = {"id": "d-%d" % (self.made + 1), "access_key": "parent-%d" % self.made, "hub_url": "http://hub"}
            self.parents[identity["id"]] = identity["access_key"]
            return 200, identity
        device = parts[0]
        if key is None or key != self.parents.get(device, self.keys.get(device)):
            return 401, {"error": "no such key"}
        if parts[1:] == ["children"]:
            assert url.startswith("http://entry/")
            return self._register(device, body)
        assert url.startswith("http://hub/")
        if parts[1:] == ["children", "telemetries"]:
            assert len(body) <= 100
            self.most = max(self.most, len(body))
            return 200, {child: self._take(device, child, body[child]) for child in body}
        if method == "PUT":
            self.fields[device].update(body)
        return 200, {}

    def _register(self, parent, body):
        assert None not in body.values()
        for fields in self.fields.values():
            if body.get("sn") and fields["parent"] == parent and fields.get("sn") == body["sn"]:
                return 422, {"error": "sn: this child is already registered"}
        self.made += 1
        child = "c-%d" % self.made
        self.keys[child] = "secret-%d" % self.made
        self.fields[child] = dict(body, parent=parent)
        self.messages[child] = []
        return 200, {"id": child, "access_key": self.keys[child]}

    def _take(self, parent, child, message):
        if child not in self.keys or self.fields[child]["parent"] != parent:
            return {"error": "id: there is no such child"}
        if "bad" in message["telemetries"]:
            return {"error": "telemetries: bad"}
        self.messages[child].append(message)
        return dict(self.asks.get(child, {}), success=True)

    def forget(self, child):
        del self.keys[child], self.fields[child]


def gateway(hub=None, names=("lamp-1",), registered=True, **fields):
    """A start of the board, with the user's program that speaks for the devices `names`."""
    rig = Rig(ACCEPTED, requests=hub or Family(), registered=registered)
    rig.levels = {}
    rig.children = []
    for name in names:
        fields["sn"] = name
        child = rig.agent.child(name, model_id="m-1", firmware_version=fields.get("version", "1.0.0"), sn=fields["sn"])
        child.telemetry(reader(rig, name))
        rig.children.append(child)
    return rig


def reader(rig, name):
    rig.levels[name] = 0

    def read():
        level = rig.levels[name]
        if isinstance(level, Exception):
            raise level
        return {"level": level}

    return read


def after(rig, seconds):
    rig.ticks.now += seconds * 1000
    rig.agent.step()


def taken(rig, since=0):
    return rig.paths()[since:]


class Duty:
    """In place of a duty's module: it asks for its endpoint with whatever key the device has."""

    def __init__(self, name, endpoint):
        self.endpoint = endpoint
        self.began = []
        sys.modules["telemetry." + name] = self
        self.name = name

    def attend(self, device):
        device.ask(self.endpoint, dict)

    def begin(self, device):
        self.began.append(device.label)

    def end(self):
        del sys.modules["telemetry." + self.name]


class Lines:
    """What is printed."""

    def __init__(self):
        self.lines = []
        errors.print = lambda *words: self.lines.append(" ".join(words))

    def end(self):
        del errors.print


def test_a_child_is_registered_once_and_its_telemetry_sent():
    rig = gateway()
    rig.agent.step()
    assert rig.paths() == [TELEMETRY, REGISTER_CHILD, TELEMETRIES]
    assert rig.requests.sent[1][3] == {"model_id": "m-1", "firmware_version": "1.0.0", "sn": "lamp-1"}
    assert [headers["Authorization"] for _, _, headers, _ in rig.requests.sent] == ["key-1"] * 3
    assert rig.last() == {"c-1": OFF}
    rig.levels["lamp-1"] = 5
    rig.agent.step()
    assert rig.paths()[3:] == [TELEMETRY, TELEMETRIES]
    assert rig.last() == {"c-1": {"status": "online", "telemetries": {"level": 5}}}
    saved = store.load("lamp-1.identity.json")
    assert saved["id"] == "c-1" and saved["access_key"] == "secret-1"
    assert sorted(os.listdir()) == ["identity.json", "lamp-1.identity.json"]

    again = gateway(rig.requests)
    again.steps(2)
    assert rig.paths()[5:] == [TELEMETRY, TELEMETRIES] * 2
    assert [len(body["c-1"]) for _, url, _, body in rig.requests.sent[5:] if "children" in url] == [3, 2]  # override


def test_each_child_has_its_own_changes():
    rig = gateway(names=("a", "b"))
    rig.agent.step()
    assert rig.last() == {"c-1": OFF, "c-2": OFF}
    rig.levels["b"] = 1
    rig.agent.step()
    assert rig.last()["c-1"]["telemetries"] == {} and rig.last()["c-2"]["telemetries"] == {"level": 1}


def test_a_gateway_that_is_none_yet_registers_itself_first():
    rig = gateway(registered=False)
    os.listdir()
    start.keep(rig.agent)
    rig.steps(2)
    assert rig.paths() == [
        "POST /devices",
        "POST /devices/d-2/telemetry",
        "POST /devices/d-2/children",
        "POST /devices/d-2/children/telemetries",
        "POST /devices/d-2/telemetry",
        "POST /devices/d-2/children/telemetries",
    ]


def known_to(hub, rig):
    # As if they had been registered before.
    children.begin(rig.agent)
    for child in rig.children:
        identity = hub._register("d-1", {"sn": child.label, "firmware_version": "1.0.0"})[1]
        child.hub.identity = dict(identity, hub_url="http://hub", firmware_version="1.0.0")
        child.registration.register_at = clock.NEVER


def test_hundreds_are_sent_with_few_requests():
    hub = Family()
    hub.max_body = 16 * 1024  # as the session has it, for what the hub says to one device
    rig = gateway(hub, ["n%d" % i for i in range(250)])
    assert hub.max_body >= 100 * 300
    known_to(hub, rig)
    rig.agent.step()
    assert rig.paths() == [TELEMETRY, TELEMETRIES, TELEMETRIES, TELEMETRIES]
    assert [len(body) for _, _, _, body in hub.sent[1:]] == [100, 100, 50]
    assert all(len(messages) == 1 for messages in hub.messages.values()) and len(hub.messages) == 250


def test_many_new_ones_do_not_keep_telemetry_waiting():
    rig = gateway(names=["n%d" % i for i in range(25)])
    for registered in (10, 20, 25, 25):
        rig.agent.step()
        assert len(rig.last()) == registered
    assert rig.paths().count(REGISTER_CHILD) == 25 and rig.paths().count(TELEMETRY) == 4


def test_one_bad_message_costs_the_others_nothing_and_is_told():
    rig = gateway(names=("a", "b", "c"))
    rig.agent.step()
    rig.children[1].telemetry(lambda: {"bad": 1})
    lines = Lines()
    try:
        rig.steps(2)
    finally:
        lines.end()
    assert lines.lines == ["b: hub: ReplyError: telemetries: bad"]  # once
    assert "override" in rig.last()["c-2"]  # nobody knows what the hub has
    assert "override" not in rig.last()["c-1"] and "override" not in rig.last()["c-3"]
    rig.children[1]._readers.pop()
    rig.steps(2)
    assert "override" not in rig.last()["c-2"]


def test_an_answer_that_makes_no_sense_for_one_is_his_alone():
    for odd in ([], "x", None, {"command": 5}, {"error": None}, {"error": {"a": 1}}, {"success": False}):
        hub = Family()
        names = ("a", "b")
        rig = gateway(hub, names)
        known_to(hub, rig)
        hub.faults["telemetries"] = [None, (200, {"c-1": odd, "c-2": {"success": True}}), (200, {"c-2": {}})]
        rig.steps(4)
        assert ["override" in body["c-1"] for _, url, _, body in hub.sent if "children" in url][1:] == [
            False,
            True,
            True,
        ]
        assert "override" not in rig.last()["c-2"]
        for name in names:
            store.write(name + ".identity.json", b" ")  # a new family


def test_an_answer_that_is_none_keeps_nothing_from_going_on():
    for odd in ((200, []), (200, b"<html>"), (200, b""), (200, "x"), (404, {}), (503, {}), (400, {})):
        hub = Family()
        rig = gateway(hub)
        known_to(hub, rig)
        hub.faults["telemetries"] = [None, odd]
        assert all(wait > 50 for wait in rig.steps(3))
        after(rig, 30)
        assert rig.paths()[-2:] == [TELEMETRY, TELEMETRIES] and "override" in hub.messages["c-1"][1]


def test_a_lost_answer_costs_a_full_message():
    for fault in (Family.LOST, UNREACHABLE, (500, {})):
        hub = Family()
        rig = gateway(hub)
        known_to(hub, rig)
        hub.faults["telemetries"] = [None, fault]
        rig.steps(2)
        assert "override" not in rig.last()["c-1"]
        after(rig, 30)
        assert "override" in rig.last()["c-1"]
        rig.agent.step()
        assert "override" not in rig.last()["c-1"]


def test_a_network_that_goes_ends_the_round():
    hub = Family()
    rig = gateway(hub, ["n%d" % i for i in range(250)])
    known_to(hub, rig)
    hub.faults["telemetries"] = [None, UNREACHABLE]
    rig.agent.step()
    assert rig.paths() == [TELEMETRY, TELEMETRIES, TELEMETRIES]
    hub.asks["c-1"] = hub.asks["c-2"] = hub.asks["c-3"] = {"command": True}
    hub.faults["/command"] = [UNREACHABLE]
    duty = Duty("commands", "GET /command")
    try:
        after(rig, 30)
    finally:
        duty.end()
    assert [path for path in rig.paths() if "command" in path] == ["GET /devices/c-1/command"]


def test_a_lost_registration_is_tried_again_and_the_others_go_on():
    hub = Family()
    rig = gateway(hub, ("a",))
    rig.agent.step()
    hub.faults["/children"] = [UNREACHABLE, Family.LOST]
    rig = gateway(hub, ("b", "a", "c"))
    rig.agent.step()
    assert rig.last() == {"c-1": OFF}  # nobody was there; no further one was tried
    for expected in (["c-1"], ["c-1", "c-3"], ["c-1", "c-3"]):
        rig.agent.step()
        assert sorted(rig.last()) == expected
    # The hub has b, and gave a key that nobody heard: by hand only can that be cured.
    assert rig.paths().count(REGISTER_CHILD) == 5
    hub.forget("c-2")
    after(rig, 1801)
    assert sorted(rig.last()) == ["c-1", "c-3", "c-4"]


def test_a_refused_registration_waits_10_to_30_minutes():
    for refusal in ((422, {"error": "known"}), (401, {}), (403, {}), (400, {}), (500, {}), (200, {"id": "c-9"})):
        hub = Family()
        hub.faults["/children"] = [refusal] * 2
        rig = gateway(hub)
        waited = 0
        while rig.paths().count(REGISTER_CHILD) < 2:
            after(rig, 10)
            waited += 10
        assert 600 <= waited <= 1820, refusal
        assert "POST /devices" not in rig.paths()  # whatever it was: the gateway's own key is good
        after(rig, 1801)
        assert rig.last() == {"c-1": OFF}
        os.remove("lamp-1.identity.json")


def test_a_flash_that_takes_no_identity_gets_none():
    rig = gateway()
    write = store.write

    def full(path, body):
        raise errors.StoreError(path + ": [Errno 28] ENOSPC")

    store.write = full
    try:
        rig.steps(2)
    finally:
        store.write = write
    assert rig.paths() == [TELEMETRY] * 2
    after(rig, 1801)
    assert rig.last() == {"c-1": OFF}


def test_an_identity_that_cannot_be_read_is_not_given_up():
    hub = Family()
    gateway(hub).agent.step()
    rig = gateway(hub)
    load = store.load

    def broken(path):
        if "lamp" in path:
            raise errors.StoreError(path + ": [Errno 5] EIO")
        return load(path)

    store.load = broken
    try:
        rig.steps(2)
    finally:
        store.load = load
    assert rig.paths()[3:] == [TELEMETRY] * 2
    rig.agent.step()
    assert rig.paths()[5:] == [TELEMETRY, TELEMETRIES] and list(rig.last()) == ["c-1"]


def test_what_the_hub_asks_of_a_child_is_done_with_its_key_at_its_path():
    hub = Family()
    rig = gateway(hub, ("a", "b"))
    rig.agent.step()
    hub.asks["c-2"] = {"command": True, "config_version": 2}
    duties = [Duty("commands", "GET /command"), Duty("config", "GET /config")]
    try:
        rig.agent.step()
        hub.asks.clear()
        rig.agent.step()
    finally:
        for duty in duties:
            duty.end()
    asked = [(method + url, headers) for method, url, headers, _ in hub.sent if "c-" in url]
    assert [path for path, _ in asked] == ["GEThttp://hub/v1/devices/c-2/" + what for what in ("config", "command")]
    assert all(headers["Authorization"] == "secret-2" for _, headers in asked)


def test_another_firmware_of_a_child_is_told():
    hub = Family()
    gateway(hub).agent.step()
    rig = gateway(hub, version="1.1.0")
    rig.steps(2)
    assert rig.paths()[3:] == [TELEMETRY, TELEMETRIES, "PUT /devices/c-1", TELEMETRY, TELEMETRIES]
    assert hub.fields["c-1"]["firmware_version"] == "1.1.0"
    assert store.load("lamp-1.identity.json")["firmware_version"] == "1.1.0"


def test_the_answers_to_all_are_heard_before_anything_is_done():
    hub = Family()
    rig = gateway(hub, ("a", "b", "c"))
    rig.agent.step()
    hub.asks["c-1"] = hub.asks["c-3"] = {"command": True}
    hub.faults["/command"] = [Response(429, {}, {"Retry-After": "100"})]
    duty = Duty("commands", "GET /command")
    try:
        assert rig.agent.step() >= 100  # silence for all, the gateway too
        count = len(hub.sent)
        assert rig.paths()[-1] == "GET /devices/c-1/command"
        after(rig, 60)
        assert len(hub.sent) == count
        after(rig, 60)
    finally:
        duty.end()
    telemetries = rig.paths().index(TELEMETRIES, count)
    assert all("override" not in message for message in hub.sent[telemetries][3].values())
    # Who came after the one that met the limit has his turn before him.
    assert rig.paths()[telemetries + 1 :] == ["GET /devices/c-3/command", "GET /devices/c-1/command"]


def test_a_key_that_is_not_taken_is_the_childs_affair():
    hub = Family()
    rig = gateway(hub, ("a", "b"))
    rig.agent.step()
    after(rig, 1801)
    hub.asks["c-1"] = hub.asks["c-2"] = {"command": True}
    hub.keys["c-1"] = "another"  # and the hub goes on to know it: a registration is refused
    duty = Duty("commands", "GET /command")
    try:
        rig.steps(5)
        paths = rig.paths()
        assert paths.count("GET /devices/c-1/command") == 5 and paths.count("GET /devices/c-2/command") == 5
        assert paths.count(REGISTER_CHILD) == 3 and "POST /devices" not in paths  # tried once
        assert sorted(rig.last() or hub.sent[-3][3]) == ["c-1", "c-2"]
        assert store.load("a.identity.json")["access_key"] == "secret-1"  # which is never thrown away for nothing
        hub.keys["c-1"] = "secret-1"
        rig.agent.step()
        after(rig, 1801)
        assert rig.paths().count(REGISTER_CHILD) == 3  # it is good again
    finally:
        duty.end()


def test_a_child_that_was_deleted_from_the_hub_becomes_a_new_one():
    hub = Family()
    rig = gateway(hub, ("a", "b"))
    rig.agent.step()
    after(rig, 1801)  # one that is new, and has a key that is not good, is no reason to make another at once
    hub.forget("c-1")
    duty = Duty("licenses", "GET /license")
    try:
        for _ in range(14):
            after(rig, 60)
    finally:
        duty.end()
    assert rig.paths().count("GET /devices/c-1/license") == 1
    assert sorted(rig.last()) == ["c-2", "c-3"] and store.load("a.identity.json")["id"] == "c-3"
    assert "override" in hub.messages["c-3"][0] and "override" not in hub.messages["c-3"][1]
    assert "POST /devices" not in rig.paths()


def test_a_gateway_that_becomes_another_device_registers_its_children_anew():
    hub = Family()
    rig = gateway(hub, ("a", "b"))
    rig.agent.step()
    del hub.parents["d-1"]
    hub.forget("c-1")
    hub.forget("c-2")
    rig.steps(2)
    assert rig.paths()[-3:] == ["POST /devices/d-4/children"] * 2 + ["POST /devices/d-4/children/telemetries"]
    assert rig.last() == {"c-4": OFF, "c-5": OFF}
    assert store.load("a.identity.json")["id"] == "c-4"


def test_children_of_the_device_that_it_was_are_not_taken_up():
    hub = Family()
    gateway(hub).agent.step()
    hub.parents["d-7"] = "key-7"
    rig = gateway(hub)
    rig.agent.hub.identity = dict(rig.agent.hub.identity, id="d-7", access_key="key-7")
    rig.agent.step()
    assert rig.paths()[-2:] == ["POST /devices/d-7/children", "POST /devices/d-7/children/telemetries"]


def test_a_function_that_raises_costs_its_own_child_only():
    rig = gateway(names=("a", "b"))
    rig.levels["a"] = OSError("sensor")
    rig.steps(2)
    first, second = rig.last()["c-1"], rig.last()["c-2"]
    assert first["status"] == "error" and "read: OSError: sensor" in first["message"]
    assert second == {"status": "online", "telemetries": {}}
    rig.levels["a"] = 1
    rig.agent.step()
    assert rig.last()["c-1"] == {"status": "online", "telemetries": {"level": 1}}


def test_what_was_saved_is_taken_up_before_the_network():
    hub = Family()
    gateway(hub, ("a", "b")).agent.step()
    store.save("b.config.json", {"version": 1})
    duty = Duty("config", "GET /config")
    try:
        rig = gateway(hub, ("a", "b"))
        rig.board.in_reach = False
        rig.steps(2)
        assert duty.began == ["b: "]
        rig.board.in_reach = True
        rig.steps(2)
        assert duty.began == ["b: "]
    finally:
        duty.end()


def test_one_that_comes_later_is_taken_up_too():
    hub = Family()
    rig = gateway(hub, ())
    rig.agent.step()
    rig.agent.child("late", model_id="m", firmware_version="1.0.0", name=None, details={"a": 1})
    rig.agent.step()
    assert rig.paths() == [TELEMETRY, TELEMETRY, REGISTER_CHILD, TELEMETRIES]
    assert hub.fields["c-1"] == {"model_id": "m", "firmware_version": "1.0.0", "details": {"a": 1}, "parent": "d-1"}


def test_a_name_is_checked_as_it_is_part_of_a_files():
    agent = gateway(names=("lamp",)).agent
    for wrong in ("", "a" * 33, "a/b", "..", "a.b", "a b", "\u00e9", "lamp", "LAMP"):
        raises(ValueError, agent.child, wrong, model_id="m", firmware_version="1.0.0")
    raises(TypeError, agent.child, "x", model_id="m")
    assert len(agent.children) == 1
    agent.child("Lamp_2-" + "x" * 25, model_id="m", firmware_version="1.0.0")


def test_without_children_nothing_of_it_is_loaded_or_asked():
    kept = sys.modules.pop("telemetry.children")
    try:
        rig = Rig(ACCEPTED)
        rig.steps(2)
        assert "telemetry.children" not in sys.modules and rig.paths() == [TELEMETRY] * 2
    finally:
        sys.modules["telemetry.children"] = kept


def test_what_the_memory_does_not_hold_is_asked_for_in_parts():
    for error in (MemoryError(), errors.BodyTooLarge("a body of more than 16384 bytes")):
        hub = Family()
        rig = gateway(hub, ["n%d" % i for i in range(5)])
        known_to(hub, rig)
        hub.faults["telemetries"] = [error]
        rig.agent.step()
        after(rig, 30)
        assert [len(body) for _, url, _, body in hub.sent if url.endswith("telemetries")] == [5, 2, 2, 1]


def test_no_request_is_larger_than_the_hub_takes():
    hub = Family()
    rig = gateway(hub, ["n%d" % i for i in range(4)])
    known_to(hub, rig)
    text = "x" * 1000
    for child in rig.children:
        child.telemetry(lambda: {"k%d" % i: text for i in range(50)})
    request = hub.request
    sizes = []

    def measured(method, url, data=None, **options):
        sizes.append(len(data))
        return request(method, url, data, **options)

    hub.request = measured
    rig.agent.step()
    assert len(sizes) == 3 and max(sizes) <= 128 * 1024
    assert all(len(messages) == 1 for messages in hub.messages.values())
