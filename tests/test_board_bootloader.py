"""The virtual board's bootloader: what otadata says, what is started, and what a power cut leaves of it."""

import pytest

from tools.board.bootloader import Bootloader
from tools.board.flash import FlashImage, PowerCut
from tools.board.image import make_image
from tools.board.table import with_ota

APP_BYTES = 64 * 1024
OLD = make_image({"app.py": b"version = 'old'\nprint('old runs')\n"})
NEW = make_image({"app.py": b"version = 'new'\nprint('new runs')\n"})


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
