"""The partition table: what lies where on the flash of the chip, and in the file that stands for it."""

import hashlib
import struct
from typing import NamedTuple

from .errors import BoardError

APP, DATA = 0, 1
FACTORY, OTA_0 = 0x00, 0x10  # subtypes of APP; ota_1 follows ota_0
OTADATA, PHY, NVS, FAT = 0x00, 0x01, 0x02, 0x81  # subtypes of DATA

SECTOR_BYTES = 4096
FLASH_BYTES = 4 * 1024 * 1024
TABLE_AT = 0x8000
TABLE_BYTES = 0xC00
OTA_APP_BYTES = 0x180000
_VFS_BYTES = 2 * 1024 * 1024
_NVS_BYTES = 24 * 1024
IMAGE_BYTES = _VFS_BYTES + _NVS_BYTES  # of a flash without OTA partitions, whose application has no contents

# ESP-IDF, esp_flash_partitions.h: magic, type, subtype, address, size, label, flags
_ENTRY = struct.Struct("<HBBII16sI")
_MAGIC = 0x50AA
_MD5 = b"\xeb\xeb" + b"\xff" * 14


class Partition(NamedTuple):
    """One line of the table. `start` is where its contents are in the file; None: it has none and reads as erased."""

    type: int
    subtype: int
    address: int
    size: int
    label: str
    start: int | None

    @property
    def info(self) -> list:
        """As `esp32.Partition.info()`: type, subtype, address, size, label, encrypted."""
        return [*self[:5], False]


class Table(NamedTuple):
    """All partitions, and how long the file is."""

    partitions: tuple[Partition, ...]
    file_bytes: int

    def find(self, kind: int, subtype: int | None = None, label: str | None = None) -> list[Partition]:
        """Those that fit, in the order of the table; None fits all."""
        return [
            it
            for it in self.partitions
            if it.type == kind and subtype in (None, it.subtype) and label in (None, it.label)
        ]

    def named(self, label: str) -> Partition:
        """KeyError when there is none."""
        for it in self.partitions:
            if it.label == label:
                return it
        raise KeyError(label)

    @property
    def ota(self) -> list[Partition]:
        """The application partitions for updates: ota_0, ota_1."""
        return [it for it in self.find(APP) if it.subtype >= OTA_0]


# MicroPython, ports/esp32/partitions-4MiB.csv. The file has the file system, then NVS.
DEFAULT = Table(
    (
        Partition(DATA, NVS, 0x9000, 0x6000, "nvs", _VFS_BYTES),
        Partition(DATA, PHY, 0xF000, 0x1000, "phy_init", None),
        Partition(APP, FACTORY, 0x10000, 0x1F0000, "factory", None),
        Partition(DATA, FAT, 0x200000, _VFS_BYTES, "vfs", 0),
    ),
    IMAGE_BYTES,
)


def with_ota(app_bytes: int = OTA_APP_BYTES) -> Table:
    """MicroPython, ports/esp32/partitions-4MiB-ota.csv; the file is the whole flash, byte by byte.

    `app_bytes`: room of an application, less than on the chip if tests are to be quick; the addresses stay.
    """
    if not SECTOR_BYTES <= app_bytes <= OTA_APP_BYTES or app_bytes % SECTOR_BYTES:
        raise ValueError(f"app_bytes {app_bytes}: a multiple of {SECTOR_BYTES}, at most {OTA_APP_BYTES}")
    lines = (
        (DATA, NVS, 0x9000, 0x4000, "nvs"),
        (DATA, OTADATA, 0xD000, 0x2000, "otadata"),
        (DATA, PHY, 0xF000, 0x1000, "phy_init"),
        (APP, OTA_0, 0x10000, app_bytes, "ota_0"),
        (APP, OTA_0 + 1, 0x190000, app_bytes, "ota_1"),
        (DATA, FAT, 0x310000, 0xF0000, "vfs"),
    )
    return Table(tuple(Partition(*it, it[2]) for it in lines), FLASH_BYTES)


def encode(table: Table) -> bytes:
    """The table as it stands on the chip's flash at TABLE_AT."""
    lines = b"".join(_ENTRY.pack(_MAGIC, *it[:4], it.label.encode(), 0) for it in table.partitions)
    return lines + _MD5 + hashlib.md5(lines).digest()


def decode(data: bytes) -> Table:
    """What `encode` gave. BoardError when it is no partition table."""
    found: list[Partition] = []
    for at in range(0, len(data), _ENTRY.size):
        if data[at : at + len(_MD5)] == _MD5:
            if hashlib.md5(data[:at]).digest() != data[at + len(_MD5) : at + _ENTRY.size]:
                break
            return Table(tuple(found), FLASH_BYTES)
        magic, kind, subtype, address, size, label, _ = _ENTRY.unpack_from(data, at)
        if magic != _MAGIC:
            break
        found.append(Partition(kind, subtype, address, size, label.rstrip(b"\0").decode("ascii", "replace"), address))
    raise BoardError(f"not a flash image: no partition table at 0x{TABLE_AT:x}")
