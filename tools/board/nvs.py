"""Non-volatile storage: small values by name, and the partition table."""

import errno
import json
import os

from .chip import Part, integer
from .flash import NVS_BYTES, VFS_BYTES, FlashImage

# ESP-IDF, nvs.h and esp_err.h. MicroPython raises OSError(-code, name).
_NVS_NOT_FOUND = (-0x1102, "ESP_ERR_NVS_NOT_FOUND")
_NVS_TYPE_MISMATCH = (-0x1103, "ESP_ERR_NVS_TYPE_MISMATCH")
_NVS_NOT_ENOUGH_SPACE = (-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
_NVS_INVALID_NAME = (-0x1106, "ESP_ERR_NVS_INVALID_NAME")
_NVS_KEY_TOO_LONG = (-0x1109, "ESP_ERR_NVS_KEY_TOO_LONG")
_NVS_INVALID_LENGTH = (-0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
_INVALID_ARG = (-0x102, "ESP_ERR_INVALID_ARG")
_NOT_FOUND = (-0x105, "ESP_ERR_NOT_FOUND")
_NAME_CHARACTERS = 15
_MAGIC = b"vNVS"


class Nvs(Part):
    """What was not committed is lost at any restart (the chip may keep it, but does not promise to)."""

    def __init__(self, flash: FlashImage) -> None:
        self._flash = flash
        self._saved: dict[str, dict[str, int | str]] = self._load()
        self._now = _copy(self._saved)

    def restart(self) -> None:
        self._now = _copy(self._saved)

    def do_open(self, namespace: str) -> None:
        if not isinstance(namespace, str) or not 1 <= len(namespace) <= _NAME_CHARACTERS:
            raise OSError(*_NVS_INVALID_NAME)
        self._now.setdefault(namespace, {})

    def do_set_i32(self, namespace: str, key: str, value: int) -> None:
        if not -(2**31) <= integer(value) < 2**31:
            raise ValueError("value does not fit into 32 bits")
        self._now[namespace][_key(key)] = value

    def do_get_i32(self, namespace: str, key: str) -> int:
        return self._get(namespace, key, int)

    def do_set_blob(self, namespace: str, key: str, value: str) -> None:
        self._now[namespace][_key(key)] = value

    def do_get_blob(self, namespace: str, key: str, room: int) -> str:
        value = self._get(namespace, key, str)
        if len(value) // 2 > room:
            raise OSError(*_NVS_INVALID_LENGTH)
        return value

    def do_erase_key(self, namespace: str, key: str) -> None:
        if self._now[namespace].pop(_key(key), None) is None:
            raise OSError(*_NVS_NOT_FOUND)

    def do_commit(self, namespace: str) -> None:
        saved = _copy(self._saved)
        saved[namespace] = dict(self._now[namespace])
        data = json.dumps(saved).encode()
        if len(data) + 8 > NVS_BYTES:
            raise OSError(*_NVS_NOT_ENOUGH_SPACE)
        record = _MAGIC + len(data).to_bytes(4, "little") + data
        os.pwrite(self._flash.fd, record, VFS_BYTES)
        self._saved = saved

    def _get(self, namespace: str, key: str, kind: type):
        value = self._now[namespace].get(_key(key))
        if value is None:
            raise OSError(*_NVS_NOT_FOUND)
        if not isinstance(value, kind):
            raise OSError(*_NVS_TYPE_MISMATCH)
        return value

    def _load(self) -> dict:
        head = os.pread(self._flash.fd, 8, VFS_BYTES)
        if head[:4] != _MAGIC:
            return {}
        try:
            return json.loads(os.pread(self._flash.fd, int.from_bytes(head[4:], "little"), VFS_BYTES + 8))
        except ValueError:
            return {}  # the chip too starts with an empty one when its pages make no sense


# The partition table of MicroPython's 4 MiB ESP32 image (ports/esp32/partitions-4MiB.csv):
# type, subtype, address, size, label, encrypted
_TABLE = (
    (1, 0x02, 0x9000, 0x6000, "nvs", False),
    (1, 0x01, 0xF000, 0x1000, "phy_init", False),
    (0, 0x00, 0x10000, 0x1F0000, "factory", False),
    (1, 0x81, 0x200000, 0x200000, "vfs", False),
)
_FACTORY = _TABLE[2]
_ANY = 255


class Partitions(Part):
    """The partition table. Only `vfs` has contents (rom/esp_flash.py has them); the others read as erased."""

    def do_open(self, which: int | str) -> tuple:
        if isinstance(which, str):
            return self._named(which)
        if which not in (0, 1):
            raise ValueError("BOOT, RUNNING or a label")
        return _FACTORY

    def do_find(self, kind: int, subtype: int, label: str | None) -> list[str]:
        if kind not in (0, 1):
            raise ValueError("TYPE_APP or TYPE_DATA")
        return [it[4] for it in _TABLE if it[0] == kind and subtype in (_ANY, it[1]) and label in (None, it[4])]

    def do_check_range(self, label: str, block: int, offset: int, size: int) -> None:
        if block < 0 or offset < 0 or block * 4096 + offset + size > self._named(label)[3]:
            raise OSError(-0x104, "ESP_ERR_INVALID_SIZE")

    def do_write(self, label: str) -> None:
        """The running application, the radio's calibration and NVS behind its back: nothing here may be written."""
        raise OSError(*_INVALID_ARG)

    def do_set_boot(self, label: str) -> None:
        if self._named(label) != _FACTORY:
            raise OSError(*_INVALID_ARG)

    def do_next_update(self, label: str) -> str:
        raise OSError(errno.ENOENT)  # a table without OTA partitions

    def do_mark_valid(self) -> None:
        raise OSError(*_NOT_FOUND)

    @staticmethod
    def _named(label: str) -> tuple:
        for it in _TABLE:
            if it[4] == label:
                return it
        raise OSError(errno.ENOENT)


def _key(key: str) -> str:
    if not isinstance(key, str):
        raise TypeError("key must be a str")
    if not key:
        raise OSError(*_NVS_INVALID_NAME)
    if len(key) > _NAME_CHARACTERS:
        raise OSError(*_NVS_KEY_TOO_LONG)
    return key


def _copy(spaces: dict) -> dict:
    return {name: dict(values) for name, values in spaces.items()}
