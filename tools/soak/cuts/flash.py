"""A flash in memory, and every moment at which its power may go.

A life is lived once, undisturbed, while the flash writes down each operation and what the world was like then. What a
cut at any of them leaves behind is put together from that: no life has to be broken off, so nothing of it can run on.
"""


class Flash:
    """A block device for MicroPython's file systems. `content`: a bytearray. `moment()`: what the world is like now;
    without it nothing is written down. `extra`: bytes at its end that are none of the file system's.

    With an offset it is a NOR flash: an erase sets all bits of a block, programming only clears bits. Without one, as
    FAT asks, a block is written over: what a chip with a translation layer does, as a memory card.
    """

    def __init__(self, content, block, moment, extra=0):
        self.content = content
        self.block = block
        self.size = len(content) - extra
        self.moment = moment
        self.log = []  # (where, is it programmed, bytes, moment)
        self.forgotten = False  # files that the garbage collector closes later find no error

    def readblocks(self, number, buffer, offset=0):
        if self.forgotten:
            return  # without allocating, as the garbage collector wants it
        start = number * self.block + offset
        buffer[:] = self.content[start : start + len(buffer)]

    def writeblocks(self, number, buffer, offset=None):
        if self.forgotten:
            return 0
        self.change(number * self.block + (offset or 0), offset is not None, bytes(buffer))
        return 0

    def ioctl(self, operation, argument):
        if operation == 4:  # how many blocks
            return self.size // self.block
        if operation == 5:  # their size
            return self.block
        if operation == 6 and not self.forgotten:  # erase one
            self.change(argument * self.block, False, b"\xff" * self.block)
        return 0

    def change(self, start, is_programmed, data):
        if self.moment:
            self.log.append((start, is_programmed, data, self.moment()))
        _change(self.content, start, is_programmed, data)


def cuts(content, log, now):
    """What each cut leaves behind: (which, content, moment). An operation is not begun, half done, or done and nothing
    after it. `now`: a bytearray for the content, which is as said until the next one is asked for."""
    now[:] = content
    before = None
    for number, (start, is_programmed, data, moment) in enumerate(log):
        if before is not None and moment != before:
            yield "after %d" % number, now, before
        yield "before %d" % (number + 1), now, moment
        end = start + len(data)
        old = now[start:end]
        _change(now, start, is_programmed, data[: len(data) // 2])
        half = now[start:end]
        _change(now, start, is_programmed, data)  # comes to the same after a half of it
        if half != old and half != now[start:end]:
            whole = now[start:end]
            now[start:end] = half
            yield "within %d" % (number + 1), now, moment
            now[start:end] = whole
        before = moment
    if log:
        yield "after %d" % len(log), now, before


def _change(content, start, is_programmed, data):
    end = start + len(data)
    if is_programmed:
        old = content[start:end]
        if old != b"\xff" * len(data):
            data = (int.from_bytes(old, "big") & int.from_bytes(data, "big")).to_bytes(len(data), "big")
    content[start:end] = data
