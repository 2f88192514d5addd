"""The fake hardware: pins, clock, NVS, partitions; strict where the chip is, and stricter."""

import pytest

from tools.board import BoardError, VirtualBoard

NVS = "n = esp32.NVS('a'); "


@pytest.fixture(scope="module")
def board():
    with VirtualBoard(mac="24:0a:c4:aa:bb:cc") as board:
        board.wait_for(">>> ")
        board.run("import machine, esp32, time, ntptime\nfrom machine import Pin, RTC")
        yield board


def raises(board, error, code):
    with pytest.raises(BoardError) as info:
        board.run(code)
    assert str(info.value).strip().rpartition("\n")[2].startswith(error), str(info.value)


def test_the_led(board):
    seen = len(board.led_changes)
    board.run("led = Pin(2, Pin.OUT); led.on(); led.off(); led(1); led.value(1)")
    assert board.led
    assert board.led_changes[seen:] == [True, False, True]
    board.run("led.value(0)")
    assert not board.led


def test_the_boot_button_is_active_low(board):
    board.run("button = Pin(0, Pin.IN, Pin.PULL_UP)")
    assert board.run("print(button.value(), button())") == "1 1\n"
    board.press("BOOT")
    assert board.run("print(button.value())") == "0\n"
    board.release("BOOT")
    assert board.run("print(button.value())") == "1\n"


def test_other_pins_are_read_from_outside_and_signals_invert(board):
    board.set_pin(34, 1)
    assert board.run("print(Pin(34, Pin.IN).value(), Pin(35, Pin.IN).value())") == "1 0\n"
    board.run("s = machine.Signal(Pin(4, Pin.OUT), invert=True); s.on()")
    assert board.pin(4) == 0


@pytest.mark.parametrize("number", [-1, 6, 11, 20, 24, 28, 31, 40])
def test_pins_that_the_chip_does_not_have(board, number):
    raises(board, "ValueError: invalid pin", f"Pin({number})")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("ValueError: pin can only be input", "Pin(34, Pin.OUT)"),
        ("ValueError", "Pin(36, Pin.IN, Pin.PULL_UP)"),
        ("ValueError: invalid pin mode", "Pin(4, 99)"),
        ("RuntimeError: GPIO5 is not an output", "Pin(5, Pin.IN).on()"),
        ("TypeError", "Pin(4, speed=1)"),
        ("ValueError", "Pin('LED')"),
        ("AttributeError", "Pin(4).blink()"),
        ("NotImplementedError", "Pin(0).irq(lambda p: 0)"),
        ("AttributeError", "machine.nothing"),
        ("ValueError: frequency must be", "machine.freq(1)"),
        ("ValueError: requested length 8", "RTC().datetime((2020, 1, 1))"),
        ("ValueError", "RTC().datetime((2020, 13, 1, 0, 0, 0, 0, 0))"),
        ("ValueError", "RTC().datetime((1970, 1, 1, 0, 0, 0, 0, 0))"),
        ("TypeError", "RTC().datetime((2020, 1, 1, 0, 0, 0, 1.5, 0))"),
        ("TypeError", "time.gmtime(1.5)"),
        ("TypeError", "time.mktime((2000, 1, 1))"),
    ],
)
def test_mistakes_are_errors(board, error, code):
    raises(board, error, code)


def test_who_it_is(board):
    assert board.run("print(machine.unique_id().hex(), machine.freq())") == "240ac4aabbcc 160000000\n"


def test_the_clock_counts_from_2000(board):
    board.run("RTC().datetime((2024, 2, 29, 0, 12, 30, 0, 0))")
    assert board.run("print(time.gmtime(0))") == "(2000, 1, 1, 0, 0, 0, 5, 1)\n"
    assert board.run("print(time.mktime((2000, 1, 2, 0, 0, 0, 0, 0)))") == "86400\n"
    assert board.run("print(time.localtime()[:5], time.localtime()[6:], RTC().datetime()[:6])") == (
        "(2024, 2, 29, 12, 30) (3, 60) (2024, 2, 29, 3, 12, 30)\n"
    )
    assert board.run("print(time.mktime(time.localtime()) - time.time() in (0, -1))") == "True\n"
    assert board.run("print(time.time() - time.time_ns() // 10**9 in (0, 1))") == "True\n"


