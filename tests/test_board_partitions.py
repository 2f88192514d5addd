"""Partitions for updates on the virtual board: esp32.Partition, updates through it, frozen modules."""

import pytest

from tools.board import BoardError, VirtualBoard
from tools.board.image import make_image

APP_BYTES = 64 * 1024
OLD = make_image({"app.py": b"version = 'old'\nprint('old runs')\n"})
NEW = make_image({"app.py": b"version = 'new'\nprint('new runs')\n"})
MAIN = b"import app\n"

# Writes an image (hex) into the other partition, block by block as an updater does, and selects it.
INSTALL = """
from esp32 import Partition
import machine
p = Partition(Partition.RUNNING).get_next_update()
image = bytes.fromhex(%r)
for i in range(0, len(image), 4096):
    block = image[i:i + 4096]
    p.ioctl(6, i // 4096)
    p.writeblocks(i // 4096, block, 0)
p.set_boot()
"""
CONFIRM = "from esp32 import Partition; Partition.mark_app_valid_cancel_rollback()"


@pytest.fixture(scope="module")
def board():
    with VirtualBoard(ota=True, app_bytes=APP_BYTES) as board:
        board.wait_for(">>> ")
        board.run("import esp32, os, sys, machine; from esp32 import Partition; P = Partition")
        yield board


def test_the_partitions(board):
    assert board.run("print(P.BOOT, P.RUNNING, P.TYPE_APP, P.TYPE_DATA)") == "0 1 0 1\n"
    assert board.run("print([it.info() for it in P.find(P.TYPE_APP)])") == (
        "[(0, 16, 65536, 65536, 'ota_0', False), (0, 17, 1638400, 65536, 'ota_1', False)]\n"
    )
    assert board.run("print([it.info()[1:] for it in P.find(P.TYPE_DATA)])") == (
        "[(2, 36864, 16384, 'nvs', False), (0, 53248, 8192, 'otadata', False), "
        "(1, 61440, 4096, 'phy_init', False), (129, 3211264, 983040, 'vfs', False)]\n"
    )
    assert board.run("print(P.find(label='ota_1', subtype=17), P.find(P.TYPE_APP, 18))") == (
        "[<Partition type=0, subtype=17, address=1638400, size=65536, label=ota_1, encrypted=0>] []\n"
    )
    assert board.run("print(P(P.BOOT).info()[4], P(P.RUNNING).get_next_update().info()[4])") == "ota_0 ota_1\n"
    assert board.run("print([P(n).get_next_update().info()[4] for n in ('ota_1', 'vfs')])") == "['ota_0', 'ota_0']\n"
    assert board.run("p = P('ota_1'); print(p.ioctl(4, 0), p.ioctl(5, 0), P('vfs').ioctl(4, 0))") == "16 4096 240\n"
    assert board.run("print(os.statvfs('/')[2], os.listdir('/'))") == "240 ['boot.py']\n"


def raises(board, error, code):
    with pytest.raises(BoardError) as info:
        board.run(code)
    assert str(info.value).strip().rpartition("\n")[2].startswith(error), str(info.value)


INVALID_ARG, INVALID_SIZE = "OSError: (-258, 'ESP_ERR_INVALID_ARG')", "OSError: (-260, 'ESP_ERR_INVALID_SIZE')"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (INVALID_ARG, "P(P.RUNNING).writeblocks(0, bytes(4096))"),
        (INVALID_ARG, "P(P.RUNNING).writeblocks(15, b'x', 0)"),
        (INVALID_ARG, "P('ota_0').ioctl(6, 0)"),
        (INVALID_ARG, "P('phy_init').writeblocks(0, b'x', 0)"),
        (INVALID_ARG, "P('ota_1').readblocks(17, bytearray(1))"),
        (INVALID_ARG, "P('ota_1').writeblocks(-1, bytes(4096))"),
        (INVALID_SIZE, "P('ota_1').readblocks(16, bytearray(1))"),
        (INVALID_SIZE, "P('ota_1').writeblocks(15, bytes(8192))"),
        (INVALID_SIZE, "P('ota_1').writeblocks(15, bytes(2), 4095)"),
        (INVALID_SIZE, "P('ota_1').ioctl(6, 16)"),
        (INVALID_SIZE, "P('ota_1').writeblocks(0, bytes(100))"),
        ("OSError: (-5379, 'ESP_ERR_OTA_VALIDATE_FAILED')", "P('ota_1').set_boot()"),
        ("OSError: (-5379, 'ESP_ERR_OTA_VALIDATE_FAILED')", "P('vfs').set_boot()"),
        ("OSError: [Errno 2] ENOENT", "P('factory')"),
        ("ValueError", "P(2)"),
        ("TypeError", "P(None)"),
        ("NotImplementedError", "P('ota_1', block_size=512)"),
    ],
)
def test_mistakes(board, error, code):
    raises(board, error, code)
    assert board.firmware.states() == {"ota_0": "VALID"}


