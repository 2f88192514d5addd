"""The bootloader with roll-back: which application runs, and how the next one is chosen. As ESP-IDF 5 does it
(bootloader_utility.c, esp_ota_ops.c) with MicroPython's settings (CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE).
"""

import struct
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from .flash import FlashImage
from .image import ImageError, frozen_files, read_image
from .table import APP, DATA, OTADATA, SECTOR_BYTES, Partition

NEW, PENDING_VERIFY, VALID, INVALID, ABORTED, UNDEFINED = 0, 1, 2, 3, 4, 0xFFFFFFFF
STATES = {
    NEW: "NEW",
    PENDING_VERIFY: "PENDING_VERIFY",
    VALID: "VALID",
    INVALID: "INVALID",
    ABORTED: "ABORTED",
    UNDEFINED: "UNDEFINED",
}
_UNSET = 0xFFFFFFFF
_ENTRY = struct.Struct("<I20sII")

# ESP-IDF, esp_err.h and esp_ota_ops.h. MicroPython raises OSError(-code, name).
_FAIL = (1, "ESP_FAIL")
_INVALID_ARG = (-0x102, "ESP_ERR_INVALID_ARG")
_NOT_FOUND = (-0x105, "ESP_ERR_NOT_FOUND")
_VALIDATE_FAILED = (-0x1503, "ESP_ERR_OTA_VALIDATE_FAILED")


class Entry(NamedTuple):
    """ESP-IDF's esp_ota_select_entry_t, one in each of the two sectors of otadata."""

    sequence: int
    label: bytes
    state: int
    crc: int

    @property
    def chosen(self) -> bool:
        """Whether it says anything; "not invalid" in ESP-IDF's words."""
        return self.sequence != _UNSET and self.state not in (INVALID, ABORTED)

    @property
    def whole(self) -> bool:
        return self.sequence != _UNSET and self.crc == _crc(self.sequence)

    @property
    def valid(self) -> bool:
        return self.chosen and self.whole

    def changed(self, state: int, sequence: int | None = None) -> "Entry":
        """With another state, and with another sequence number its checksum."""
        if sequence is None:
            return self._replace(state=state)
        return self._replace(state=state, sequence=sequence, crc=_crc(sequence))


class Bootloader:
    """`running` is the application that runs since the last `boot()`, `frozen` what is frozen into it."""

    def __init__(self, flash: FlashImage, chip: str, log: Callable[[str], Any]) -> None:
        self._flash = flash
        self._chip = chip
        self._log = log
        self._otadata = next(iter(flash.table.find(DATA, OTADATA)), None)
        self.running: Partition = flash.table.find(APP)[0]
        self.frozen: dict[str, bytes] = {}

    def boot(self) -> bool:
        """Chooses what runs; False when there is nothing. PowerCut when the power goes while it writes otadata."""
        if self._otadata is None:
            return True
        index, initial = self._selected()
        slots = self._flash.table.ota
        for i in [*range(index, -1, -1), *range(index + 1, len(slots))]:
            try:
                self.frozen = frozen_files(self.verify(slots[i]))
            except ImageError as error:
                self._log(f"E (31) esp_image: {error}\nE (32) boot: OTA app partition slot {i} is not bootable\n")
                continue
            if initial:
                self._write(0, Entry(_UNSET, b"\xff" * 20, VALID, 0).changed(VALID, i + 1))
            self.running = slots[i]
            return True
        self._log("E (33) boot: No bootable app partitions in the partition table\n")
        return False

    def verify(self, partition: Partition) -> list:
        """The segments of the image in it, or ImageError."""
        return read_image(self._flash.read(partition), self._chip)

    def boot_partition(self) -> Partition | None:
        """What `Partition(BOOT)` names: what the next start would choose first. None in a table without otadata."""
        if self._otadata is None:
            return None
        entries = self.entries()
        active = _active(entries)
        slots = self._flash.table.ota
        return slots[(entries[active].sequence - 1) % len(slots) if active >= 0 else 0]

    def entries(self) -> list[Entry]:
        """Both entries of otadata as they are on flash."""
        assert self._otadata is not None
        return [Entry(*_ENTRY.unpack(self._flash.read(self._otadata, i * SECTOR_BYTES, _ENTRY.size))) for i in range(2)]

    def selecting(self, partition: Partition) -> tuple[int, bytes]:
        """What `set_boot()` has to write: the sector of otadata, its contents. OSError as esp_ota_set_boot_partition()
        gives it; that one does not ask whether the running image was confirmed (only esp_ota_begin() does)."""
        if partition.start is not None or partition.type != APP:
            try:
                self.verify(partition)
            except ImageError:
                raise OSError(*_VALIDATE_FAILED) from None
        if partition.type != APP:
            raise OSError(*_INVALID_ARG)
        if self._otadata is None:
            raise OSError(*_NOT_FOUND)
        entries = self.entries()
        slots = self._flash.table.ota
        slot = slots.index(partition)
        active = _active(entries)
        if active < 0:
            return 0, _ENTRY.pack(*entries[0].changed(NEW, slot + 1))
        # The other entry, even if the active one is for this partition: up to ESP-IDF 5.3 (its issue 14688).
        sequence = (slot + 1) % len(slots)
        while sequence < entries[active].sequence:
            sequence += len(slots)
        return 1 - active, _ENTRY.pack(*entries[1 - active].changed(NEW, sequence))

    def confirming(self) -> tuple[int, bytes] | None:
        """What `mark_app_valid_cancel_rollback()` has to write, None if nothing."""
        if self._otadata is None:
            raise OSError(*_NOT_FOUND)
        entries = self.entries()
        active = _active(entries)
        if active < 0:
            raise OSError(*_FAIL)
        if entries[active].state == VALID:
            return None
        return active, _ENTRY.pack(*entries[active].changed(VALID, entries[active].sequence))

    def _selected(self) -> tuple[int, bool]:
        """The slot to try first (-1: all in turn), and whether otadata is to be written, because it is new."""
        entries = self.entries()
        for i in range(2):
            if entries[i].state == PENDING_VERIFY:  # it ran, and nobody has confirmed it
                entries[i] = entries[i].changed(ABORTED)
                self._write(i, entries[i])
        if not entries[0].chosen and not entries[1].chosen:
            return 0, not entries[0].whole and not entries[1].whole
        active = _active(entries)
        if active < 0:
            self._log("E (30) boot: ota data partition invalid and no factory, will try all partitions\n")
            return -1, False
        if entries[active].state == NEW:
            self._write(active, entries[active].changed(PENDING_VERIFY))
        return (entries[active].sequence - 1) % len(self._flash.table.ota), False

    def _write(self, sector: int, entry: Entry) -> None:
        assert self._otadata is not None
        self._flash.rewrite_sector(self._otadata, sector * SECTOR_BYTES, _ENTRY.pack(*entry))


def _active(entries: list[Entry]) -> int:
    """The index of the entry that counts: the valid one, of two the later one. -1 if none is valid."""
    valid = [i for i in range(2) if entries[i].valid]
    return max(valid, key=lambda i: entries[i].sequence, default=-1)


def _crc(sequence: int) -> int:
    return zlib.crc32(sequence.to_bytes(4, "little"), 0xFFFFFFFF)
