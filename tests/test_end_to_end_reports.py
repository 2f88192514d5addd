"""What the virtual ESP32 reports before the local hub, over real sockets: incidents, events, crashes, its children; and
how it keeps to the hub's limits, and how it is."""

import pytest
from conftest import eventually
from test_end_to_end_commands import ended

DOOR = """
import machine

is_stuck = False


@agent.telemetry
def door():
    if is_stuck:
        raise OSError("door: stuck")
    return {"open": False}


@agent.command("stick")
def stick(parameters):
    global is_stuck
    is_stuck = parameters["is"]
    agent.event("stuck" if is_stuck else "free", "door", int_key_1=7, string_key_2="Küche")


@agent.command("hang")
def hang(parameters):
    machine.WDT(timeout=1000)
    while True:
        pass
"""

# Once armed: two runs that the watchdog ends, then one that an exception ends. The count lives as long as the power.
CRASHES = """
import machine

crashes = machine.RTC().memory()


def wait(seconds):
    machine.RTC().memory(crashes + b"x")
    if len(crashes) == 2:
        raise ValueError("crash %d" % len(crashes))
    machine.WDT(timeout=500)
    while True:
        pass


@agent.command("arm")
def arm(parameters):
    agent.wait = wait


if 0 < len(crashes) < 3:
    agent.wait = wait
"""

GATEWAY = """
lamp = agent.child("lamp", model_id="m-lamp", firmware_version="2.0.0", sn="L-1", name="Lamp")
fan = agent.child("fan", model_id="m-fan", firmware_version="3.0.0")
level = 5


@agent.telemetry
def own():
    return {"children": 2}


@lamp.telemetry
def light():
    return {"level": level}


@fan.telemetry
def air():
    return {"speed": fan.config.get("speed", 1)}


@lamp.command("dim")
def dim(parameters):
    global level
    level = parameters["to"]
    print("dims to", level)
    return "dimmed"


@fan.on_config
def blow(config):
    print("fan:", config)
"""

BLINK = """
@agent.command("blink")
def blink(parameters):
    print("blinks")
"""


def opened(rig, device_id, issue):
    """How many incidents of this `issue` the hub ever had, and how many of them are open."""
    found = [each["status"] for each in rig.hub.incidents(device_id) if each["issue"] == issue]
    return len(found), found.count("open")


def test_a_sensor_that_fails_is_an_incident_until_it_works_again(rig):
    rig.program(DOOR)
    id = rig.begin()
    rig.hub.claim(id)
    ended(rig, rig.hub.queue_command(id, "stick", {"is": True}))
    eventually(lambda: opened(rig, id, "door") == (1, 1))
    (incident,) = rig.hub.incidents(id)
    assert (incident["title"], incident["description"]) == ("door failed", "OSError: door: stuck")
    assert rig.hub.device(id)["state"]["status"] == "error"
    rig.more_telemetry(2)
    assert opened(rig, id, "door") == (1, 1)
    ended(rig, rig.hub.queue_command(id, "stick", {"is": False}))
    eventually(lambda: opened(rig, id, "door") == (1, 0))
    assert rig.hub.device(id)["state"]["status"] == "online"

    stuck, free = eventually(lambda: len(rig.hub.device_events(id)) == 2 and rig.hub.device_events(id))
    assert (stuck["name"], free["name"], stuck["category"]) == ("stuck", "free", "door")
    assert (stuck["int_key_1"], stuck["string_key_2"]) == (7, "Küche")

    ended(rig, rig.hub.queue_command(id, "stick", {"is": True}))
    eventually(lambda: opened(rig, id, "door") == (2, 1))
    rig.board.power_cycle()  # the door is free after that, and nobody remembers the incident
    eventually(lambda: opened(rig, id, "door") == (2, 0))
    rig.more_telemetry(2)
    assert opened(rig, id, "door") == (2, 0)


