"""The virtual board's partitions for updates: images, otadata, the bootloader, esp32.Partition, frozen modules."""

import pytest

from tools.board import BoardError, VirtualBoard
from tools.board.__main__ import _parse
from tools.board.bootloader import Bootloader
from tools.board.flash import FlashImage, PowerCut
from tools.board.image import CHIPS, ImageError, frozen_files, make_image, read_image, romfs
from tools.board.table import APP, OTA_APP_BYTES, decode, encode, with_ota

APP_BYTES = 64 * 1024
OLD = make_image({"app.py": b"version = 'old'\nprint('old runs')\n"})
NEW = make_image({"app.py": b"version = 'new'\nprint('new runs')\n"})
MAIN = b"import app\n"

# Streams hex from `IMAGE` into the other partition as an updater does, and selects it.
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


# Images


@pytest.mark.parametrize("chip", ["ESP32", "ESP32S3", "ESP32C3"])
def test_esptool_reads_the_image(chip, tmp_path):
    from esptool.bin_image import LoadFirmwareImage

    (tmp_path / "app.bin").write_bytes(make_image({"app.py": b"x = 1"}, chip))
    image = LoadFirmwareImage(chip.lower(), str(tmp_path / "app.bin"))
    assert image.checksum == image.calculate_checksum()
    assert image.append_digest and image.stored_digest == image.calc_digest
    assert (image.chip_id, len(image.segments)) == (CHIPS[chip][0], 1)
    assert image.is_flash_addr(image.segments[0].addr)


def test_what_is_frozen_comes_out_again():
    files = {"telemetry/agent.py": b"a", "app.py": b"", "telemetry/deep/er.mpy": bytes(range(256)) * 9}
    image = make_image(files)
    assert image == make_image(dict(reversed(files.items())))
    assert frozen_files(read_image(image + b"\xff" * 100)) == files
    assert frozen_files(read_image(make_image({}))) == {}
    assert romfs({}) == b""


def test_any_changed_byte_is_seen():
    whole = bytearray(NEW)
    for at in range(len(whole)):
        whole[at] ^= 0x10
        with pytest.raises(ImageError):
            read_image(bytes(whole))
        whole[at] ^= 0x10
    for size in (0, 1, 23, 24, 31, 600, len(NEW) - 1):
        with pytest.raises(ImageError):
            read_image(NEW[:size])
        with pytest.raises(ImageError):
            read_image(NEW[:size] + b"\xff" * (len(NEW) - size))


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [
        (0, 0xE8, "magic"),
        (1, 17, "segment count 17 exceeds"),
        (1, 16, "segment"),
        (12, 9, "chip ID, expected 0, found 9"),
        (16, 5, "revision"),
        (24, 0x24, "does not fit to where"),
        (28, 0x01, "invalid segment length"),
        (30, 0x10, "outside of the partition"),
        (40, 0xAA, "checksum failed"),
        (4, 0x55, None),  # the entry: only the hash would have shown it
    ],
)
def test_what_is_checked_where_no_hash_is_appended(at, value, why):
    image = bytearray(NEW[:-32])
    image[23] = 0
    image[at] = value
    if why is None:
        assert read_image(bytes(image))
    else:
        with pytest.raises(ImageError, match=why):
            read_image(bytes(image))


@pytest.mark.parametrize("name", ["", "/app.py", "../app.py", "a//b.py", "a/", "roots/ca.der"])
def test_names_that_cannot_be_frozen(name):
    with pytest.raises(ValueError, match="relative path"):
        make_image({name: b""})


def test_unknown_chips():
    with pytest.raises(ValueError, match="one of ESP32, ESP32S2"):
        make_image({}, "ESP8266")
    with pytest.raises(ValueError, match="must end in one of"):
        VirtualBoard(machine="Generic ESP32 module")


