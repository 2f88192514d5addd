"""The power goes at every single operation of the flash while a start is counted, on the real LittleFS2 and FAT."""

import os

from telemetry import starts, startup, store
from test_power_cut import FILE_SYSTEMS, driver, formatted, start
from test_starts import Machine

INTERPRETERS = ["micropython"]


def lay_out():
    os.mkdir("/cut/safe")
    for name, text in (("main.py", ""), ("safe/main.py", ""), ("settings.json", '{"wifi_ssid": "net"}')):
        with open("/cut/" + name, "w") as file:
            file.write(text)


def begin():
    Machine(1)
    return startup.begin("/cut/", "/cut/safe")


def survive():
    store.tidy("/cut/")
    starts.survived("/cut/")


def check(before, after, come):
    def look():
        data = starts.load("/cut/")
        assert data.get("starts", 0) in (before, after), data
        assert begin() in come
        store.tidy("/cut/")
        assert not [name for name in os.listdir("/cut") if name.endswith(".new")]

    return look


def test_no_cut_keeps_a_board_from_its_next_start():
    cuts = 0
    for kind in map(driver, FILE_SYSTEMS):
        content, _ = start(kind, formatted(kind), lay_out)
        for before in range(5):
            after = min(before + 1, 3)
            before = min(before, 3)
            come = (None,) if after < 3 else (None, "/cut/safe")
            for program, then, next_one in ((begin, after, come), (survive, 0, (None, "/cut/safe"))):
                for torn in (False, True):
                    cut_at = 0
                    is_cut = True
                    while is_cut:
                        cut_at += 1
                        end, is_cut = start(kind, content, program, cut_at, torn)
                        cuts += is_cut
                        start(kind, end, check(before, then, next_one))
            content, _ = start(kind, content, begin)
    assert cuts > 100
    print("power cuts:", cuts)
