"""Files that hold a secret: whole or not there, and for their user's eyes only."""

import os
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """Write it so that nobody else can read it, not even for an instant, nor ever half of it. Raises OSError."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    except OSError:
        new.unlink(missing_ok=True)
        raise
