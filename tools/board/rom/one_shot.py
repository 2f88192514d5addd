# Reads or writes one file of a flash image: one_shot.py list | read PATH | write PATH SOURCE. Answers as JSON.
import json
import os
import sys

import vfs
from esp_flash import flash


class ReadOnly:
    # A board may be running on the image: what the file system would write at mount stays in memory.
    def __init__(self):
        self._written = {}

    def readblocks(self, block, buf, offset=0):
        if block in self._written:
            buf[:] = memoryview(self._written[block])[offset : offset + len(buf)]
        else:
            flash.readblocks(block, buf, offset)

    def writeblocks(self, block, buf, offset=0):
        if block not in self._written:
            self._written[block] = bytearray(4096)
            flash.readblocks(block, self._written[block])
        self._written[block][offset : offset + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 6:
            self._written[arg] = bytearray(b"\xff" * 4096)
            return 0
        return flash.ioctl(op, arg)


def walk(folder, found):
    for entry in os.ilistdir(folder or "/"):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            walk(path, found)
        else:
            found.append((path, entry[3]))
    return found


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read().hex()
    except OSError as error:
        if error.errno != 2:
            raise
        return None


def write(path, source):
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError as error:
            if error.errno != 17:
                raise
        at = path.find("/", at + 1)
    with open(path, "wb") as file:
        while True:
            data = source.read(65536)
            if not data:
                break
            file.write(data)


order = sys.argv[1]
source = open(sys.argv[3], "rb") if order == "write" else None  # noqa: SIM115 - before the host is out of reach
vfs.umount("/")
vfs.mount(flash if order == "write" else ReadOnly(), "/")
if order == "list":
    print(json.dumps(walk("", [])))
elif order == "read":
    print(json.dumps(read(sys.argv[2])))
else:
    print(json.dumps(write(sys.argv[2], source)))