def test_contents_follow_the_rules_of_flash_and_are_counted(board):
    before = board.flash_stats()
    board.run("p = P('ota_1'); p.writeblocks(3, bytes([1]) * 8192); p.ioctl(6, 5); p.writeblocks(5, b'abc', 10)")
    after = board.flash_stats()
    assert (after["erases"] - before["erases"], after["writes"] - before["writes"]) == (3, 3)
    assert board.firmware.read("ota_1")[3 * 4096 : 5 * 4096 + 14] == b"\x01" * 8192 + b"\xff" * 10 + b"abc\xff"
    assert board.run("b = bytearray(5); p.readblocks(5, b, 9); print(bytes(b))") == "b'\\xffabc\\xff'\n"
    raises(board, "OSError: [Errno 5] EIO: flash 0x19500a was not erased", "p.writeblocks(5, b'xyz', 10)")
    assert board.firmware.read("ota_1")[:4096] == b"\xff" * 4096


def test_partitions_from_outside(board):
    with VirtualBoard() as other, pytest.raises(BoardError, match="no partition 'otadata'"):
        other.firmware.states()
    with pytest.raises(BoardError, match="off"):
        board.firmware.write("ota_1", b"")
    with pytest.raises(BoardError, match="no partition 'factory'"):
        board.firmware.read("factory")


@pytest.fixture
def old_runs():
    """A board whose first partition has the old application, which runs."""
    with VirtualBoard(ota=True, app_bytes=APP_BYTES) as board:
        board.wait_for(">>> ")
        board.power_off()
        board.firmware.write("ota_0", OLD)
        board.write_file("/main.py", MAIN)
        board.power_on()
        board.wait_for("old runs")
        yield board


