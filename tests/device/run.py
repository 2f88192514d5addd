"""Runs one test function under MicroPython: run.py LIB FOLDER MODULE FUNCTION. Exit code 1 if it fails."""

import os
import sys

import vfs


def main():
    lib, folder, module, function = sys.argv[1:]
    sys.path[:] = ["", ".frozen", lib, folder]
    from ram import Ram

    ram = Ram(64)
    vfs.VfsLfs2.mkfs(ram)
    vfs.mount(ram, "/flash")
    os.chdir("/flash")
    try:
        getattr(__import__(module), function)()
    except Exception as error:
        sys.print_exception(error)
        sys.exit(1)


main()
