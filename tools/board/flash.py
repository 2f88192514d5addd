"""The flash chip as a file, and the small page of shared memory that counts and cuts."""

import fcntl
import mmap
import os
import struct
import tempfile

from .errors import BoardError

BLOCK_BYTES = 4096
VFS_BYTES = 512 * BLOCK_BYTES
NVS_BYTES = 24 * 1024
IMAGE_BYTES = VFS_BYTES + NVS_BYTES

# The control page, 64-bit numbers that both sides see at once. The first four are written by the supervisor ...
_CUT_AT, _TORN, LINK_UP = 0, 1, 2
# ... and these by the flash driver in the interpreter (rom/esp_flash.py).
_READS, _WRITES, _ERASES, _BUSY = 4, 5, 6, 7
_CONTROL_BYTES = 64


class FlashImage:
    """The file that holds the flash: 2 MiB of file system, then 24 KiB of NVS. Created erased (0xFF) when new.

    `path` None makes a temporary one. BoardError when the file has another size or another board has it.
    """

    def __init__(self, path: str | None) -> None:
        self.temporary = path is None
        if path is None:
            self.fd, self.path = tempfile.mkstemp(prefix="board-", suffix=".img")
        else:
            self.path = os.fspath(path)
            self.fd = _open(self.path)
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = os.fstat(self.fd).st_size
            if size == 0:
                os.pwrite(self.fd, b"\xff" * IMAGE_BYTES, 0)
            elif size != IMAGE_BYTES:
                raise BoardError(f"{self.path} is not a flash image: {size} bytes, expected {IMAGE_BYTES}")
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
