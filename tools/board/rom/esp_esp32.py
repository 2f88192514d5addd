# ruff: noqa: RET503 - as small as can be: this takes heap of the board
import esp_chip
from esp_chip import call as _call
from esp_flash import Flash

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
        it = _call("partition.open", id, block_size)
        self._info = tuple(it[:6])
        self._erased = it[6] is None
        self._writable = it[7]
        self._flash = Flash(it[6] or 0, it[3] // 4096)

    @staticmethod
    def find(type=0, subtype=255, label=None, block_size=4096):
        return [Partition(it, block_size) for it in _call("partition.find", type, subtype, label)]

    def info(self):
        return self._info

    def readblocks(self, block, buf, offset=0):
        self._flash.readblocks(block, buf, offset)
        if self._erased:
            for i in range(len(buf)):
                buf[i] = 0xFF

    def writeblocks(self, block, buf, offset=None):
        self._check()
        self._flash.writeblocks(block, buf, offset)

    def ioctl(self, op, arg):
        if op == 6:
            self._check()
        return self._flash.ioctl(op, arg)

    def set_boot(self):
        _choose(_call("partition.set_boot", self._info[4]))

    def get_next_update(self):
        return Partition(_call("partition.next_update", self._info[4]))

    @classmethod
    def mark_app_valid_cancel_rollback(cls):
        _choose(_call("partition.mark_valid"))

    def _check(self):
        # The chip restarts at that (CONFIG_SPI_FLASH_DANGEROUS_WRITE_ABORTS), which would hide the program's fault.
        if not self._writable:
            raise OSError(-258, "ESP_ERR_INVALID_ARG")

    def __repr__(self):
        return "<Partition type=%d, subtype=%d, address=%d, size=%d, label=%s, encrypted=%d>" % self._info


def _choose(write):
    # What the chip has decided is written here: as any operation on flash it counts, and the power may go.
    if write:
        otadata = Partition("otadata")
        otadata.ioctl(6, write[0])
        otadata.writeblocks(write[0], bytes.fromhex(write[1]), 0)


def mcu_temperature():
    return _call("power.temperature")


def raw_temperature():
    return round(mcu_temperature() * 9 / 5 + 32)


def idf_heap_info(capabilities):
    return [tuple(it) for it in _call("power.idf_heap", capabilities)]
