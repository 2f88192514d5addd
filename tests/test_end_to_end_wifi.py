"""The way back to the Wi-Fi, with the driver's troubles, on the virtual board. How long each step waits is for
tests/device/test_wifi.py; here the board's ticks are put ahead."""

BEGIN = """
from telemetry import wifi
from telemetry.board import Board
from telemetry.errors import WifiError
from time import sleep_ms, ticks_add, ticks_ms
board = Board()
ahead = 0
wifi.ticks_ms = lambda: ticks_add(ticks_ms(), ahead)

def join(timeout=15):
    try:
        board.connect("virtual", "pw-never-to-be-shown", timeout)
        return "connected"
    except WifiError as error:
        return str(error)

def later(times, ms=2000000):
    global ahead
    for _ in range(times):
        ahead += ms
        text = join(0)
    return text
"""


def test_a_driver_in_trouble(rig):
    board = rig.board
    board.start()
    board.wait_for("Wi-Fi: connected")
    board.run(BEGIN)
    assert board.run("print(join(), join(0))") == "connected connected\n"  # over a soft reset of the radio, too
    for how, times in (("connecting", 1), ("radio", 3)):
        board.wifi_stuck(how)
        assert "no connection" in board.run("print(join(0))")
        assert board.run(f"print(later({times}), join())").endswith("connected\n")
    board.wifi_stuck("chip")
    assert "no connection" in board.run("print(join(0), later(4))")
    assert board.run("print(board.is_hopeless())") == "False\n"
    board.run("later(1, 12 * 3600 * 1000)")
    assert board.run("print(board.is_hopeless())") == "True\n"
    board.send(b"board.reset()\r")
    rig.more_telemetry(1)


def test_an_association_that_fails_and_no_memory_for_the_radio(rig):
    rig.board.wifi_stuck("memory")
    rig.board.start()
    rig.board.wait_for("WifiError: Wi-Fi virtual: RuntimeError: Wifi Unknown Error 0x0101")
    rig.board.air.failures = 2
    rig.board.wifi_stuck(None)
    rig.more_telemetry(1)
