"""A block device in memory, for MicroPython's file systems, that can lose its power."""

_EIO = -5
_ERASED = b"\xff" * 512


class PowerCut(Exception):
    pass


class Ram:
    """`blocks` of 512 bytes. `cut_at`: the write or erase, counted from 1, at which the power goes; `torn`: it goes in
    the middle of that. From then on the device is dead; `content` is what a restart finds."""

    BLOCK = 512

    def __init__(self, blocks, content=None, cut_at=None, torn=False):
        self.content = content or bytearray(b"\xff" * (blocks * self.BLOCK))
        self.operations = 0
        self._cut_at = cut_at
        self._torn = torn
        self.dead = False
        self.forgotten = False  # files that the garbage collector closes later find no error

    def readblocks(self, number, buffer, offset=0):
        if self.forgotten:
            return  # without allocating, as the garbage collector wants it
        start = number * self.BLOCK + offset
        buffer[:] = self.content[start : start + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        if self.dead:
            return 0 if self.forgotten else _EIO
        self.operations += 1
        length = len(buffer)
        self.dead = self.operations == self._cut_at
        if self.dead:
            length = length // 2 if self._torn else 0
        start = number * self.BLOCK + offset
        self.content[start : start + length] = memoryview(buffer)[:length]
        if self.dead:
            raise PowerCut
        return 0

    def ioctl(self, operation, argument):
        if operation == 4:  # how many blocks
            return len(self.content) // self.BLOCK
        if operation == 5:  # their size
            return self.BLOCK
        if operation == 6:  # erase one
            return self.writeblocks(argument, _ERASED)
        return 0
