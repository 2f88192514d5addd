"""Which MicroPython runs the board."""

import os
import re
import subprocess
import sys
from pathlib import Path

from .errors import BoardError
from .table import SECTOR_BYTES, Table

ROM = Path(__file__).parent / "rom"  # what the interpreter runs before the user's program
_LEAST_VERSION = (1, 27)
_PROBE = "import sys, vfs; print(*sys.implementation.version[:2], hasattr(vfs, 'VfsLfs2'), hasattr(vfs, 'VfsFat'))"
_probed: set[str] = set()


def find_micropython(path: str | None) -> str:
    """The interpreter to use: `path`, $MICROPYTHON, or the one beside this Python. BoardError when it will not do."""
    beside = Path(sys.executable).parent / "micropython"
    found = path or os.environ.get("MICROPYTHON") or str(beside)
    if found in _probed:
        return found
    try:
        probe = subprocess.run([found, "-c", _PROBE], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BoardError(f"cannot run MicroPython at {found}: {error}") from None
    words = probe.stdout.split()
    if len(words) != 4 or "False" in words:
        said = (probe.stderr or probe.stdout).strip().rpartition("\n")[2][:200]
        raise BoardError(f"{found} is no MicroPython with VfsLfs2 and VfsFat: {said}")
    version = (int(words[0]), int(words[1]))
    if version < _LEAST_VERSION:
        raise BoardError(f"MicroPython at {found} is {words[0]}.{words[1]}, 1.27 or later is needed")
    _probed.add(found)
    return found


def heap_bytes(heap: str | int) -> int:
    """Bytes from 262144, "262144", "256K" or "1M"; ValueError for anything else, and below 32 KiB."""
    found = re.fullmatch(r"(\d+)([KM]?)", str(heap), re.IGNORECASE)
    size = int(found[1]) * {"": 1, "K": 1024, "M": 1024**2}[found[2].upper()] if found else 0
    if size < 32 * 1024:
        raise ValueError(f"heap {heap!r}: a size such as 256K, 32K or more")
    return size


def interface(fds: tuple[int, int, int], table: Table) -> str:
    """What rom/esp_chip.py is told: the descriptors of wire, flash and control page, where the file system is."""
    vfs = table.named("vfs")
    return ",".join(map(str, (*fds, vfs.start, vfs.size // SECTOR_BYTES)))
