import gc
import os
import sys

import telemetry
from rig import ACCEPTED, UNREACHABLE, Rig
from telemetry import errors, store


def told(rig):
    """What of the last telemetry was health, without the prefix."""
    values = rig.told()["telemetries"]
    return {key[7:]: values[key] for key in values if key.startswith("health_")}


def rig_of(*answers, **settings):
    rig = Rig(*(answers or (ACCEPTED,)), **dict({"health": 3600}, **settings))
    rig.agent.telemetry(lambda: {"uptime": rig.ticks.now})
    return rig


def stepped(rig):
    rig.ticks.now += 60000
    rig.agent.step()
    return told(rig)


def test_it_is_flat_and_says_how_the_board_is():
    rig = rig_of()
    rig.agent.folder = "./"
    store.save("starts.json", {"starts": 1, "power on": 3, "watchdog": 2, "hard reset": 1})
    rig.board.cause = "watchdog"
    rig.board.connected = True
    rig.ticks.now += 7000
    health = rig.agent.health()
    assert health["uptime"] == 7 and health["reset_cause"] == "watchdog" and health["wifi_strength"] == -60
    assert health["resets_power_on"] == 3 and health["resets_watchdog"] == 2 and health["resets_hard"] == 1
    assert health["idf_free"] == 50000 and health["idf_largest"] == 30000 and health["idf_lowest"] == 20000
    assert 0 < health["heap_lowest"] <= health["heap_free"] and health["flash_free"] > 0
    assert not [name for name in health if "starts" in name]
    for name in health:
        telemetry.message.check_pair(name, health[name])
    os.remove("starts.json")


def test_what_is_not_there_is_left_out():
    rig = rig_of()

    def heap():
        raise AttributeError("idf_heap_info")

    def broken(*what):
        raise errors.StoreError("starts.json: EIO")

    rig.board.heap = heap
    rig.agent.load = broken
    rig.agent.folder = "/there/is/none/"
    health = rig.agent.health()
    assert health["uptime"] == 0 and health["heap_free"]
    assert not [name for name in health if name[:4] in ("idf_", "rese", "flas") and name != "reset_cause"]


def test_several_heaps_are_one():
    rig = rig_of()
    rig.board.heap = lambda: [(100, 50, 40, 30), (200, 60, 20, 10)]
    health = rig.agent.health()
    assert health["idf_free"] == 110 and health["idf_largest"] == 40 and health["idf_lowest"] == 40


def test_the_lowest_heap_is_remembered():
    rig = rig_of()
    rig_of()
    telemetry.gc = Gc(12345)
    sys.modules.pop("telemetry.semver", None)  # another test may have it
    try:
        telemetry.once("semver", "is_valid", "1.0.0")
    finally:
        telemetry.gc = gc
    assert rig.agent.health()["heap_lowest"] == 12345


class Gc:
    def __init__(self, free):
        self.mem_free = lambda: free
        self.collect = gc.collect


def test_it_goes_with_the_first_message_that_is_not_full_and_then_every_hour():
    rig = rig_of()
    assert not stepped(rig)  # the full one
    assert rig.told()["override"]
    health = stepped(rig)
    assert health["uptime"] and health["reset_cause"] == "power on" and "override" not in rig.told()
    assert rig.told()["telemetries"]["uptime"] == rig.ticks.now  # the user's own
    quiet = 0
    while not stepped(rig):
        quiet += 1
    assert quiet == 59


def test_it_is_told_again_after_each_full_message():
    rig = rig_of(ACCEPTED, ACCEPTED, ACCEPTED, UNREACHABLE, ACCEPTED)
    stepped(rig)
    assert stepped(rig)
    assert not stepped(rig)
    stepped(rig)  # reaches nobody
    while not rig.told().get("override"):
        stepped(rig)
    assert not told(rig)
    assert stepped(rig)
    assert not stepped(rig)


def test_0_is_never():
    rig = rig_of(health=0)
    assert not [1 for _ in range(100) if stepped(rig)]


def test_what_was_lost_is_told_even_then():
    rig = rig_of(health=0)
    rig.agent.dropped = 3
    stepped(rig)
    assert stepped(rig) == {"outbox_dropped": 3}
    assert not stepped(rig)


def test_what_waits_and_what_was_lost_is_counted():
    rig = rig_of(ACCEPTED, UNREACHABLE, outbox={"size": 512})
    assert rig.agent.health()["outbox_waiting"] == rig.agent.health()["outbox_dropped"] == 0
    stepped(rig)
    for _ in range(10):
        stepped(rig)
    health = rig.agent.health()
    assert health["outbox_waiting"] + health["outbox_dropped"] == 10 and health["outbox_dropped"] > 0
    assert health["failures_network"] > 5 and "failures_dns" not in health
    rig.requests.answers = [ACCEPTED]
    while rig.agent.outbox:
        stepped(rig)
    assert not told(rig) and rig.told()["override"]
    lost = stepped(rig)
    assert lost["outbox_dropped"] == health["outbox_dropped"] and lost["outbox_waiting"] == 0


def test_the_users_names_are_the_users():
    rig = rig_of()
    rig.agent.telemetry(lambda: {"health_uptime": "mine", "health_heap_free": 5})
    stepped(rig)
    assert rig.told()["telemetries"]["health_uptime"] == "mine"
    health = stepped(rig)
    assert "uptime" not in health and "heap_free" not in health and health["heap_lowest"]  # as the hub has it
    assert "health_uptime" in rig.agent.delta.known
    assert not stepped(rig)


def test_the_hubs_state_is_not_thought_to_have_it():
    rig = rig_of()
    rig.agent.telemetry(lambda: {"fixed": 1})
    for _ in range(5):
        stepped(rig)
    assert sorted(rig.agent.delta.known) == ["fixed", "uptime"]
    assert None not in rig.told()["telemetries"].values()


def test_a_failure_in_it_disturbs_no_telemetry():
    class Broken:
        interval = 60

        def __getattr__(self, name):
            raise MemoryError

    rig = rig_of()
    stepped(rig)
    settings, rig.agent.settings = rig.agent.settings, Broken()
    assert not stepped(rig)
    assert rig.told()["telemetries"] == {"uptime": rig.ticks.now} and rig.told()["status"] == "online"
    rig.agent.settings = settings
    assert not [1 for _ in range(59) if stepped(rig)]
    assert stepped(rig)  # an hour later


def test_a_message_that_has_no_room_goes_without():
    rig = rig_of()
    texts = {}
    rig.agent.telemetry(lambda: texts)
    stepped(rig)
    for n in range(128):
        texts["text%d" % n] = "x" * 995
    assert not stepped(rig)
    assert len(rig.told()["telemetries"]) == 129
    while not stepped(rig):
        pass
    assert rig.agent.clock.uptime() >= 3600
