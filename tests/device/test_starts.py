import json
import os
import sys

from support import raises
from telemetry import starts, startup, store
from telemetry.errors import StoreError

CAUSES = {"power on": 1, "hard reset": 2, "watchdog": 3}
DEEP_SLEEP, SOFT = 4, 5


class Machine:
    """As much of `machine` as is used before main.py."""

    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)

    def __init__(self, cause, level=1):
        self.cause = cause
        self.watchdogs = []
        self.pins = []
        sys.modules["machine"] = self
        machine = self

        class Pin:
            IN, PULL_UP = 1, 2

            def __init__(self, number, mode, pull):
                if number not in range(40):
                    raise ValueError("invalid pin")
                machine.pins.append((number, mode, pull))

            def value(self):
                return level

        self.Pin = Pin

    def reset_cause(self):
        return self.cause

    def WDT(self, timeout):  # noqa: N802 (as it is called there)
        self.watchdogs.append(timeout)


def fresh(**settings):
    """A folder with a program and settings, and the safe folder."""
    for name in ("starts.json", "starts.json.new"):
        if name in os.listdir("."):
            os.remove(name)
    if "safe" not in os.listdir("."):
        os.mkdir("safe")
    for name, text in (
        ("main.py", ""),
        ("safe/main.py", ""),
        ("settings.json", json.dumps(dict(settings, wifi_ssid="net"))),
    ):
        with open(name, "w") as file:
            file.write(text)


def start(cause, level=1):
    return startup.begin("", "safe") if Machine(CAUSES.get(cause, cause), level) else None


def counted():
    return starts.load("")


def test_three_starts_that_came_to_nothing_lead_to_safe_mode():
    for cause in CAUSES:
        fresh()
        for number in (1, 2, 3):
            assert start(cause) is None
            assert counted() == {"starts": number, cause: number}
        for number in (4, 5):
            assert start(cause) == "safe"
            assert counted() == {"starts": 3, cause: number}


def test_one_that_came_to_something_begins_anew():
    fresh()
    for _ in range(4):
        assert start("hard reset") is None and start("watchdog") is None
        starts.survived("")
        assert counted()["starts"] == 0
    assert counted() == {"starts": 0, "hard reset": 4, "watchdog": 4}
    for _ in range(3):
        assert start("power on") is None
    starts.survived("", 2)  # safe mode lets main.py try again
    assert start("power on") is None and start("power on") == "safe"


def test_a_start_takes_two_writes_and_a_wake_none():
    fresh()
    write = store.write
    paths = []

    def noted(path, body):
        paths.append(path)
        write(path, body)

    store.write = noted
    try:
        start("power on")
        for _ in range(3):
            starts.survived("")
        assert paths == ["starts.json"] * 2
        for cause in (DEEP_SLEEP, SOFT):
            assert start(cause) is None
            starts.survived("")
        assert len(paths) == 2
    finally:
        store.write = write


def test_a_deep_sleep_that_is_over_is_no_start():
    fresh()
    for _ in range(5):
        assert start(DEEP_SLEEP) is None
    assert not Machine(DEEP_SLEEP).watchdogs and "starts.json" not in os.listdir(".")


def test_a_soft_reset_is_no_start_and_in_safe_mode_nothing_is_run():
    fresh()
    for _ in range(5):
        assert start(SOFT) is None
    assert "starts.json" not in os.listdir(".")
    for _ in range(3):
        start("watchdog")
    for _ in range(2):
        assert start(SOFT) == ""
    assert counted() == {"starts": 3, "watchdog": 3}


def test_boot_that_is_held_leads_to_safe_mode_for_this_start():
    fresh()
    start("power on")
    before = counted()
    assert start("power on", level=0) == "safe"
    for cause in ("hard reset", "watchdog", SOFT, DEEP_SLEEP):
        fresh()
        assert start(cause, level=0) is None  # it was pressed for something else
    fresh(button=None)
    assert start("power on", level=0) is None
    fresh(button=9)
    machine = Machine(1)
    startup.begin("", "safe")
    assert machine.pins == [(9, 1, 2)] and before == counted()
    os.remove("settings.json")
    assert start("power on", level=0) == "safe"


def test_the_watchdog_is_on_from_the_start_and_rests_while_a_person_is_there():
    for settings, seconds in (({}, 300), ({"watchdog": 30}, 30), ({"watchdog": 0}, 0)):
        fresh(**settings)
        for cause, wanted in ((1, seconds), (2, seconds), (3, seconds), (4, 0), (5, seconds and 604800)):
            machine = Machine(cause)
            startup.begin("", "safe")
            assert machine.watchdogs == [wanted * 1000] * bool(wanted), (settings, cause)


def test_a_board_without_a_program_or_settings_counts_nothing():
    for missing in ("main.py", "settings.json"):
        fresh()
        os.remove(missing)
        for cause in list(CAUSES) * 2 + [SOFT]:
            machine = Machine(CAUSES.get(cause, cause))
            assert startup.begin("", "safe") is None and not machine.watchdogs
        assert "starts.json" not in os.listdir(".")
    fresh()
    for text in ("", "{", '{"button": 0', "null", "[]", "[1]", "0", "5", "true", '""', '"x"'):
        with open("settings.json", "w") as file:
            file.write(text)
        assert [start("watchdog") for _ in range(5)] == [None] * 5


def test_without_a_safe_program_the_other_one_is_run():
    fresh()
    os.remove("safe/main.py")
    for _ in range(3):
        start("watchdog")
    for _ in range(2):  # boot.py goes on as if nothing was
        raises(OSError, start, "watchdog")
    raises(OSError, start, "power on", 0)


def test_a_state_file_that_is_torn_or_foreign_counts_nothing():
    for text in ("", "{", '{"starts": 3}', '{"crc32": "00000000", "starts": 3}'):
        fresh()
        with open("starts.json", "w") as file:
            file.write(text)
        assert start("watchdog") is None and counted() == {"starts": 1, "watchdog": 1}


def test_a_flash_that_cannot_be_written_keeps_no_board_from_its_program():
    fresh()
    write = store.write

    def fails(path, body):
        raise StoreError(path + ": [Errno 30] EROFS")

    store.write = fails
    try:
        assert [start("watchdog") for _ in range(5)] == [None] * 5
        starts.survived("")
    finally:
        store.write = write
    start("watchdog")
    store.write = fails
    try:
        raises(StoreError, starts.survived, "")  # the agent reports it
    finally:
        store.write = write
