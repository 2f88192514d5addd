"""The files of an application bundle, put into a slot: a tar archive (POSIX.1-1988, ustar) with gzip around it."""

import json
import os
import sys
from hashlib import sha256

from deflate import GZIP, DeflateIO
from micropython import const

from . import errors, once

if False:  # for the type checker
    from .agent import Agent

_FILE = const("update.bin")  # as bundle.py has it
_WINDOW = const(10)  # its bits: 1 KiB; a bundle of a larger one is no bundle of ours
_BLOCK = const(512)
_NAME_MOST = const(100)
_MANIFEST = const("manifest.json")
_MANIFEST_MOST = const(32768)  # bytes
_LINE_MOST = const(1024)  # bytes, of a line in it
_ENOSPC = const(28)


def unpack(agent: "Agent", state: dict) -> None:
    """Unpacks what was got into its slot. Raises UpdateError, which says what is wrong with it, and MemoryError: then
    nothing of it is left."""
    slot = once("slots", "path", agent.folder, state["slot"])
    once("slots", "remove", slot)
    try:
        with open(agent.folder + _FILE, "rb") as file:
            _install(agent, DeflateIO(file, GZIP, _WINDOW), slot, state["version"])
    except Exception as error:
        once("slots", "remove", slot)  # it may have filled the flash
        if isinstance(error, MemoryError):
            raise
        if isinstance(error, errors.UpdateError):
            why = str(error)
        elif isinstance(error, EOFError):
            why = "it breaks off"
        elif isinstance(error, OSError) and error.errno == _ENOSPC:
            why = "the flash has no room for its files"
        else:
            why = "broken, or none: " + errors.described(error)
        raise errors.UpdateError("bundle: " + why)


def _install(agent, stream, slot, version):
    buffer = memoryview(bytearray(_BLOCK))
    name, size = _header(stream, buffer)
    if name != _MANIFEST or size > _MANIFEST_MOST:
        raise errors.UpdateError("expected manifest.json first")
    _copied(agent, stream, buffer, slot + "/" + name, size)
    with open(slot + "/" + name) as manifest:
        _check_made(json.loads(manifest.readline(_LINE_MOST) + "}}"), version)
        _members(agent, stream, buffer, slot, manifest)


def _check_made(made, version):
    # Whether the bundle with this manifest is `version`, and for this board.
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
            raise errors.UpdateError("%s: made for %s, not %s" % (name, made.get(name), expected))


def _members(agent, stream, buffer, slot, manifest):
    # In the manifest's order: of a long list one line is in memory at a time.
    while True:
        line = manifest.readline(_LINE_MOST).strip().rstrip(",")
        name, size = _header(stream, buffer)
        if line == "}}" and not name:
            if "main.py" not in os.listdir(slot):
                raise errors.UpdateError("main.py: missing")
            return
        told = json.loads("{" + line + "}") if line.endswith("]") else {}
        if list(told) != [name] or told[name][0] != size:
            raise errors.UpdateError("%s: the manifest has %s" % (name or "the end", line[:80]))
        place = slot + "/" + name
        _check(name, place)
        if _copied(agent, stream, buffer, place, size) != told[name][1]:
            raise errors.UpdateError("%s: not of its SHA-256" % name)


def _header(stream, buffer):
    # The next member's name and size; "" at the end.
    _read(stream, buffer)
    head = bytes(buffer)
    if not any(head):
        return "", 0
    if int(head[148:154], 8) != sum(head) - sum(head[148:156]) + 8 * 32:
        raise errors.UpdateError("no tar header")
    if head[156:157] not in b"0\0" or any(head[345:500]) or head[257:262] != b"ustar":
        raise errors.UpdateError("expected plain files")
    return head[:_NAME_MOST].split(b"\0", 1)[0].decode(), int(head[124:135], 8)


def _check(name, place):
    is_good = "\\" not in name and not {"", ".", ".."} & set(name.split("/"))
    try:
        os.stat(place)
        is_good = False  # the manifest, or one of the same name; on FAT also but for its case
    except OSError:
        pass
    if not is_good:
        raise errors.UpdateError("%s: no name for a file in it" % name)


def _copied(agent, stream, buffer, place, size):
    # The SHA-256 of the file that it made, and of the folders that it is in those that were not there.
    at = place.find("/", 1)
    while at > 0:
        try:
            os.mkdir(place[:at])
        except OSError:
            pass  # it is there; if not, opening the file says so
        at = place.find("/", at + 1)
    digest = sha256()
    with open(place, "wb") as file:
        while size > 0:
            _read(stream, buffer)
            piece = buffer[: min(size, _BLOCK)]
            digest.update(piece)
            file.write(piece)
            size -= _BLOCK
            agent.board.feed()
    return digest.digest().hex()


def _read(stream, buffer):
    at = 0
    while at < _BLOCK:
        count = stream.readinto(buffer[at:])
        if not count:
            raise EOFError
        at += count
