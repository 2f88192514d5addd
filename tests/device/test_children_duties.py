"""A child's commands and configuration, from the hub's reply to the user's function and back, with power and network
gone on the way."""

from rig import UNREACHABLE
from telemetry import store
from test_children import Family, after, gateway

HEAP = "2M"


class Hub(Family):
    """It has commands and a configuration for its children."""

    def __init__(self):
        super().__init__()
        self.queues = {}  # id -> commands
        self.history = []  # child, command's id, status, message
        self.configs = {}  # id -> version and configuration

    def _take(self, parent, child, message):
        reply = super()._take(parent, child, message)
        if child in self.keys:
            reply["command"] = bool(self.queues.get(child))
            reply["config_version"] = self.configs.get(child, (0,))[0]
        return reply

    def _act(self, url, method, parts, key, body):
        answer = super()._act(url, method, parts, key, body)
        child = parts[0] if parts else None
        if answer[0] != 200 or child not in self.keys:
            return answer
        if parts[1:] == ["config"]:
            version, config = self.configs[child]
            return 200, {"version": version, "config": config, "device_id": child}
        if parts[1:] == ["command"]:
            queue = self.queues.get(child, [])
            if method == "GET":
                return 200, queue[0] if queue else {}
            if not queue or queue[0]["id"] != body["id"]:
                return 422, {"error": "id: it is done already"}
            self.history.append((child, body["id"], body["status"], body.get("message")))
            if body["status"] != "in_progress":
                queue.pop(0)
        return answer

    def queue(self, child, number, name, parameters=None):
        command = {"id": number, "device_id": child, "status": "pending", "name": name, "parameters": parameters or {}}
        self.queues.setdefault(child, []).append(command)


def start(hub, seen):
    """The board starts with the user's program: a and b can be dimmed."""
    rig = gateway(hub, ("a", "b"))
    for child in rig.children:
        adopt(child, seen)
    return rig


def adopt(child, seen):
    @child.command("dim")
    def dim(parameters):
        seen.append((child.label, "dim", parameters))
        return "dimmed"

    @child.on_config
    def apply(config):
        if config.get("scene") == "wrong":
            raise ValueError("no such scene")
        seen.append((child.label, "config", config))


def own(hub):
    """What was asked at a child's own path, each with its key."""
    paths = []
    for method, url, headers, _ in hub.sent:
        if "/c-" in url:
            assert headers["Authorization"] == "secret-" + url.split("/c-")[1].split("/")[0]
            paths.append(method + url.split("/devices")[1])
    return paths


def test_a_childs_command_is_done_by_its_function_with_its_key():
    hub, seen = Hub(), []
    rig = start(hub, seen)
    rig.agent.step()
    hub.queue("c-2", "k-1", "dim", {"level": 5})
    hub.queue("c-2", "k-2", "no such")
    hub.queue("c-1", "k-3", "reboot")  # it is not the board that the child's commands are for
    rig.steps(3)
    assert seen == [("b: ", "dim", {"level": 5})]
    assert [(child, number, status) for child, number, status, _ in hub.history if status != "in_progress"] == [
        ("c-1", "k-3", "failed"),
        ("c-2", "k-1", "done"),
        ("c-2", "k-2", "failed"),
    ]
    assert ("c-2", "k-1", "done", "dimmed") in hub.history
    assert all("/command" in path for path in own(hub))


def test_a_childs_configuration_is_applied_told_and_applied_again_before_the_network():
    hub, seen = Hub(), []
    rig = start(hub, seen)
    rig.agent.step()
    hub.configs["c-1"] = 3, {"scene": "night"}
    rig.steps(2)
    assert seen == [("a: ", "config", {"scene": "night"})]
    assert own(hub) == ["GET/c-1/config", "PUT/c-1"] and hub.fields["c-1"]["config_version"] == 3
    assert rig.children[0].config.get("scene") == "night" and rig.children[1].config.get("scene") is None

    rig = start(hub, seen)
    rig.board.in_reach = False
    rig.agent.step()
    assert seen[1:] == [("a: ", "config", {"scene": "night"})]
    rig.board.in_reach = True
    after(rig, 30)
    rig.steps(2)
    assert len(own(hub)) == 2 and len(seen) == 2  # nothing to fetch or to tell


def test_the_power_or_the_network_may_go_at_each_request():
    for fault in (Family.LOST, UNREACHABLE, "power"):
        for at in range(1, 14):
            hub, seen = Hub(), []
            rig = start(hub, seen)
            rig.agent.step()
            hub.queue("c-1", "k-1", "dim", {"level": 1})
            hub.queue("c-2", "k-2", "dim", {"level": 2})
            hub.configs["c-2"] = 1, {"scene": "day"}
            rig = cut(hub, rig, seen, len(hub.sent) + at, fault)
            for _ in range(8):
                after(rig, 60)
            dimmed = [(label, parameters["level"]) for label, what, parameters in seen if what == "dim"]
            assert len(dimmed) == len(set(dimmed)) <= 2, (fault, at, seen)  # none is done twice
            ended = sorted((child, status) for child, _, status, _ in hub.history if status != "in_progress")
            assert [child for child, _ in ended] == ["c-1", "c-2"], (fault, at, hub.history)
            if fault != "power":
                assert [status for _, status in ended] == ["done", "done"], (fault, at, hub.history)
            assert not hub.queues["c-1"] and not hub.queues["c-2"]
            assert rig.children[1].config.get("scene") == "day" and hub.fields["c-2"]["config_version"] == 1
            assert hub.made == 2
            for name in ("a", "b"):
                for duty in ("identity", "config", "commands"):
                    forget(name + "." + duty + ".json")


def cut(hub, rig, seen, at, fault):
    """The hub acts on the request number `at`, and its answer never comes; or the board does not live to see it."""
    request = hub.request

    class PowerCut(BaseException):
        pass

    def cutting(*args, **options):
        if fault is UNREACHABLE and len(hub.sent) + 1 == at:
            hub.sent.append(("GET", "http://hub/v1/devices", {}, None))
            raise fault
        response = request(*args, **options)
        if len(hub.sent) == at:
            raise fault if fault != "power" else PowerCut()
        return response

    hub.request = cutting
    try:
        for _ in range(4):
            after(rig, 60)
    except PowerCut:
        rig = start(hub, seen)
    del hub.request
    return rig


def forget(path):
    try:
        store.os.remove(path)
    except OSError:
        pass


def test_a_refused_configuration_is_told_of_the_child():
    hub, seen = Hub(), []
    rig = start(hub, seen)
    rig.agent.step()
    hub.configs["c-1"] = 1, {"scene": "wrong"}
    rig.steps(4)
    assert own(hub).count("GET/c-1/config") == 1 and "config_version" not in hub.fields["c-1"]
    assert not seen