@pytest.mark.parametrize("torn", [False, True])
def test_an_update_through_the_partition(old_runs, torn):
    """Installed, and the power goes at the first and the last operations of it and in the bootloader."""
    operations = 2 * -(-len(NEW) // 4096)
    board = old_runs
    board.wait_for(">>> ")
    for nth in (1, 2, operations + 1, operations + 2):
        board.cut_power_at(nth, torn)
        with pytest.raises(BoardError):
            board.run(INSTALL % NEW.hex())
        board.power_on()
        board.wait_for("old runs")
        board.wait_for(">>> ")
    board.run(INSTALL % NEW.hex())
    assert board.firmware.states() == {"ota_1": "NEW", "ota_0": "VALID"}
    board.send(b"\x04")
    board.wait_for("old runs")  # a soft reset is no start of the chip
    board.wait_for(">>> ")
    board.cut_power_at(2, torn)
    with pytest.raises(BoardError):
        board.run("import machine; machine.reset()")
    assert not board.powered
    board.power_on()
    board.wait_for("old runs")
    assert board.firmware.states() == {"ota_0": "VALID"}


def test_an_application_is_on_trial_until_it_is_confirmed(old_runs):
    board = old_runs
    for confirm in (None, True, False):  # not at all, the power goes meanwhile, at last
        board.wait_for(">>> ")
        board.run(INSTALL % NEW.hex())
        board.power_cycle()
        board.wait_for("new runs")
        board.wait_for(">>> ")
        board.send(b"\x04")
        board.wait_for("new runs")
        board.wait_for(">>> ")
        assert (board.firmware.running, board.firmware.states()["ota_1"]) == ("ota_1", "PENDING_VERIFY")
        if confirm:
            board.cut_power_at(2)
            with pytest.raises(BoardError):
                board.run(CONFIRM)
        elif confirm is False:
            board.run(CONFIRM)
            board.run(CONFIRM)
        board.power_cycle()
        board.wait_for("new runs" if confirm is False else "old runs")
    assert (board.firmware.running, board.firmware.states()["ota_1"]) == ("ota_1", "VALID")


def test_deep_sleep_wakes_what_ran():
    with VirtualBoard(ota=True, app_bytes=APP_BYTES) as board:
        board.wait_for(">>> ")
        board.run(INSTALL % NEW.hex())
        board.send(b"machine.deepsleep(1)\r")
        board.wait_for("DEEPSLEEP_RESET")
        board.wait_for(">>> ")
        assert (board.firmware.running, board.firmware.states()["ota_1"]) == ("ota_0", "NEW")


def test_what_is_frozen_is_found_where_the_path_says():
    files = {
        "boot.py": b"print('frozen boot')\n",
        "app.py": b"from telemetry import name\ndef fail():\n    raise ValueError(name)\n",
        "telemetry/__init__.py": b"from .agent import name\n",
        "telemetry/agent.py": b"name = 'frozen'\n",
    }
    with VirtualBoard(ota=True, app_bytes=APP_BYTES) as board:
        board.wait_for(">>> ")
        before = board.run("import gc; gc.collect(); print(gc.mem_free())")
        board.run("import os\nfor it in ('lib', 'slot', 'slot/lib'): os.mkdir(it)")
        for folder in ("lib", "slot/lib"):
            board.run(f"with open('{folder}/telemetry.py', 'w') as f: f.write('name = \"{folder}\"')")
        assert board.run("import telemetry; print(telemetry.name)") == "lib\n"
        board.power_off()
        board.firmware.write("ota_0", make_image(files))
        board.power_on()
        board.wait_for("frozen boot")
        board.wait_for(">>> ")
        assert int(board.run("import gc; gc.collect(); print(gc.mem_free())")) >= int(before)
        board.run("import os, sys, app")
        assert board.run("print(app.name, sys.path)") == "frozen ['', '.frozen', '/lib']\n"
        listed = "print(sorted(os.listdir('/')), sorted(it[0] for it in os.ilistdir()))"
        assert board.run(listed) == "['boot.py', 'lib', 'slot'] ['boot.py', 'lib', 'slot']\n"
        shown = "try: app.fail()\nexcept ValueError as error: sys.print_exception(error)"
        assert '  File "app.py", line 3, in fail\nValueError: frozen\n' in board.run(shown)
        _path_is_a_list(board)


def _path_is_a_list(board):
    again = "\nfor it in list(sys.modules):\n    if it.startswith('telemetry'): del sys.modules[it]\nimport telemetry\n"
    board.run("def name():" + again.replace("\n", "\n    ") + "return telemetry.name")
    assert board.run("sys.path = ['', '/slot/lib', '.frozen', '/lib']; print(name())") == "slot/lib\n"
    assert board.run("sys.path.remove('/slot/lib'); print(name(), sys.path)") == "frozen ['', '.frozen', '/lib']\n"
    assert board.run("sys.path.insert(1, '/lib'); print(name())") == "lib\n"
    assert board.run("del sys.path[1]; sys.path += ['x']; print(name(), sys.path[-1], len(sys.path))") == "frozen x 4\n"
    assert board.run("sys.path[:] = ['/lib']; print(name(), '.frozen' in sys.path)") == "lib False\n"
    assert board.run("sys.path.append('.frozen'); sys.path[0] = ''; print(name(), sys.path)") == (
        "frozen ['', '.frozen']\n"
    )


def test_another_chip():
    with VirtualBoard(ota=True, app_bytes=APP_BYTES, machine="Generic ESP32S3 module with ESP32S3") as board:
        board.wait_for(">>> ")
        said = board.run("import os, sys; print(os.uname().machine); print(sys.implementation._machine)")
        assert said == "Generic ESP32S3 module with ESP32S3\n" * 2
        raises(board, "OSError: (-5379, 'ESP_ERR_OTA_VALIDATE_FAILED')", INSTALL % NEW.hex())
        board.run(INSTALL % make_image({}, "ESP32S3").hex())
        board.power_off()
        board.firmware.write("ota_0", b"")
        board.firmware.write("ota_1", NEW)
        board.power_on()
        board.wait_for("No bootable app partitions in the partition table")
        board.wait_for("No bootable app partitions in the partition table")
        assert board.pid is None
