"""Files that hold a secret: whole or not there, and for their user's eyes only."""

import errno
import os
from pathlib import Path


def write_private(file: Path, content: bytes, replace: bool = True) -> None:
    """Write it so that nobody else can read it, not even for an instant, nor ever half of it. Raises OSError: without
    `replace` FileExistsError, if there is such a file by then."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            new.replace(file)
        else:
            _put(new, file)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _put(new: Path, file: Path) -> None:
    """`new` becomes `file`, which must not be there."""
    try:
        os.link(new, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: nothing there is done in one step but to replace
        if file.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file)) from None
        new.replace(file)
    else:
        new.unlink()
