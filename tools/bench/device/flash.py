"""A flash with LittleFS2, in a file and not in the heap, that counts what is done to it."""

import vfs

BLOCK = 4096


class Flash:
    """`writes` and `erases` so far."""

    def __init__(self, path, size):
        with open(path, "wb") as file:
            file.seek(size - 1)
            file.write(b"\0")
        self._file = open(path, "r+b")  # noqa: SIM115 (as long as the process)
        self._blocks = size // BLOCK
        self.writes = self.erases = 0
        vfs.VfsLfs2.mkfs(self)
        vfs.mount(self, "/flash")

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self.writes += 1
        self._file.seek(block * BLOCK + offset)
        self._file.write(buffer)

    def ioctl(self, operation, block):
        if operation == 4:
            return self._blocks
        if operation == 5:
            return BLOCK
        if operation == 6:
            self.erases += 1
        return 0