def test_the_table():
    table = with_ota()
    assert decode(encode(table) + b"\xff" * 64) == table
    assert [it.info for it in table.find(APP)] == [
        [0, 16, 0x10000, OTA_APP_BYTES, "ota_0", False],
        [0, 17, 0x190000, OTA_APP_BYTES, "ota_1", False],
    ]
    assert table.named("vfs").address + table.named("vfs").size == table.file_bytes
    for size in (0, 4095, 6000, OTA_APP_BYTES + 4096):
        with pytest.raises(ValueError, match="app_bytes"):
            with_ota(size)
    torn = bytearray(encode(table))
    torn[5] ^= 1
    for data in (bytes(torn), b"\xff" * 3072, b""):
        with pytest.raises(BoardError, match="no partition table"):
            decode(data)


def test_an_image_file_says_which_table_it_has(tmp_path):
    with_them, without = str(tmp_path / "ota.img"), str(tmp_path / "plain.img")
    FlashImage(with_them, with_ota(APP_BYTES)).close()
    FlashImage(without).close()
    again = FlashImage(with_them)
    assert again.table == with_ota(APP_BYTES)
    again.close()
    with pytest.raises(BoardError, match="without OTA partitions"):
        VirtualBoard(without, ota=True)
    (tmp_path / "ota.img").write_bytes(b"\x5a" * 4 * 1024 * 1024)
    with pytest.raises(BoardError, match="ota.img is not a flash image: no partition table"):
        VirtualBoard(with_them)
    assert _parse(["--ota"]).ota and not _parse([]).ota


# The bootloader


class Chip:
    """Flash and bootloader, with `old` in ota_0 and `new` in ota_1."""

    def __init__(self, old=OLD, new=NEW):
        self.flash = FlashImage(None, with_ota(APP_BYTES))
        self.log = ""
        self.loader = Bootloader(self.flash, "ESP32", self._log)
        for label, image in (("ota_0", old), ("ota_1", new)):
            self.flash.write(self.partition(label), image)

    def _log(self, text):
        self.log += text

    def partition(self, label):
        return self.flash.table.named(label)

    def boot(self):
        return self.loader.running.label if self.loader.boot() else None

    def otadata(self, write):
        self.flash.rewrite_sector(self.partition("otadata"), write[0] * 4096, write[1])

    def select(self, label):
        self.otadata(self.loader.selecting(self.partition(label)))

    def confirm(self):
        self.otadata(self.loader.confirming())

    def states(self):
        return [(it.sequence, it.state) for it in self.loader.entries() if it.sequence != 0xFFFFFFFF]


@pytest.fixture
def chip():
    chip = Chip()
    yield chip
    chip.flash.close()


def test_a_new_chip_starts_ota_0_and_says_so(chip):
    assert chip.boot() == "ota_0"
    assert chip.states() == [(1, 2)]  # VALID
    assert chip.boot() == "ota_0" and chip.loader.boot_partition().label == "ota_0"


def test_an_application_that_is_not_confirmed_is_left_at_the_next_start(chip):
    chip.boot()
    chip.select("ota_1")
    assert chip.states() == [(1, 2), (2, 0)]  # NEW
    assert chip.loader.running.label == "ota_0" and chip.loader.boot_partition().label == "ota_1"
    assert chip.boot() == "ota_1"
    assert chip.states() == [(1, 2), (2, 1)]  # PENDING_VERIFY
    assert chip.boot() == "ota_0"
    assert chip.states() == [(1, 2), (2, 4)]  # ABORTED
    assert chip.boot() == "ota_0"


def test_an_application_that_is_confirmed_stays_and_the_next_goes_to_the_other_partition(chip):
    chip.boot()
    chip.select("ota_1")
    chip.boot()
    chip.confirm()
    assert chip.loader.confirming() is None
    assert chip.boot() == "ota_1" == chip.boot()
    chip.select("ota_0")
    assert chip.states() == [(3, 0), (2, 2)]
    assert chip.boot() == "ota_0"
    chip.confirm()
    assert chip.boot() == "ota_0"


