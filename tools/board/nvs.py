"""Non-volatile storage: small values by name."""

import json

from .chip import Part, integer
from .flash import FlashImage

# ESP-IDF, nvs.h and esp_err.h. MicroPython raises OSError(-code, name).
_NVS_NOT_FOUND = (-0x1102, "ESP_ERR_NVS_NOT_FOUND")
_NVS_TYPE_MISMATCH = (-0x1103, "ESP_ERR_NVS_TYPE_MISMATCH")
_NVS_NOT_ENOUGH_SPACE = (-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
_NVS_INVALID_NAME = (-0x1106, "ESP_ERR_NVS_INVALID_NAME")
_NVS_KEY_TOO_LONG = (-0x1109, "ESP_ERR_NVS_KEY_TOO_LONG")
_NVS_INVALID_LENGTH = (-0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
_NAME_CHARACTERS = 15
_MAGIC = b"vNVS"


class Nvs(Part):
    """What was not committed is lost at any restart (the chip may keep it, but does not promise to)."""

    def __init__(self, flash: FlashImage) -> None:
        self._flash = flash
        self._partition = flash.table.named("nvs")
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
        if len(data) + 8 > self._partition.size:
            raise OSError(*_NVS_NOT_ENOUGH_SPACE)
        self._flash.write(self._partition, _MAGIC + len(data).to_bytes(4, "little") + data)
        self._saved = saved

    def _get(self, namespace: str, key: str, kind: type):
        value = self._now[namespace].get(_key(key))
        if value is None:
            raise OSError(*_NVS_NOT_FOUND)
        if not isinstance(value, kind):
            raise OSError(*_NVS_TYPE_MISMATCH)
        return value

    def _load(self) -> dict:
        head = self._flash.read(self._partition, 0, 8)
        if head[:4] != _MAGIC:
            return {}
        try:
            return json.loads(self._flash.read(self._partition, 8, int.from_bytes(head[4:], "little")))
        except ValueError:
            return {}  # the chip too starts with an empty one when its pages make no sense


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
