"""In place of the modules `machine` and `esp32`: why the board started, and the two places for an image with what its
bootloader keeps of them, on the same flash as the files, so that the power goes there too."""

import struct
import sys
from binascii import crc32
from hashlib import sha256

SECTOR = 4096
PLACE = 4 * SECTOR  # bytes of an image's partition
OTA_BYTES = 2 * SECTOR + 2 * PLACE  # behind the files: otadata, ota_0, ota_1
_NEW, _PENDING, _VALID, _INVALID, _ABORTED = range(5)
_ENTRY = "<I20sII"  # ESP-IDF, esp_ota_select_entry_t: sequence, label, state, check sum of the sequence
_UNSET = 0xFFFFFFFF


class Machine:
    """The module `machine`."""

    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)
    board = None

    @classmethod
    def reset_cause(cls):
        return {"power on": cls.PWRON_RESET, "watchdog": cls.WDT_RESET}.get(cls.board.cause, cls.HARD_RESET)

    @classmethod
    def reset(cls):
        cls.board.reset()

    class WDT:
        def __init__(self, timeout):
            pass

    class Pin:
        IN = PULL_UP = 0

        def __init__(self, *how):
            pass

        def value(self):
            return 1


class Partition:
    """`esp32.Partition`, as strict as ESP-IDF; `flash` is where it is, `at` what is before it there."""

    BOOT, RUNNING = 0, 1
    flash = None
    at = 0
    running = 0

    def __init__(self, which):
        if not Partition.has_places():
            self.number = None  # the factory's
        elif which == Partition.BOOT:
            self.number = _chosen(_entries())
        else:
            self.number = Partition.running if which == Partition.RUNNING else int(which[-1])

    @classmethod
    def has_places(cls):
        return len(cls.flash.content) > cls.at

    def info(self):
        return 0, 16 + self.number, 0, PLACE, "ota_%d" % self.number, False

    def get_next_update(self):
        if self.number is None:
            raise OSError(2)
        return Partition("ota_%d" % (1 - self.number))

    def readblocks(self, block, buffer, offset=0):
        start = self._start(block, offset, len(buffer))
        buffer[:] = self.flash.content[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=None):
        start = self._start(block, offset or 0, len(buffer))
        if offset is None:
            self.ioctl(6, block)
        if self.number == Partition.running or self.flash.content[start : start + len(buffer)] != b"\xff" * len(buffer):
            raise OSError(5)
        self.flash.change(start, True, bytes(buffer))

    def ioctl(self, operation, block):
        if operation != 6 or self.number == Partition.running:
            raise OSError(5)
        self.flash.change(self._start(block, 0, SECTOR), False, b"\xff" * SECTOR)

    def _start(self, block, offset, length):
        start = block * SECTOR + offset
        if start + length > PLACE:
            raise OSError(5)
        return self.at + 2 * SECTOR + self.number * PLACE + start

    def content(self):
        start = self._start(0, 0, PLACE)
        return bytes(self.flash.content[start : start + PLACE])

    def is_good(self):
        """Whether an image is in it, to its last byte."""
        content = self.content()
        end = 32 + int.from_bytes(content[28:32], "little")
        end += 16 - end % 16
        return content[0] == 0xE9 and sha256(content[:end]).digest() == content[end : end + 32]

    def set_boot(self):
        if not self.is_good():
            raise OSError(-0x1503, "ESP_ERR_OTA_VALIDATE_FAILED")
        entries = _entries()
        active = _active(entries)
        sequence = self.number + 1
        if active >= 0:  # the other entry, even if this one is for the same: up to ESP-IDF 5.3
            while sequence < entries[active][0]:
                sequence += 2
        _write(1 - active if active >= 0 else 0, sequence, _NEW)

    @classmethod
    def mark_app_valid_cancel_rollback(cls):
        entries = _entries()
        active = _active(entries)
        if entries[active][2] != _VALID:
            _write(active, entries[active][0], _VALID)


def start():
    """The bootloader, with roll-back: ESP-IDF's bootloader_utility.c. Raises AssertionError if there is nothing that
    it can start."""
    entries = _entries()
    for each in 0, 1:
        sequence, is_whole, state = entries[each]
        if state == _PENDING:
            _write(each, sequence, _ABORTED)
    entries = _entries()
    active = _active(entries)
    if active >= 0 and entries[active][2] == _NEW:
        _write(active, entries[active][0], _PENDING)
    first = _chosen(entries)
    for number in first, 1 - first:
        Partition.running = None
        if Partition("ota_%d" % number).is_good():
            Partition.running = number
            if active < 0:
                _write(0, number + 1, _VALID)
            return
    raise AssertionError("no image can be started")


def _entries():
    found = []
    for each in 0, 1:
        at = Partition.at + each * SECTOR
        sequence, _, state, check = struct.unpack(_ENTRY, Partition.flash.content[at : at + 32])
        found.append((sequence, sequence != _UNSET and check == _check(sequence), state))
    return found


def _active(entries):
    # -1: none.
    best = -1
    for each in 0, 1:
        sequence, is_whole, state = entries[each]
        if is_whole and state not in (_INVALID, _ABORTED) and (best < 0 or sequence > entries[best][0]):
            best = each
    return best


def _chosen(entries):
    active = _active(entries)
    return (entries[active][0] - 1) % 2 if active >= 0 else 0


def _check(sequence):
    return crc32(sequence.to_bytes(4, "little"), _UNSET)


def _write(entry, sequence, state):
    at = Partition.at + entry * SECTOR
    Partition.flash.change(at, False, b"\xff" * SECTOR)
    Partition.flash.change(at, True, struct.pack(_ENTRY, sequence, b"\xff" * 20, state, _check(sequence)))


class _Esp32:
    Partition = Partition


sys.modules["machine"] = Machine
sys.modules["esp32"] = _Esp32
