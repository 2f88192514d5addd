"""The files of an application bundle, put into a slot: a tar archive (POSIX.1-1988, ustar) with gzip around it."""

import json
import os
import sys
from binascii import hexlify
from hashlib import sha256

from deflate import GZIP, DeflateIO
from micropython import const

from . import errors

if False:  # for the type checker
    from .agent import Agent

_WINDOW = const(10)  # its bits: 1 KiB; a bundle of a larger one is no bundle of ours
_BLOCK = const(512)
_NAME_MOST = const(100)
_MANIFEST = const("manifest.json")
_MANIFEST_MOST = const(32768)  # bytes
_LINE_MOST = const(1024)  # bytes, of a line in it
_ENOSPC = const(28)


def unpack(agent: "Agent", path: str, slot: str, version: str) -> None:
    """Unpacks the bundle `path` into the folder `slot`, which is not there yet. Raises UpdateError, which says what is
    wrong with it, and MemoryError."""
    buffer = memoryview(bytearray(_BLOCK))
    try:
        with open(path, "rb") as file:
            stream = DeflateIO(file, GZIP, _WINDOW)
            name, size = _header(stream, buffer)
            if name != _MANIFEST or size > _MANIFEST_MOST:
                raise errors.UpdateError("bundle: expected manifest.json first")
            _make_folders(slot + "/")
            _copied(agent, stream, buffer, slot + "/" + name, size)
            with open(slot + "/" + name) as manifest:
                check(json.loads(manifest.readline(_LINE_MOST) + "}}"), version)
                _members(agent, stream, buffer, slot, manifest)
    except Exception as error:
        if isinstance(error, (errors.UpdateError, MemoryError)):
            raise
        if isinstance(error, EOFError):
            raise errors.UpdateError("bundle: it breaks off")
        if isinstance(error, OSError) and error.errno == _ENOSPC:
            raise errors.UpdateError("bundle: the flash has no room for its files")
        raise errors.UpdateError("bundle: broken, or none: " + errors.described(error))


def check(made: dict, version: str) -> None:
    """Whether the bundle with this manifest is `version`, and for this board. Raises UpdateError."""
    ours = sys.implementation
    chip = ours._machine.split(" ")[-1]
    abi = getattr(ours, "_mpy", 0) & 0xFF  # of .mpy files
    least = made.get("micropython") or "0"
    for name, is_good, expected in (
        ("version", made.get("version") == version, version),
        ("chip", made.get("chip") in (None, "", chip), chip),
        ("abi", made.get("abi") in (None, abi), abi),
        ("micropython", tuple(map(int, least.split(".")[:3])) <= ours.version[:3], "%d.%d.%d" % ours.version[:3]),
    ):
        if not is_good:
            raise errors.UpdateError("bundle: %s: made for %s, not %s" % (name, made.get(name), expected))


def _members(agent, stream, buffer, slot, manifest):
    # In the manifest's order: of a long list one line is in memory at a time.
    while True:
        line = manifest.readline(_LINE_MOST).strip().rstrip(",")
        name, size = _header(stream, buffer)
        if line == "}}" and not name:
            if "main.py" not in os.listdir(slot):
                raise errors.UpdateError("bundle: main.py: missing")
            return
        told = json.loads("{" + line + "}") if line.endswith("]") else {}
        if list(told) != [name] or told[name][0] != size:
            raise errors.UpdateError("bundle: %s: the manifest has %s" % (name or "the end", line[:80]))
        place = slot + "/" + name
        _check(name, place)
        _make_folders(place)
        if _copied(agent, stream, buffer, place, size) != told[name][1]:
            raise errors.UpdateError("bundle: %s: not of its SHA-256" % name)


def _header(stream, buffer):
    # The next member's name and size; "" at the end.
    _read(stream, buffer)
    head = bytes(buffer)
    if not any(head):
        return "", 0
    if int(head[148:154], 8) != sum(head) - sum(head[148:156]) + 8 * 32:
        raise errors.UpdateError("bundle: no tar header")
    if head[156:157] not in b"0\0" or any(head[345:500]) or head[257:262] != b"ustar":
        raise errors.UpdateError("bundle: expected plain files")
    return head[:_NAME_MOST].split(b"\0", 1)[0].decode(), int(head[124:135], 8)


def _check(name, place):
    is_good = "\\" not in name and not any(part in ("", ".", "..") for part in name.split("/"))
    try:
        os.stat(place)
        is_good = False  # the manifest, or one of the same name; on FAT also but for its case
    except OSError:
        pass
    if not is_good:
        raise errors.UpdateError("bundle: %s: no name for a file in it" % name)


def _copied(agent, stream, buffer, place, size):
    # The SHA-256 of the file that it made.
    digest = sha256()
    with open(place, "wb") as file:
        while size > 0:
            _read(stream, buffer)
            piece = buffer[: min(size, _BLOCK)]
            digest.update(piece)
            file.write(piece)
            size -= _BLOCK
            agent.board.feed()
    return hexlify(digest.digest()).decode()


def _read(stream, buffer):
    at = 0
    while at < _BLOCK:
        count = stream.readinto(buffer[at:])
        if not count:
            raise EOFError
        at += count


def _make_folders(place):
    # Those that `place` is in.
    at = place.find("/", 1)
    while at > 0:
        try:
            os.mkdir(place[:at])
        except OSError:
            pass  # it is there; if not, opening the file says so
        at = place.find("/", at + 1)