def test_selecting_while_the_running_one_is_not_confirmed_loses_the_way_back(chip):
    """As ESP-IDF: set_boot() does not ask. What counted for ota_0 is written over, ota_0 is taken for want of other."""
    chip.boot()
    chip.select("ota_1")
    chip.boot()
    chip.select("ota_0")
    assert chip.states() == [(3, 0), (2, 1)]
    assert chip.boot() == "ota_0" and chip.states() == [(3, 1), (2, 4)]
    assert chip.boot() == "ota_0" and chip.states() == [(3, 4), (2, 4)]


def test_selecting_twice_loses_the_way_back_too():
    """ESP-IDF (to 5.3) writes to the entry that is not active, which the second time is the one to go back to."""
    chip = Chip(old=NEW, new=OLD)
    chip.boot()
    chip.select("ota_1")
    chip.boot()
    chip.confirm()
    chip.select("ota_0")
    chip.select("ota_0")
    assert chip.states() == [(3, 0), (3, 0)]
    assert [chip.boot() for _ in range(4)] == ["ota_0"] * 4
    assert chip.states() == [(3, 4), (3, 4)]
    chip.flash.close()


def test_an_image_that_is_not_valid_is_not_started(chip):
    chip.boot()
    chip.select("ota_1")
    chip.flash.write(chip.partition("ota_1"), b"\xa5", 700)
    assert chip.boot() == "ota_0"
    assert "E (31) esp_image: checksum failed" in chip.log and "slot 1 is not bootable" in chip.log
    chip.flash.write(chip.partition("ota_0"), b"\x00")
    assert chip.boot() is None and "No bootable app partitions" in chip.log


def test_ota_1_starts_when_it_is_all_there_is():
    chip = Chip(old=b"\xff" * 3000)
    assert chip.boot() == "ota_1"
    assert chip.states() == [(2, 2)]
    chip.flash.close()


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("confirmed", [False, True])
def test_a_cut_in_otadata_leaves_the_old_or_the_new(torn, confirmed):
    """From set_boot() over the first start to the confirmation or the way back, the power goes at each operation."""
    seen = set()
    for nth in range(1, 20):
        chip = Chip()
        chip.boot()
        chip.flash.control.arm(nth, torn)
        try:
            chip.select("ota_1")
            chip.boot()
            if confirmed:
                chip.confirm()
            chip.boot()
            cut = False
        except PowerCut:
            cut = True
        chip.flash.control.arm(None, False)
        if cut:
            first, last = chip.boot(), [chip.boot() for _ in range(3)]
            assert first in ("ota_0", "ota_1")
            assert len(set(last)) == 1  # it settles, and does so on the old one unless the new one was confirmed
            assert confirmed or last[0] == "ota_0"
            seen.add(first)
        chip.flash.close()
        if not cut:
            break
    assert nth == 7
    assert seen == ({"ota_0"} if torn else {"ota_0", "ota_1"})  # half an entry is none


@pytest.mark.parametrize("torn", [False, True])
def test_a_cut_in_the_very_first_start(torn):
    for nth in (1, 2):
        chip = Chip()
        chip.flash.control.arm(nth, torn)
        with pytest.raises(PowerCut):
            chip.boot()
        chip.flash.control.arm(None, False)
        assert chip.boot() == "ota_0" == chip.boot()
        chip.flash.close()


# On the board


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


@pytest.mark.parametrize("torn", [False, True])
def test_an_update_through_the_partition(torn):
    """Installed, and the power goes at the first and the last operations of it and in the bootloader."""
    operations = 2 * -(-len(NEW) // 4096)
    with VirtualBoard(ota=True, app_bytes=APP_BYTES) as board:
        board.wait_for(">>> ")
        board.power_off()
        board.firmware.write("ota_0", OLD)
        board.write_file("/main.py", MAIN)
        board.power_on()
        board.wait_for("old runs")
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


def test_an_application_is_on_trial_until_it_is_confirmed():
    with VirtualBoard(ota=True, app_bytes=APP_BYTES) as board:
        board.wait_for(">>> ")
        board.power_off()
        board.firmware.write("ota_0", OLD)
        board.write_file("/main.py", MAIN)
        board.power_on()
        board.wait_for("old runs")
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
