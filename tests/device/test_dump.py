import os

import telemetry
from queue_hub import QueueHub
from rig import Rig
from telemetry import errors, store


def dumped(hub=None, prepare=None, **settings):
    """The rig and the hub after one `dump`, and its text."""
    hub = hub or QueueHub({"id": "c-1", "name": "dump"})
    rig = Rig(requests=hub, **settings)
    rig.agent.folder = "./"
    if prepare:
        prepare(rig)
    assert rig.agent.step() > 50
    return rig, hub, b"".join(b"".join(pieces) for pieces in hub.dumps.values()).decode()


def test_a_dump_says_how_the_board_is():
    def prepare(rig):
        rig.board.cause = "hard reset"
        os.mkdir("data")
        os.mkdir("data/deep")
        with open("data/deep/log.bin", "wb") as file:
            file.write(b"x" * 777)
        trace = "Traceback:\n  File main.py\nZeroDivisionError: by pump"
        store.save("crash.json", {"count": 1, "trace": trace, "device": None})  # from before it was registered
        rig.agent.report("pump", OSError("stuck"))

    rig, hub, text = dumped(prepare=prepare, interval=77)
    lines = text.split("\n")
    assert lines[0] == "telemetry " + telemetry.__version__
    for line in (
        "interval 77",
        "entry_url http://entry",
        "reset_cause hard reset",
        "url http://hub/v1/devices/d-1",
        "uptime 0",
        "heap [(100000, 50000, 30000, 20000)]",
        "./data/deep/log.bin 777",
        "Traceback:",
        "ZeroDivisionError: by pump",
    ):
        assert line in lines, line
    starts = ("version ", "implementation ", "mem_alloc ", "timestamp 20", "due {", "versions {")
    for start in starts + ("heap_free ", "idf_largest ", "flash_free "):
        assert [line for line in lines if line.startswith(start)], start
    assert "'firmware_version': '1.0.0'" in text
    assert [line for line in lines if line.endswith(" pump: OSError: stuck")]
    assert [line for line in lines if line.endswith(" Wi-Fi: connected to net as 10.0.0.2")]
    assert [line for line in lines if line.startswith("./identity.json ")]
    blocks = [line for line in lines if line.startswith("(") or "statvfs" in line]
    assert blocks, text
    assert hub.history()[-1] == ("done", "dump dump-1, %d bytes" % len(text.encode()))


def test_it_goes_up_in_pieces():
    rig, hub, text = dumped()
    requests = [(method, path, len(data)) for method, path, data in hub.asked if path.startswith("/dumps")]
    assert requests[0][:2] == ("POST", "/dumps/text%2Fplain/240AC4124556-0.txt")
    assert len(requests) > 1
    for method, path, _ in requests[1:]:
        assert (method, path) == ("PUT", "/dumps/dump-1")
    assert all(0 < size <= 1024 for _, _, size in requests)
    assert rig.board.fed > len(requests)  # each of them may take long


def test_no_secret_is_in_it():
    def prepare(rig):
        rig.agent.report("hub", errors.NetworkError("away"))

    _, hub, text = dumped(
        prepare=prepare, wifi_password="pass-word-1", hardware_key="hardware-2", user={"token": "token-3"}
    )
    for secret in ("pass-word-1", "hardware-2", "token-3", "key-1"):
        assert secret not in text, secret


def test_the_hub_may_name_it_in_many_ways():
    for reply, name in (
        ("d 5", "d 5"),
        (5, "5"),
        ({"id": "d5"}, "d5"),
        ({"id": 5}, "5"),
        ({"dump_id": "d5", "size": 1}, "d5"),
    ):
        hub = QueueHub({"id": "c-1", "name": "dump"})
        hub.dump_id = reply
        _, hub, text = dumped(hub)
        assert hub.history()[-1][1].startswith("dump %s, " % name)
        assert ("PUT", "/dumps/" + name.replace(" ", "%20")) == hub.asked[-3][:2], hub.asked[-3]
        os.remove("commands.json")
    for reply in (None, "", [], {}, {"id": None}, {"id": []}, {"id": 1.5}, True, 1.5, {"id": {"id": 1}}):
        hub = QueueHub({"id": "c-1", "name": "dump"})
        hub.dump_id = reply
        _, hub, text = dumped(hub)
        assert hub.history()[-1][0] == "failed" and "ReplyError: id: " in hub.history()[-1][1], reply
        assert len(text) <= 1024
        os.remove("commands.json")


def test_a_dump_that_fails_is_a_command_that_failed():
    for fault, words in (((3, (413, {"error": "no room"})), "no room"), ((4, OSError(113)), "NetworkError")):
        hub = QueueHub({"id": "c-1", "name": "dump"}, fault=fault)
        _, hub, _ = dumped(hub)
        status, message = hub.history()[-1]
        assert status == "failed" and words in message
        os.remove("commands.json")


def test_a_flash_that_cannot_be_read_is_told():
    def prepare(rig):
        def broken(duty, *how):
            if duty == "crash":
                raise errors.StoreError("./crash.json: [Errno 5] EIO")
            return load(duty, *how)

        load = rig.agent.load
        rig.agent.load = broken

    _, hub, text = dumped(prepare=prepare)
    assert "StoreError: ./crash.json: [Errno 5] EIO\n" in text
    assert "entry_url" in text and hub.history()[-1][0] == "done"


def test_a_card_full_of_files_does_not_fill_the_hub():
    def endless(folder):
        while True:
            yield folder + "x" * 1000

    import telemetry.dump as dump  # so that it stays

    files = dump._files
    dump._files = endless
    hub = QueueHub({"id": "c-1", "name": "dump"})
    try:
        rig = Rig(requests=hub)
        rig.agent.folder = "./"
        rig.agent.step()
    finally:
        dump._files = files
    assert hub.history()[-1][0] == "done"
    assert 32 * 1024 < sum(map(len, hub.dumps["text%2Fplain/240AC4124556-0.txt"])) <= 34 * 1024


def test_what_was_said_is_kept_in_little_room():
    agent = Rig().agent
    for n in range(100):
        agent.report("thing %d" % n, OSError("y" * 400))
    agent.report("thing 99", OSError("y" * 400))  # said already
    assert len(errors.log) == 12 and all(len(line) <= 100 for _, line in errors.log)
    assert errors.log[-1][1].startswith("thing 99: OSError: yyy") and errors.log[-2][1].startswith("thing 98:")


def test_a_board_restarts_by_command():
    hub = QueueHub({"id": "c-1", "name": "reboot"})
    rig = Rig(requests=hub)
    try:
        rig.agent.step()
    except SystemExit:
        pass
    assert rig.board.resets == 1 and hub.history() == [("in_progress", None)]
    rig = Rig(requests=hub)
    rig.board.cause = "hard reset"
    rig.steps(2)
    assert rig.board.resets == 0 and hub.history()[1:] == [("done", "restarted")]
    assert store.load("commands.json")["due"] is False
