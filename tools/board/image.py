"""An application image of the ESP32, as `esptool` makes it: written for tests, and checked as the chip does.

Of a real one it has the layout; in place of code its one segment has a tar with the modules that are frozen into it.
"""

import hashlib
import io
import os
import struct
import tarfile
from typing import NamedTuple

# ESP-IDF, esp_app_format.h: magic, segments, SPI mode, SPI speed and size, entry, write-protect pin, drive settings,
# chip, least revision (old), least and last revision, reserved, hash appended
_HEADER = struct.Struct("<BBBBIB3sHBHH4sB")
_SEGMENT = struct.Struct("<II")  # load address, length
_MAGIC = 0xE9
_MOST_SEGMENTS = 16
_LONGEST_SEGMENT = 16 * 1024 * 1024
_CHECKSUM_SEED = 0xEF
_HASH_BYTES = 32
_PAGE_BYTES = 64 * 1024  # the MMU maps flash in pages of this size
_REVISION = 301  # of the virtual chip: v3.1
_DIO, _40MHZ_4MB, _NO_PIN, _ANY_REVISION = 2, 0x20, 0xEE, 0xFFFF

# Chip -> its id, where its flash is mapped as data (the addresses of a page that begins an image's segment).
CHIPS = {
    "ESP32": (0, 0x3F400000),
    "ESP32S2": (2, 0x3F000000),
    "ESP32C3": (5, 0x3C000000),
    "ESP32S3": (9, 0x3C000000),
    "ESP32C2": (12, 0x3C000000),
    "ESP32C6": (13, 0x42000000),
    "ESP32H2": (16, 0x42000000),
}
_MAPPED_BYTES = 4 * 1024 * 1024


class ImageError(Exception):
    """No image that the chip would start; says why."""


class Segment(NamedTuple):
    address: int
    data: bytes


def make_image(files: dict[str, bytes], chip: str = "ESP32") -> bytes:
    """An image with these modules frozen into it: name as `app.py` or `telemetry/agent.mpy` -> contents.

    The same files give the same bytes. ValueError for a chip that is not in CHIPS, and for a name that cannot be
    frozen: only modules can, no data.
    """
    if chip not in CHIPS:
        raise ValueError(f"chip {chip!r}: one of {', '.join(CHIPS)}")
    number, mapped = CHIPS[chip]
    data = _tar(files)
    at = _HEADER.size + _SEGMENT.size
    header = _HEADER.pack(
        _MAGIC, 1, _DIO, _40MHZ_4MB, mapped + at, _NO_PIN, bytes(3), number, 0, 0, _ANY_REVISION, bytes(4), 1
    )
    body = header + _SEGMENT.pack(mapped + at, len(data)) + data
    body += bytes(15 - len(body) % 16) + bytes([_xor(data) ^ _CHECKSUM_SEED])
    return body + hashlib.sha256(body).digest()


def read_image(data: bytes, chip: str = "ESP32") -> list[Segment]:
    """The segments of the image that a partition with these contents has; what follows it does not matter.

    ImageError when ESP-IDF's esp_image_verify() would refuse it.
    """
    if len(data) < _HEADER.size or data[0] != _MAGIC:
        raise ImageError("invalid magic byte (nothing flashed here?)")
    _, count, *_, number, _, least, last, _, hashed = _HEADER.unpack_from(data)
    if number != CHIPS[chip][0]:
        raise ImageError(f"mismatch chip ID, expected {CHIPS[chip][0]}, found {number}")
    if least > _REVISION or last not in (0, _ANY_REVISION) and last < _REVISION:
        raise ImageError("chip revision check failed")
    if count > _MOST_SEGMENTS:
        raise ImageError(f"segment count {count} exceeds max {_MOST_SEGMENTS}")
    segments, at = _segments(data, count, CHIPS[chip][1])
    end = at + 16 - at % 16
    if end + _HASH_BYTES * bool(hashed) > len(data):
        raise ImageError("image does not fit in its partition")
    checksum = _CHECKSUM_SEED
    for it in segments:
        checksum ^= _xor(it.data)
    if data[end - 1] != checksum:
        raise ImageError(f"checksum failed: calculated 0x{checksum:x}, read 0x{data[end - 1]:x}")
    if hashed and hashlib.sha256(data[:end]).digest() != data[end : end + _HASH_BYTES]:
        raise ImageError("image hash failed: image is corrupt")
    return segments


def frozen_files(segments: list[Segment]) -> dict[str, bytes]:
    """What make_image() was given; nothing for an image that another tool has made."""
    for segment in segments:
        try:
            with tarfile.open(fileobj=io.BytesIO(segment.data), mode="r:") as tar:
                found = {it.name: tar.extractfile(it) for it in tar if it.isfile() and _is_module(it.name)}
                return {name: file.read() for name, file in found.items() if file is not None}
        except tarfile.TarError:
            pass
    return {}


def romfs(files: dict[str, bytes]) -> bytes:
    """The files as MicroPython's read-only file system; nothing when there are none."""
    if not files:
        return b""
    from mpremote.romfs import VfsRomWriter  # few boards need it

    writer = VfsRomWriter()
    folder: list[str] = []
    for path in sorted(files, key=lambda it: it.split("/")):
        *parts, name = path.split("/")
        shared = len(os.path.commonprefix([folder, parts]))
        for _ in folder[shared:]:
            writer.closedir()
        for part in parts[shared:]:
            writer.opendir(part)
        folder = parts
        writer.mkfile(name, files[path])
    for _ in folder:
        writer.closedir()
    return writer.finalise()


def chip_of(machine: str) -> str:
    """The chip that `os.uname().machine` names at its end. ValueError when it is none in CHIPS."""
    chip = machine.rpartition(" ")[2]
    if chip not in CHIPS:
        raise ValueError(f"machine {machine!r}: must end in one of {', '.join(CHIPS)}")
    return chip


def _segments(data: bytes, count: int, mapped: int) -> tuple[list[Segment], int]:
    """All segments, and where the last one ends."""
    at = _HEADER.size
    segments = []
    for i in range(count):
        if at + _SEGMENT.size > len(data):
            raise ImageError(f"segment {i} is outside of the partition")
        address, length = _SEGMENT.unpack_from(data, at)
        at += _SEGMENT.size
        if length % 4 or length >= _LONGEST_SEGMENT:
            raise ImageError(f"invalid segment length 0x{length:x}")
        if mapped <= address < mapped + _MAPPED_BYTES and (address - at) % _PAGE_BYTES:
            raise ImageError(f"segment {i} load address 0x{address:08x} does not fit to where it is")
        if at + length > len(data):
            raise ImageError(f"segment {i} is outside of the partition")
        segments.append(Segment(address, data[at : at + length]))
        at += length
    return segments, at


def _tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            if not _is_module(name):
                raise ValueError(f"frozen file {name!r}: a relative path that ends in .py or .mpy")
            member = tarfile.TarInfo(name)
            member.size = len(files[name])
            tar.addfile(member, io.BytesIO(files[name]))
        end = tar.offset + 2 * tarfile.BLOCKSIZE  # without the filling to a record of a tape
    return packed.getvalue()[:end]


def _is_module(name: str) -> bool:
    return all(part not in ("", ".", "..") for part in name.split("/")) and name.endswith((".py", ".mpy"))


def _xor(data: bytes) -> int:
    """All bytes, exclusive or: the halves with each other, until one byte is left."""
    while len(data) > 1:
        half = (len(data) + 1) // 2
        data = (int.from_bytes(data[:half], "little") ^ int.from_bytes(data[half:], "little")).to_bytes(half, "little")
    return data[0] if data else 0
