"""`esp32.Partition`: what the board asks about its partitions."""

import errno

from .bootloader import Bootloader
from .chip import Part
from .table import APP, DATA, NVS, PHY, SECTOR_BYTES, Partition, Table

_BOOT, _RUNNING = 0, 1
_ANY = 255


class Partitions(Part):
    """The contents are not read or written here: rom/esp_flash.py does it, at the place that `open` gives."""

    def __init__(self, table: Table, bootloader: Bootloader) -> None:
        self._table = table
        self._bootloader = bootloader

    def do_open(self, which: int | str, block_size: int) -> list:
        """Its info(), where it is in the file (or None), and whether a program may write it."""
        if block_size != SECTOR_BYTES:
            raise NotImplementedError(f"the virtual board has partitions with blocks of {SECTOR_BYTES} bytes only")
        partition = self._which(which)
        return [*partition.info, partition.start, self._is_writable(partition)]

    def do_find(self, kind: int, subtype: int, label: str | None) -> list[str]:
        if kind not in (APP, DATA):
            raise ValueError("TYPE_APP or TYPE_DATA")
        return [it.label for it in self._table.find(kind, None if subtype == _ANY else subtype, label)]

    def do_set_boot(self, label: str) -> list:
        """The sector of otadata to be rewritten, and with what (hex)."""
        sector, data = self._bootloader.selecting(self._table.named(label))
        return [sector, data.hex()]

    def do_next_update(self, label: str) -> str:
        labels = [it.label for it in self._table.ota]
        if not labels:
            raise OSError(errno.ENOENT)
        return labels[(labels.index(label) + 1) % len(labels)] if label in labels else labels[0]

    def do_mark_valid(self) -> list | None:
        """As `set_boot`; None when there is nothing to be written."""
        write = self._bootloader.confirming()
        return write and [write[0], write[1].hex()]

    def _which(self, which: int | str) -> Partition:
        found: Partition | None
        if isinstance(which, str):
            found = next((it for it in self._table.partitions if it.label == which), None)
        elif not isinstance(which, int):
            raise TypeError("can't convert to str implicitly")
        elif which == _BOOT:
            found = self._bootloader.boot_partition()
        elif which == _RUNNING:
            found = self._bootloader.running
        else:
            raise ValueError("BOOT, RUNNING or a label")
        if found is None:
            raise OSError(errno.ENOENT)
        return found

    def _is_writable(self, partition: Partition) -> bool:
        """Not the running application; nor, stricter than the chip, the radio's calibration and NVS behind its back."""
        return partition != self._bootloader.running and (partition.type, partition.subtype) not in (
            (DATA, NVS),
            (DATA, PHY),
        )
