"""What a bundle is, byte by byte. Touches no files."""

import hashlib
import io
import json
import re
import struct
import tarfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.hub.errors import shown
from tools.hub.versions import check_version

CHIP = "ESP32"
MICROPYTHON = "1.24.0"  # the least that a bundle runs on, if nothing else is said
MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 32768  # what a board takes
_NOT_ON_FAT = '"*:<>?|'
_MAX_NAME_BYTES = 100  # of a ustar without its prefix field
_GZIP, _WINDOW_BITS = 16, 10  # zlib's way to say gzip; 1 KiB
_BLOCK = 4096  # bytes of flash
_MAX_READ_BYTES = 64 * 1024


class BundleError(Exception):
    """What the user is told, as one line."""


def make_bundle(
    version: str, files: Mapping[str, bytes], chip: str | None = CHIP, micropython: str = MICROPYTHON
) -> bytes:
    """The bundle with these files, by name: `main.py`, `lib/...` and what else the program needs.

    `chip`: which it is for, the last word of `sys.implementation._machine`; None or "": any. `micropython`: the least
    version that it runs on. Raises BundleError for what no board would take.
    """
    manifest = manifest_of(version, files, chip, micropython)
    _check_names(files)
    text = manifest_text(manifest)
    if len(text) > MAX_MANIFEST_BYTES:
        told = f"{MANIFEST} would have {len(text)} bytes, a board takes {MAX_MANIFEST_BYTES}"
        raise BundleError(f"{told}: {len(files)} files are too many")
    return pack([(MANIFEST, text), *sorted(files.items())], b"room=%d" % room(files))


def manifest_text(manifest: dict[str, Any]) -> bytes:
    """The manifest as JSON, a line for all but `files` and then one for each of these, in the archive's order: a board
    reads it a line at a time."""
    head = {name: manifest[name] for name in sorted(manifest) if name != "files"}
    lines = [f"{_compact(name)}: {_compact(told)}".encode() for name, told in sorted(manifest["files"].items())]
    return f'{_compact(head)[:-1]}, "files": {{\n'.encode() + b",\n".join(lines) + b"\n}}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def room(files: Mapping[str, bytes]) -> int:
    """The bytes of flash that these take on LittleFS2, at most: it gives a file whole blocks, and a folder two."""
    folders = {name.rpartition("/")[0] for name in files} | {"", MANIFEST}
    blocks = sum(max(1, -(-len(data) // _BLOCK)) for data in files.values())
    return _BLOCK * (blocks + 2 * len(folders) + MAX_MANIFEST_BYTES // _BLOCK)


def manifest_of(
    version: str, files: Mapping[str, bytes], chip: str | None = CHIP, micropython: str = MICROPYTHON
) -> dict[str, Any]:
    """What the manifest of such a bundle says. Raises BundleError."""
    for field, value in (("VERSION", version), ("MICROPYTHON", micropython)):
        try:
            check_version(value)
        except ValueError as error:
            raise BundleError(f"{field}: {error}, not {shown(value)!r}") from None
    if not re.fullmatch(r"[0-9.]+", micropython):  # a board compares three numbers
        raise BundleError(f"MICROPYTHON: expected a release as {MICROPYTHON}, not {shown(micropython)!r}")
    if chip and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", chip):
        raise BundleError(f"CHIP: expected as the board says it, ESP32, ESP32S3, ESP32C3 ..., not {shown(chip)!r}")
    return {
        "abi": _abi_of(files),
        "chip": chip or None,
        "files": {name: [len(data), hashlib.sha256(data).hexdigest()] for name, data in files.items()},
        "micropython": micropython,
        "version": version,
    }


def pack(members: Iterable[tuple[str | tarfile.TarInfo, bytes]], comment: bytes = b"") -> bytes:
    """These members in this order, as a bundle is packed. Checks nothing, so that tests can make wrong ones: a TarInfo
    is taken as it is, but for its size. `comment`: of the gzip head, where a board sees it before all else."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            # A new TarInfo is a regular file of root's, mode 0644, of 1970, which is just what is wanted.
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    content = tar.getvalue()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -_WINDOW_BITS)
    # RFC 1952, section 2.3: a comment, but neither name nor time; of the system that made it nothing is said.
    head = b"\x1f\x8b\x08" + (b"\x10" if comment else b"\0") + bytes(4) + b"\x02\xff" + (comment and comment + b"\0")
    tail = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return head + deflate.compress(content) + deflate.flush() + tail


def read_manifest(data: bytes) -> dict[str, Any] | None:
    """What the manifest of a bundle says; None if these bytes are no bundle."""
    try:
        # Its first member: what follows need not be unpacked for it.
        start = zlib.decompressobj(_GZIP + zlib.MAX_WBITS).decompress(data, _MAX_READ_BYTES)
        with tarfile.open(fileobj=io.BytesIO(start), mode="r:") as archive:
            first = archive.next()
            file = archive.extractfile(first) if first is not None and first.name == MANIFEST else None
            manifest = json.loads(file.read()) if file is not None else None
    except (zlib.error, tarfile.TarError, ValueError, RecursionError):
        return None
    return manifest if isinstance(manifest, dict) else None


def signature_file(file: Path) -> Path:
    """Where a file's signature is kept: base64, beside it."""
    return file.with_name(file.name + ".sig")


def _abi_of(files: Mapping[str, bytes]) -> int | None:
    """The .mpy version of the compiled modules; None if there are none."""
    found: dict[int, str] = {}
    for name, data in files.items():
        if not name.endswith(".mpy"):
            continue
        if len(data) < 4 or data[:1] != b"M":
            raise BundleError(f"{shown(name)}: no .mpy: compile it with mpy-cross")
        if data[2] >> 2:  # the architecture; the two bits below are the version of such code
            raise BundleError(f"{shown(name)}: has native code: compile it without -march, @native and @viper")
        found.setdefault(data[1], name)
    if len(found) > 1:
        told = ", ".join(f"{shown(name)} {abi}" for abi, name in found.items())
        raise BundleError(f"of different .mpy versions: {told}; compile all with one mpy-cross")
    return next(iter(found), None)


def _check_names(files: Mapping[str, bytes]) -> None:
    if "main.py" not in files:
        raise BundleError("main.py is missing: it is what a board starts")
    for name in files:
        wrong = _wrong_with(name, files)
        if wrong:
            raise BundleError(f"{shown(name)!r}: {wrong}")


def _wrong_with(name: str, files: Mapping[str, bytes]) -> str | None:
    parts = name.split("/")
    if name == MANIFEST:
        return "is made here: give the file another name"
    if any(part in ("", ".", "..") for part in parts):
        return "expected a relative path without empty parts, . and .."
    if not name.isprintable() or "\\" in name:
        return "expected printable characters, and / between the parts"
    if set(name) & set(_NOT_ON_FAT):
        return f"expected none of {_NOT_ON_FAT} in it, for boards with FAT"
    if any(other != name and other.lower() == name.lower() for other in files):
        return "differs from another only in its case, which FAT does not tell apart"
    if len(name.encode()) > _MAX_NAME_BYTES:
        return f"longer than {_MAX_NAME_BYTES} bytes"
    if any("/".join(parts[:n]) in files for n in range(1, len(parts))):
        return "in a folder that has the name of a file"
    return None
