"""The Device API on the virtual ESP32 before the local hub, over real sockets: configuration, licences, and where the
device is. Evidence is what the board says on its console, and what the hub has."""

import base64

from conftest import eventually

CONFIG = """
@agent.on_config
def apply(config):
    if config.get("mode") == "disco":
        raise ValueError("mode: not on this board")
    print("applied", sorted(config.items()))


@agent.command("set")
def set(parameters):
    agent.config.set(**parameters)
"""

LICENSED = """
def licensed():
    return {name: agent.licensed(name) for name in ("recording", "export")}


agent.telemetry(licensed)
print("at start:", agent.licensed("recording"), agent.licensed("export"))
"""

PLACE = """
seen = ()


@agent.telemetry
def place():
    global seen
    info = agent.info
    now = (agent.claimed, agent.space.get("name"), agent.utc_offset, agent.temperature_units, info.get("name"))
    if now != seen:
        seen = now
        print("place:", *now)
    return {"row": info.get("details", {}).get("row")}
"""


def test_the_cloud_configures_the_board(rig):
    rig.program(CONFIG)
    id = rig.begin()
    rig.hub.claim(id)
    rig.hub.set_config(id, {"mode": "day", "level": 5})
    rig.board.wait_for("applied [('level', 5), ('mode', 'day')]")
    eventually(lambda: rig.hub.device(id)["config_version"] == 1)

    rig.hub.set_config(id, {"mode": "disco"})
    (incident,) = eventually(lambda: rig.hub.incidents(id))
    assert (incident["issue"], incident["status"]) == ("on_config", "open")
    assert incident["description"] == "ValueError: mode: not on this board"
    rig.more_telemetry(2)  # it notes that once the hub has the incident
    fetched = rig.asked(id, "GET /config")
    rig.board.power_cycle()
    rig.board.wait_for("applied [('level', 5), ('mode', 'day')]")  # still the last one that was taken
    rig.more_telemetry(3)
    assert rig.asked(id, "GET /config") == fetched and rig.hub.device(id)["config_version"] == 1

    rig.hub.set_config(id, {"mode": "night"})
    rig.board.wait_for("applied [('mode', 'night')]")
    eventually(lambda: rig.hub.device(id)["config_version"] == 3)
    eventually(lambda: [each["status"] for each in rig.hub.incidents(id)] == ["closed"])
    assert rig.board.output.count("mode: not on this board") == 2  # the line and the traceback


def test_what_is_set_on_the_board_outlives_a_power_cut_and_reaches_the_hub(rig):
    rig.program(CONFIG)
    id = rig.begin()
    rig.hub.set_config(id, {"mode": "day"})
    eventually(lambda: rig.hub.device(id)["config_version"] == 1)
    rig.hub.queue_command(id, "set", {"level": 7})
    eventually(lambda: rig.hub.config(id)["config"] == {"mode": "day", "level": 7})
    eventually(lambda: rig.hub.device(id)["config_version"] == 2)
    assert [each["by"] for each in rig.hub.configs(id)] == ["cloud", "device"]

    rig.hub.fault("refuse", id, "POST", "/config")
    rig.hub.queue_command(id, "set", {"level": 8})
    eventually(lambda: rig.count("fault"))
    rig.board.power_off()
    rig.board.wifi_down()
    rig.board.power_on()
    rig.board.wait_for("applied [('level', 8), ('mode', 'day')]")
    rig.board.wait_for("Wi-Fi virtual: not in reach")  # so that was before the network
    assert rig.hub.config(id)["config"]["level"] == 7
    rig.hub.clear_faults()
    rig.board.wifi_up()
    eventually(lambda: rig.hub.device(id)["config_version"] == 3)
    assert rig.hub.config(id)["config"] == {"mode": "day", "level": 8}
    # The hub's own first one is all that the board ever fetched, or was told.
    assert rig.asked(id, "GET /config") == 1 and rig.board.output.count("applied") == 2


def test_licences(rig):
    rig.settings(maker_key=base64.b64encode(rig.hub.license_key).decode())
    rig.program(LICENSED)
    id = rig.begin()

    def states():
        return [each["state"] for each in rig.hub.licenses(id)]

    def in_force(recording, export):
        state = rig.hub.device(id)["state"]
        return (state["recording"], state["export"]) == (recording, export)

    rig.board.wait_for("at start: False False")
    given = rig.hub.give_license(id, '{"features": ["recording"]}', expires_at="2050-01-01T00:00:00.000Z")
    rig.hub.give_license(id, "export", signature=base64.b64encode(bytes(256)).decode())
    eventually(lambda: states() == ["inuse", "error"] and in_force(True, False))
    assert "sign" in rig.hub.licenses(id)[1]["error"]
    rig.hub.update_license(id, given["id"], data='{"features": ["recording", "export"]}')
    eventually(lambda: in_force(True, True))
    assert states() == ["inuse", "error"]

    rig.board.wifi_down()
    rig.board.power_cycle()  # its clock is lost, and nobody there to tell the time
    rig.board.wait_for("at start: True True")
    rig.board.wait_for("Wi-Fi virtual: not in reach")
    later = "import machine\nmachine.RTC().datetime((2050, 1, 1, 0, 0, 0, 1, 0))\n"
    assert rig.board.run(later + "print(agent.licensed('recording'))") == "False\n"
    rig.board.power_cycle()
    rig.board.wait_for("at start: False False")
    rig.board.wifi_up()

    rig.hub.update_license(id, given["id"], expires_at=None)
    eventually(lambda: in_force(True, True))
    rig.hub.take_license(id, given["id"])
    eventually(lambda: states() == ["removed", "error"] and in_force(False, False))


def test_without_a_makers_key_no_licence_is_taken(rig):
    id = rig.begin()
    rig.hub.give_license(id, "recording")
    (licence,) = eventually(lambda: [each for each in rig.hub.licenses(id) if each["state"]])
    assert licence["state"] == "error" and "maker_key" in licence["error"]


def test_claimed_moved_and_unclaimed(rig):
    rig.program(PLACE)
    id = rig.begin()
    rig.board.wait_for("place: False None 0 None None")
    rig.hub.claim(id)
    rig.board.wait_for("place: True Room 1 60 celsius None")
    eventually(lambda: rig.hub.device(id)["space_version"] == 1)
    rig.hub.claim(id, {"name": "Küche", "location": {"utc_offset": -330}, "temperature_units": "fahrenheit"})
    rig.board.wait_for("place: True Küche -330 fahrenheit None")
    rig.hub.set_info(id, name="Lamp", details={"row": 3})
    rig.board.wait_for("place: True Küche -330 fahrenheit Lamp")
    eventually(lambda: rig.hub.device(id)["state"].get("row") == 3)
    eventually(lambda: rig.hub.device(id)["space_version"] == 2)

    fetched = rig.asked(id, "GET /space"), rig.asked(id, f"GET /{id}")
    rig.board.power_cycle()
    rig.board.wait_for("place: True Küche -330 fahrenheit Lamp")
    rig.more_telemetry(2)
    assert fetched == (rig.asked(id, "GET /space"), rig.asked(id, f"GET /{id}"))
    rig.hub.unclaim(id)
    rig.board.wait_for("place: False None 0 None Lamp")
    eventually(lambda: rig.hub.device(id)["space_version"] == 0)
    rig.hub.claim(id, {"name": "Hall"})
    rig.board.wait_for("place: True Hall 60 celsius Lamp")
