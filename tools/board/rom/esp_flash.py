# ruff: noqa: RET503 - as small as can be: this takes heap of the board
# A part of the flash as MicroPython's extended block device. It works on the host's file itself, so that it is fast.
from array import array

import esp_chip

BLOCK = 4096

_ERASED = b"\xff" * BLOCK
_READS, _WRITES, _ERASES, _BUSY = 0, 1, 2, 3
_old = bytearray(BLOCK)
_views = {}
_counters = array("Q", [0] * 4)
esp_chip.control.seek(32)
esp_chip.control.readinto(_counters)


class Flash:
    def __init__(self, start, count):
        self._start = start
        self._count = count

    def readblocks(self, block, buf, offset=0):
        at = self._at(block, offset, len(buf))
        _begin(_READS)
        esp_chip.image.seek(at)
        esp_chip.image.readinto(buf)
        _end()

    def writeblocks(self, block, buf, offset=None):
        n = len(buf)
        at = self._at(block, offset or 0, n)
        if offset is None:
            if n % BLOCK:
                raise OSError(-260, "ESP_ERR_INVALID_SIZE")
            for start in range(at, at + n, BLOCK):
                self._erase(start)
        if n <= BLOCK:
            self._program(at, buf)
        else:
            view = memoryview(buf)
            for i in range(0, n, BLOCK):
                self._program(at + i, view[i : i + BLOCK])

    def ioctl(self, op, arg):
        if op == 4:
            return self._count
        if op == 5:
            return BLOCK
        if op == 6:
            self._erase(self._at(arg, 0, BLOCK))
            return 0
        if op in (1, 2, 3):
            return 0

    def _at(self, block, offset, n):
        at = block * BLOCK + offset
        size = self._count * BLOCK
        if not 0 <= at <= size:
            raise OSError(-258, "ESP_ERR_INVALID_ARG")
        if at + n > size:
            raise OSError(-260, "ESP_ERR_INVALID_SIZE")
        return self._start + at

    def _erase(self, at):
        self._put(_ERASES, at, _ERASED)

    def _program(self, at, data):
        n = len(data)
        views = _views.get(n)
        if views is None:
            views = _views[n] = (memoryview(_old)[:n], memoryview(_ERASED)[:n])
        old = views[0]
        image = esp_chip.image
        image.seek(at)
        image.readinto(old)
        if old != views[1] and old != data:
            self._check(at, old, data)
        self._put(_WRITES, at, data)

    def _put(self, operation, at, data):
        cut = _begin(operation)
        image = esp_chip.image
        image.seek(at)
        if cut:
            if cut == 2:
                image.write(memoryview(data)[: len(data) // 2])
            esp_chip.die("power.cut")
        image.write(data)
        _end()

    def _check(self, at, old, data):
        # NOR flash: programming clears bits. A driver that writes over what it did not erase has a bug: show it.
        for i in range(len(data)):
            if old[i] != 0xFF and old[i] != data[i]:
                raise OSError(5, "flash 0x%06x was not erased before it was written" % (at + i))


def _begin(kind):
    # Counts, and says whether the power goes now: 0 no, 1 cleanly before the operation, 2 in the middle of it.
    _counters[kind] += 1
    _counters[_BUSY] = 1
    _publish()
    orders = esp_chip.orders()
    if kind != _READS and orders[0] and _counters[_WRITES] + _counters[_ERASES] >= orders[0]:
        return 1 + orders[1]
    return 0


def _end():
    _counters[_BUSY] = 0
    _publish()


def _publish():
    esp_chip.control.seek(32)
    esp_chip.control.write(_counters)


flash = Flash(esp_chip.vfs_start, esp_chip.vfs_blocks)
