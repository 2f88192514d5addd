"""Runs one test function under MicroPython: run.py LIB FOLDER MODULE FUNCTION. Exit code 1 if it fails."""

import os
import sys

import vfs


class Ram:
    """A block device in memory."""

    BLOCK = 512

    def __init__(self, blocks):
        self.data = bytearray(b"\xff" * (blocks * self.BLOCK))

    def readblocks(self, number, buffer, offset=0):
        start = number * self.BLOCK + offset
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        start = number * self.BLOCK + offset
        self.data[start : start + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:  # how many blocks
            return len(self.data) // self.BLOCK
        if operation == 5:  # their size
            return self.BLOCK
        return 0


def main():
    lib, folder, module, function = sys.argv[1:]
    sys.path[:] = ["", ".frozen", lib, folder]
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
