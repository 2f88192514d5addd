# ruff: noqa: F401 - the names are for the program on the board
import os as _native
import sys
from os import (
    VfsFat,
    VfsLfs2,
    chdir,
    getcwd,
    ilistdir,
    listdir,
    mkdir,
    mount,
    remove,
    rename,
    rmdir,
    statvfs,
    umount,
    unlink,
    urandom,
)

import esp_chip

_uname = None


def stat(path):
    # The host's clock and epoch made these times: they are the board's only if its clock is set.
    it = _native.stat(path)
    return it[:7] + tuple(max(0, seconds - 946684800) for seconds in it[7:])


def uname():
    global _uname
    if _uname is None:
        from collections import namedtuple

        version = sys.version.split("; ")[1]
        _uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))(
            "esp32", "esp32", "%d.%d.%d" % sys.implementation[1][:3], version, esp_chip.machine
        )
    return _uname