def test_a_watchdog_reset_is_an_incident_until_the_next_start(rig):
    rig.program(DOOR)
    id = rig.begin()
    rig.hub.claim(id)
    hang = rig.hub.queue_command(id, "hang")
    assert ended(rig, hang) == ("failed", "interrupted: watchdog")
    eventually(lambda: opened(rig, id, "watchdog") == (1, 1))
    assert rig.hub.device(id)["state"]["status"] == "online"
    rig.more_telemetry(2)
    assert opened(rig, id, "watchdog") == (1, 1)
    rig.board.power_cycle()
    eventually(lambda: opened(rig, id, "watchdog") == (1, 0))


def test_a_board_that_crashes_again_and_again_says_so_once(rig):
    rig.program(CRASHES)
    id = rig.begin()
    rig.hub.claim(id)
    rig.hub.queue_command(id, "arm")
    eventually(lambda: opened(rig, id, "crash_loop") == (1, 1))
    (incident,) = [each for each in rig.hub.incidents(id) if each["issue"] == "crash_loop"]
    assert incident["priority"] == 4
    assert incident["description"].startswith("Traceback") and "ValueError: crash 2" in incident["description"]
    rig.board.power_cycle()  # soon after the last crash the loop may not be over
    rig.more_telemetry(3)
    assert opened(rig, id, "crash_loop") == (1, 1)
    dump = rig.hub.queue_command(id, "dump")
    assert ended(rig, dump)[0] == "done"
    assert b"ValueError: crash 2" in rig.hub.dump(id, rig.hub.dumps(id)[0]["id"])


def test_a_gateway_speaks_for_its_children(rig):
    rig.program(GATEWAY)
    rig.board.start()
    parent = eventually(lambda: rig.hub.devices())[0]["id"]
    lamp, fan = eventually(lambda: len(rig.hub.children(parent)) == 2 and rig.hub.children(parent))
    assert (lamp["sn"], lamp["name"], lamp["firmware_version"]) == ("L-1", "Lamp", "2.0.0")
    eventually(lambda: rig.hub.device(lamp["id"])["state"].get("level") == 5)
    eventually(lambda: rig.hub.device(fan["id"])["state"].get("speed") == 1)
    assert rig.hub.device(parent)["state"]["children"] == 2

    dim = rig.hub.queue_command(lamp["id"], "dim", {"to": 2})
    reboot = rig.hub.queue_command(lamp["id"], "reboot")
    rig.hub.set_config(fan["id"], {"speed": 3})
    assert ended(rig, dim) == ("done", "dimmed")
    assert ended(rig, reboot) == ("failed", "name: expected one of dim")  # it is for the board
    eventually(lambda: rig.hub.device(lamp["id"])["state"]["level"] == 2)
    eventually(lambda: rig.hub.device(fan["id"])["state"]["speed"] == 3)
    eventually(lambda: rig.hub.device(fan["id"])["config_version"] == 1)

    rig.board.power_cycle()
    rig.board.wait_for("fan: {'speed': 3}")
    eventually(lambda: rig.hub.device(lamp["id"])["state"]["level"] == 5)
    assert len(rig.hub.children(parent)) == 2 and rig.board.output.count("dims to") == 1

    rig.hub.delete(fan["id"])  # one that is gone costs the others nothing
    rig.board.wait_for("fan: hub: ReplyError: ")
    dim = rig.hub.queue_command(lamp["id"], "dim", {"to": 3})
    assert ended(rig, dim) == ("done", "dimmed")
    eventually(lambda: rig.hub.device(lamp["id"])["state"]["level"] == 3)


