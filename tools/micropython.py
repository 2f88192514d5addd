"""Where the real MicroPython is: the one from PyPI, or another that the user names."""

import os
import sys
from pathlib import Path


def find_micropython() -> str:
    """The path of the MicroPython to use: `$MICROPYTHON`, else the one installed beside this Python."""
    return os.environ.get("MICROPYTHON") or str(Path(sys.executable).parent / "micropython")
