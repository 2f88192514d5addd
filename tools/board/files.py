"""Files on a flash image, without a board: a short run of MicroPython with the board's own flash driver."""

import json
import os
import subprocess
import tempfile
from typing import Any

from .errors import BoardError
from .flash import Control, table_of
from .micropython import ROM, find_micropython, interface

_TRIES = 5


def read_file(image: str, path: str, micropython: str | None = None) -> bytes:
    """What file `path` holds on flash. FileNotFoundError if there is none; a board may be running on the image."""
    answer = _read(image, micropython, "read", path)
    if answer is None:
        raise FileNotFoundError(path)
    return bytes.fromhex(answer)


def list_files(image: str, micropython: str | None = None) -> dict[str, int]:
    """Path -> size in bytes of every file, such as {"/boot.py": 139}."""
    return dict(_read(image, micropython, "list"))


def write_file(image: str, path: str, data: bytes, micropython: str | None = None) -> None:
    """Write a file, its folders too. Not while a board runs on the image; the image must have been formatted."""
    with tempfile.NamedTemporaryFile(prefix="board-") as source:
        source.write(data)
        source.flush()
        _run(image, micropython, "write", path, source.name)


def _read(image: str, micropython: str | None, *order: str) -> Any:
    """A board that runs may write between two blocks that are read here, which then do not fit together: try again."""
    for _ in range(_TRIES - 1):
        try:
            return _run(image, micropython, *order)
        except BoardError:
            pass
    return _run(image, micropython, *order)


def _run(image: str, micropython: str | None, *order: str) -> Any:
    control = Control()
    fd = os.open(image, os.O_RDWR if order[0] == "write" else os.O_RDONLY)
    try:
        environment = {**os.environ, "BOARD": interface((-1, fd, control.fd), table_of(fd, image))}
        done = subprocess.run(
            [find_micropython(micropython), "-X", "heapsize=8M", str(ROM / "one_shot.py"), *order],
            pass_fds=(fd, control.fd),
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(fd)
        control.close()
    if done.returncode:
        raise BoardError(f"cannot {order[0]} {image}: {(done.stderr or done.stdout).strip()[-300:]}")
    return json.loads(done.stdout)