def test_while_the_hub_wants_silence_nothing_is_sent(rig):
    rig.program(BLINK)
    id = rig.begin()

    # At one telemetry after the other. Of the 30 s that the limit counts over 9 are left.
    steps = iter(
        (
            lambda: rig.hub.set_rate_limit(1),
            lambda: setattr(rig, "ahead_s", 20),
            lambda: rig.hub.set_rate_limit(None),
        )
    )
    rig.on_event = lambda event: event.kind == "telemetry" and next(steps, bool)()
    (refused,) = eventually(lambda: [each for each in rig.hub.requests(id) if each["status"] == 429])
    command = rig.hub.queue_command(id, "blink")
    rig.hub.set_config(id, {"mode": "day"})
    rig.hub.claim(id)
    rig.board.wifi_down()  # a network that returns is no reason to speak
    rig.board.wifi_up()
    # The hub lets in who waits as long as it said, and nobody before.
    assert eventually(lambda: rig.hub.requests(id, refused["seq"]))[0]["status"] == 200
    ended(rig, command)
    eventually(lambda: rig.hub.device(id)["config_version"] == 1 and rig.hub.device(id)["space_version"] == 1)
    rig.more_telemetry(1)
    assert rig.board.output.count("blinks") == 1 and rig.count("registered") == 1 and rig.count("refused") == 1


def test_what_is_true_of_the_board_is_told_in_one_request(rig):
    rig.program("")
    id = rig.begin()
    rig.board.power_off()
    rig.hub.set_config(id, {"mode": "day"})
    rig.hub.claim(id)
    rig.hub.set_info(id, name="Lamp")
    rig.board.write_file("/main.py", rig.board.read_file("/main.py").replace(b'version="1.0.0"', b'version="1.1.0"'))
    rig.board.power_on()
    eventually(lambda: rig.count("updated"))
    rig.more_telemetry(2)
    device = rig.hub.device(id)
    assert (device["firmware_version"], device["config_version"], device["space_version"]) == ("1.1.0", 1, 1)
    assert rig.count("updated") == 1


@pytest.mark.parametrize("rig", [True], indirect=True)
def test_an_incident_over_https_whose_answer_is_lost(rig):
    rig.settings(timeout=3)
    rig.program(DOOR)
    id = rig.begin()
    rig.hub.claim(id)
    rig.hub.fault("lose", id, "POST", "/incidents", count=1)
    ended(rig, rig.hub.queue_command(id, "stick", {"is": True}))
    eventually(lambda: rig.asked(id, "GET /incidents") == 1)  # it looks whether the hub has it
    eventually(lambda: rig.hub.device_events(id))
    assert opened(rig, id, "door") == (1, 1)
    ended(rig, rig.hub.queue_command(id, "stick", {"is": False}))
    eventually(lambda: opened(rig, id, "door") == (1, 0))


def health_of(event):
    """Name -> value, without the prefix."""
    values = event.detail["telemetries"].items()
    return {key.removeprefix("health_"): value for key, value in values if key.startswith("health_")}


def test_the_board_tells_how_it_is_every_so_often_and_after_each_full_message(rig):
    rig.settings(health=3, outbox={"size": 0})
    rig.program("agent.telemetry(lambda: {'open': False})")
    id = rig.begin()
    eventually(lambda: sum(bool(health_of(event)) for event in rig.more_telemetry(1)))
    state = rig.device()["state"]
    assert state["open"] is False and state["health_reset_cause"] == "power on"
    for name in ("heap_free", "heap_lowest", "idf_free", "idf_largest", "idf_lowest", "flash_free"):
        assert state["health_" + name] > 0, name
    assert -100 < state["health_wifi_strength"] < 0 and state["health_uptime"] >= 0
    assert state["health_outbox_waiting"] == state["health_outbox_dropped"] == 0
    rig.hub.delete(id)
    eventually(lambda: rig.count("registered") == 2)
    told = rig.more_telemetry(8)
    for event, following in zip(told, told[1:], strict=False):
        if event.detail["override"]:
            assert not health_of(event) and (following.detail["override"] or health_of(following))
    assert sum(bool(health_of(event)) for event in told) >= 2
    assert not all(health_of(event) or event.detail["override"] for event in told)
    assert rig.device()["state"]["health_uptime"] > state["health_uptime"]
