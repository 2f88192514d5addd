# ruff: noqa: RET503 - as small as can be: this takes heap of the board
import esp_chip
from esp_chip import call as _call
from esp_flash import flash as _flash

HEAP_DATA, HEAP_EXEC = 4, 1


class NVS:
    def __init__(self, namespace):
        _call("nvs.open", namespace)
        self._name = namespace

    def set_i32(self, key, value):
        _call("nvs.set_i32", self._name, key, value)

    def get_i32(self, key):
        return _call("nvs.get_i32", self._name, key)

    def set_blob(self, key, value):
        _call("nvs.set_blob", self._name, key, esp_chip.hexed(value.encode() if isinstance(value, str) else value))

    def get_blob(self, key, buffer):
        data = bytes.fromhex(_call("nvs.get_blob", self._name, key, len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def erase_key(self, key):
        _call("nvs.erase_key", self._name, key)

    def commit(self):
        _call("nvs.commit", self._name)

    def __repr__(self):
        return "<NVS namespace>"


class Partition:
    BOOT, RUNNING = 0, 1
    TYPE_APP, TYPE_DATA = 0, 1

    def __init__(self, id, block_size=4096):
        self._info = tuple(_call("partition.open", id))

    @staticmethod
    def find(type=0, subtype=255, label=None, block_size=4096):
        return [Partition(it) for it in _call("partition.find", type, subtype, label)]

    def info(self):
        return self._info

    def readblocks(self, block, buf, offset=0):
        if self._info[4] == "vfs":
            return _flash.readblocks(block, buf, offset)
        _call("partition.check_range", self._info[4], block, offset, len(buf))
        for i in range(len(buf)):
            buf[i] = 0xFF

    def writeblocks(self, block, buf, offset=None):
        if self._info[4] == "vfs":
            return _flash.writeblocks(block, buf, offset)
        _call("partition.write", self._info[4])

    def ioctl(self, op, arg):
        if self._info[4] == "vfs":
            return _flash.ioctl(op, arg)
        if op == 6:
            _call("partition.write", self._info[4])
        return {1: 0, 2: 0, 3: 0, 4: self._info[3] // 4096, 5: 4096}.get(op)

    def set_boot(self):
        _call("partition.set_boot", self._info[4])

    def get_next_update(self):
        return Partition(_call("partition.next_update", self._info[4]))

    @staticmethod
    def mark_app_valid_cancel_rollback():
        _call("partition.mark_valid")

    def __repr__(self):
        return "<Partition type=%d, subtype=%d, address=%d, size=%d, label=%s, encrypted=%d>" % self._info


def mcu_temperature():
    return _call("power.temperature")


def raw_temperature():
    return round(mcu_temperature() * 9 / 5 + 32)


def idf_heap_info(capabilities):
    return [tuple(it) for it in _call("power.idf_heap", capabilities)]
