"""The flash chip as a file, and the small page of shared memory that counts and cuts."""

import fcntl
import mmap
import os
import struct
import tempfile

from . import table as tables
from .errors import BoardError
from .image import make_image
from .table import IMAGE_BYTES, SECTOR_BYTES, TABLE_AT, TABLE_BYTES, Partition, Table

# The control page, 64-bit numbers that both sides see at once. The first four are written by the supervisor ...
_CUT_AT, _TORN, LINK_UP = 0, 1, 2
# ... and these by who uses the flash: the driver in the interpreter (rom/esp_flash.py), before it the bootloader.
_READS, _WRITES, _ERASES, _BUSY = 4, 5, 6, 7
_CONTROL_BYTES = 64
# Behind the page: what is frozen into the running image, for rom/esp_frozen.py.
_ERASED = b"\xff" * SECTOR_BYTES


class PowerCut(Exception):
    """The power went, as it had been armed to."""


class FlashImage:
    """The file that holds the flash. Created erased (0xFF) when new: without OTA partitions the file system and NVS
    only, or the whole of a chip's flash if `table` (with_ota()) is given, with MicroPython alone for `chip` in ota_0.

    `path` None makes a temporary one. BoardError when the file has another size or another board has it.
    """

    def __init__(self, path: str | None, table: Table | None = None, chip: str = "ESP32") -> None:
        self.temporary = path is None
        if path is None:
            self.fd, self.path = tempfile.mkstemp(prefix="board-", suffix=".img")
        else:
            self.path = os.fspath(path)
            self.fd = _open(self.path)
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(self.fd).st_size == 0:
                self._create(table or tables.DEFAULT, chip)
            self.table = table_of(self.fd, self.path)
            if table and not self.table.ota:
                raise BoardError(f"flash image {self.path} was made without OTA partitions: take another, or no OTA")
        except BlockingIOError:
            os.close(self.fd)
            raise BoardError(f"flash image {self.path} is in use by another board") from None
        except BaseException:
            os.close(self.fd)
            raise
        self.control = Control()

    def close(self) -> None:
        """Close it; a temporary one is deleted."""
        self.control.close()
        os.close(self.fd)
        if self.temporary:
            os.unlink(self.path)

    def read(self, partition: Partition, offset: int = 0, size: int | None = None) -> bytes:
        """What the partition holds, from `offset` on; all of it without `size`."""
        size = partition.size - offset if size is None else size
        if partition.start is None:
            return b"\xff" * size
        return os.pread(self.fd, size, partition.start + offset)

    def write(self, partition: Partition, data: bytes, offset: int = 0) -> None:
        """Puts it there, at once and whole: as from outside, when no board runs."""
        assert partition.start is not None
        os.pwrite(self.fd, data, partition.start + offset)

    def rewrite_sector(self, partition: Partition, offset: int, data: bytes) -> None:
        """Erases a sector and programs `data` to its start: two operations that count. PowerCut in the midst."""
        assert partition.start is not None
        for kind, content in ((_ERASES, _ERASED), (_WRITES, data)):
            whole = self.control.operation(kind)
            os.pwrite(self.fd, content[: int(len(content) * whole)], partition.start + offset)
            if whole < 1:
                raise PowerCut

    def _create(self, table: Table, chip: str) -> None:
        os.pwrite(self.fd, b"\xff" * table.file_bytes, 0)
        if table.ota:
            os.pwrite(self.fd, tables.encode(table), TABLE_AT)
            self.write(table.ota[0], make_image({}, chip))


def table_of(fd: int, path: str) -> Table:
    """Which partitions a flash image has. BoardError when it is none."""
    size = os.fstat(fd).st_size
    if size == IMAGE_BYTES:
        return tables.DEFAULT
    if size != tables.FLASH_BYTES:
        expected = f"expected {IMAGE_BYTES}, or {tables.FLASH_BYTES} with OTA partitions"
        raise BoardError(f"{path} is not a flash image: {size} bytes, {expected}")
    try:
        return tables.decode(os.pread(fd, TABLE_BYTES, TABLE_AT))
    except BoardError as error:
        raise BoardError(f"{path} is {error}") from None


class Control:
    """The control page: counters of the flash, the power cut that is armed, whether Wi-Fi has an address."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile(prefix="board-") as file:
            file.write(bytes(_CONTROL_BYTES))
            file.flush()
            self.fd = os.dup(file.fileno())
        self._memory = mmap.mmap(self.fd, _CONTROL_BYTES)

    def __getitem__(self, index: int) -> int:
        return struct.unpack_from("=Q", self._memory, 8 * index)[0]

    def __setitem__(self, index: int, value: int) -> None:
        struct.pack_into("=Q", self._memory, 8 * index, value)

    def stats(self) -> dict[str, int]:
        """Flash operations since the flash was opened: reads, writes, erases."""
        return {"reads": self[_READS], "writes": self[_WRITES], "erases": self[_ERASES]}

    def arm(self, nth: int | None, torn: bool) -> None:
        """Lose power at the `nth` write or erase from now on (1 is the next); None takes it back."""
        if nth is not None and nth < 1:
            raise ValueError("nth counts from 1")
        self[_TORN] = int(torn)
        self[_CUT_AT] = 0 if nth is None else self[_WRITES] + self[_ERASES] + nth

    def operation(self, kind: int) -> float:
        """Counts a write or an erase that the bootloader makes; how much of it is done: 1, or 0 or 0.5 at a cut."""
        self[kind] += 1
        if self[_CUT_AT] and self[_WRITES] + self[_ERASES] >= self[_CUT_AT]:
            return self[_TORN] / 2
        return 1

    def put_frozen(self, data: bytes) -> None:
        """What the interpreter that starts next finds behind the page."""
        os.pwrite(self.fd, data, _CONTROL_BYTES)

    @property
    def busy(self) -> bool:
        """The interpreter is inside a flash operation."""
        return self[_BUSY] != 0

    def clear_busy(self) -> None:
        self[_BUSY] = 0

    def close(self) -> None:
        self._memory.close()
        os.close(self.fd)


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise BoardError(f"cannot open flash image {path}: {error.strerror}") from None