def test_the_temperature(board):
    board.set_temperature(61.5)
    assert board.run("print(esp32.mcu_temperature(), esp32.raw_temperature())") == "61.5 143\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("OSError: (-4354, 'ESP_ERR_NVS_NOT_FOUND')", "esp32.NVS('a').get_i32('missing')"),
        ("OSError: (-4354, 'ESP_ERR_NVS_NOT_FOUND')", "esp32.NVS('a').erase_key('missing')"),
        ("OSError: (-4361, 'ESP_ERR_NVS_KEY_TOO_LONG')", "esp32.NVS('a').set_i32('x' * 16, 1)"),
        ("OSError: (-4358, 'ESP_ERR_NVS_INVALID_NAME')", "esp32.NVS('x' * 16)"),
        ("OSError: (-4364, 'ESP_ERR_NVS_INVALID_", NVS + "n.set_blob('b', b'12'); n.get_blob('b', bytearray(1))"),
        ("OSError: (-4355, 'ESP_ERR_NVS_TYPE_MISMATCH')", NVS + "n.set_i32('i', 1); n.get_blob('i', bytearray(9))"),
        ("ValueError", "esp32.NVS('a').set_i32('i', 2**31)"),
        ("TypeError", "esp32.NVS('a').set_i32('i', 'text')"),
        ("OSError: (-4357, 'ESP_ERR_NVS_NOT_", NVS + "n.set_blob('b', bytes(20000)); n.commit()"),
    ],
)
def test_nvs_mistakes(board, error, code):
    raises(board, error, code)


def test_partitions(board):
    labels = "print([it.info()[4] for it in esp32.Partition.find(esp32.Partition.TYPE_DATA)])"
    assert board.run(labels) == "['nvs', 'phy_init', 'vfs']\n"
    running = board.run("print(esp32.Partition(esp32.Partition.RUNNING).info())")
    assert running == "(0, 0, 65536, 2031616, 'factory', False)\n"
    board.run("v = esp32.Partition('vfs'); b = bytearray(8); v.readblocks(0, b, 8)")
    assert board.run("print(bytes(b), v.ioctl(4, 0), v.ioctl(5, 0))") == "b'littlefs' 512 4096\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("OSError: (-258, 'ESP_ERR_INVALID_ARG')", "esp32.Partition(1).writeblocks(0, bytes(4096))"),
        ("OSError: (-258, 'ESP_ERR_INVALID_ARG')", "esp32.Partition('nvs').ioctl(6, 0)"),
        ("OSError: (-5379, 'ESP_ERR_OTA_VALIDATE_FAILED')", "esp32.Partition('vfs').set_boot()"),
        ("OSError: (-261, 'ESP_ERR_NOT_FOUND')", "esp32.Partition(esp32.Partition.RUNNING).set_boot()"),
        ("OSError: (-261, 'ESP_ERR_NOT_FOUND')", "esp32.Partition.mark_app_valid_cancel_rollback()"),
        ("OSError: [Errno 2] ENOENT", "esp32.Partition(esp32.Partition.BOOT)"),
        ("OSError: [Errno 2] ENOENT", "esp32.Partition('ota_0')"),
        ("OSError: [Errno 2] ENOENT", "esp32.Partition(esp32.Partition.RUNNING).get_next_update()"),
        ("OSError: (-260, 'ESP_ERR_INVALID_SIZE')", "esp32.Partition('vfs').readblocks(512, bytearray(16), 0)"),
    ],
)
def test_partition_mistakes(board, error, code):
    raises(board, error, code)


def test_programming_what_was_not_erased_is_an_error(board):
    board.run("v = esp32.Partition('vfs'); v.ioctl(6, 511); v.writeblocks(511, b'\\x0f' * 32, 0)")
    board.run("v.writeblocks(511, b'\\x0f' * 32, 0)")
    raises(board, "OSError: [Errno 5] EIO: flash 0x1ff000 was not erased", "v.writeblocks(511, b'\\x0e' * 32, 0)")
    board.run("v.ioctl(6, 511); v.writeblocks(511, b'\\x0e' * 32, 0)")


def test_a_fault_on_the_wire_after_ctrl_c_is_no_lasting_one(board):
    for _ in range(5):
        board.mark()
        board.send(b"\x02while True: Pin(0).value()\r\r")
        board.wait_for("... ")
        board.send(b"\x03")
        board.wait_for("KeyboardInterrupt")
        assert board.run("print(Pin(0).value(), esp32.mcu_temperature() > 0)") == "1 True\n"
