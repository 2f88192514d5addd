"""Runs under MicroPython, in one process for many bundles: verifies and unpacks each as a board does, and says what
came of it. On standard input it is told, a line of JSON each: the file of the flash; then for each bundle its file,
`version`, `checksum`, `signature` and `maker_key`."""

import gc
import json
import os
import sys
from binascii import hexlify
from hashlib import sha256

import vfs
from telemetry import once

BLOCK = 4096
FOLDER = "/flash/"


class Flash:
    """A block device, of which the heap holds nothing."""

    def __init__(self, path):
        self.file = open(path, "r+b")  # noqa: SIM115 (as long as this runs)
        self.blocks = self.file.seek(0, 2) // BLOCK

    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self.file.seek(block * BLOCK + offset)
        self.file.write(buffer)

    def ioctl(self, operation, argument):
        return {4: self.blocks, 5: BLOCK}.get(operation, 0)


class Board:
    def feed(self):
        pass


class Agent:
    folder = FOLDER
    board = Board()
    maker_key = None

    def guard(self, what, function, *arguments):
        function(*arguments)


def digest_of(path):
    digest = sha256()
    piece = bytearray(512)
    with open(path, "rb") as file:
        count = file.readinto(piece)
        while count:
            digest.update(memoryview(piece)[:count])
            count = file.readinto(piece)
    return hexlify(digest.digest()).decode()


def files_in(folder, found):
    """Path -> SHA-256 of every file, and None for a folder."""
    try:
        names = os.listdir(folder)
    except OSError:
        return found
    for name in names:
        path = folder + "/" + name
        if os.stat(path)[0] & 0x4000:
            found[path] = None
            files_in(path, found)
        else:
            found[path] = digest_of(path)
    return found


def attempt(agent, told):
    """What the update does between the download and the switch; the error's type and text."""
    agent.maker_key = told["maker_key"]
    state = {"kind": "bundle", "slot": "a"}
    for name in ("version", "checksum", "signature"):
        state[name] = told[name]
    try:
        once("verify", "check", agent, state)
        once("unpack", "unpack", agent, state)
        return None
    except Exception as error:
        return [type(error).__name__, str(error)]


def copied(path):
    once("bundle", "discard", FOLDER)
    piece = bytearray(1024)
    with open(path, "rb") as source, open(FOLDER + "update.bin", "wb") as target:
        count = source.readinto(piece)
        while count:
            target.write(memoryview(piece)[:count])
            count = source.readinto(piece)


def main():
    kind, file = json.loads(sys.stdin.readline())
    # Larger than usual, of LittleFS2: these many take their time.
    Vfs, sizes = (vfs.VfsFat, {}) if kind == "FAT" else (vfs.VfsLfs2, {"readsize": 512, "progsize": 512})
    flash = Flash(file)
    Vfs.mkfs(flash, **sizes)
    vfs.mount(Vfs(flash, **sizes), "/flash")
    os.mkdir("/flash/slots")
    os.mkdir("/flash/slots/b")
    for path in ("/flash/main.py", "/flash/slots/b/main.py"):
        with open(path, "w") as file:
            file.write("what is not to be touched")
    os.chdir("/flash")
    agent = Agent()
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        told = json.loads(line)
        copied(told["file"])
        error = attempt(agent, told)
        found = files_in("/flash", {})
        once("slots", "remove", FOLDER + "slots/a")
        json.dump({"error": error, "files": found}, sys.stdout)  # a text of all of it has no hole to go to
        print()
        line = told = found = error = None
        gc.collect()
        print(gc.mem_alloc())


main()
